/**
 * Hosts for a test: network namespaces joined by a bridge in one of their own, which nothing outside reaches but, if
 * asked for, this process. Linux and root.
 */
import { execFileSync, spawnSync } from 'node:child_process';

/** For a test's `skip`. */
export const noHosts: string | false = whyNot();

function whyNot(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'network namespaces need Linux and root';
  if (spawnSync('ip', ['-V']).status !== 0) return 'ip (iproute2) is not installed';
  const probe = `synod-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'this kernel makes no network namespaces';
  spawnSync('ip', ['netns', 'del', probe]);
  return false;
}

const open = new Set<Hosts>();

/** A test that crashes must not leave namespaces behind. */
process.on('exit', () => {
  for (const hosts of open) hosts.remove();
});

export class Hosts {
  readonly #prefix: string;
  readonly #namespaces: string[] = [];

  /**
   * One host for each name, with `eth0` at its address (`192.0.2.11/24`). With `own` this process has that address on
   * the same bridge; no other interface of this machine may be in that network then.
   */
  constructor(addresses: Readonly<Record<string, string>>, own?: string) {
    this.#prefix = `synod-${process.pid}`;
    open.add(this);
    const bridge = this.#add('switch');
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', bridge, 'link', 'set', 'br0', 'up');
    for (const [host, address] of Object.entries(addresses)) {
      const namespace = this.#add(host);
      ip('-n', bridge, 'link', 'add', host, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      this.plug(host);
      ip('-n', namespace, 'addr', 'add', address, 'dev', 'eth0');
      for (const link of ['lo', 'eth0']) ip('-n', namespace, 'link', 'set', link, 'up');
    }
    if (own !== undefined) this.#join(own);
  }

  /** Packets to and from the host vanish, and nobody is told. */
  unplug(host: string): void {
    ip('-n', this.#name('switch'), 'link', 'set', host, 'nomaster');
  }

  plug(host: string): void {
    ip('-n', this.#name('switch'), 'link', 'set', host, 'master', 'br0', 'up');
  }

  /** What runs a command on a host. */
  through(host: string): string[] {
    return ['ip', 'netns', 'exec', this.#name(host)];
  }

  /** Everything at once; what a test started there must be gone before. May be called again. */
  remove(): void {
    open.delete(this);
    for (const namespace of this.#namespaces.splice(0)) ip('netns', 'del', namespace);
  }

  #join(address: string): void {
    // Names of interfaces have 15 characters at most.
    const [plug, cable] = ['own', `synod${process.pid}`];
    ip(
      '-n',
      this.#name('switch'),
      'link',
      'add',
      plug,
      'type',
      'veth',
      'peer',
      'name',
      cable,
      'netns',
      `${process.pid}`,
    );
    this.plug(plug);
    ip('addr', 'add', address, 'dev', cable);
    ip('link', 'set', cable, 'up');
  }

  #add(name: string): string {
    const namespace = this.#name(name);
    ip('netns', 'add', namespace);
    this.#namespaces.push(namespace);
    return namespace;
  }

  #name(host: string): string {
    return `${this.#prefix}-${host}`;
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
