/**
 * Machines of a test's own: network namespaces behind one bridge, each with an address, a loopback and a cable that can
 * be pulled. This process stands on the same bridge, as the operator's machine. Linux, root and `ip`.
 */
import { execFileSync } from 'node:child_process';

/** Why no hosts can be made here; undefined if they can. */
export function hostsUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  try {
    ip('netns', 'list');
  } catch (error) {
    return `ip netns does not work here: ${(error as Error).message.trim()}`;
  }
  return undefined;
}

const built = new Set<Hosts>();

process.on('exit', () => {
  for (const hosts of built) hosts.remove();
});

export class Hosts {
  /** Of this process on the bridge. */
  readonly own: string;
  /** Of each host, from the first. */
  readonly addresses: readonly string[];
  readonly #network: string;
  /** Names of interfaces have 15 characters at most. */
  readonly #tag = `sy${process.pid % 100_000}`;

  /** Lays the cables of `count` hosts. @throws Error when the system refuses; nothing is left behind then. */
  constructor(count: number) {
    // Two runs at the same time have two networks.
    this.#network = `10.${200 + (process.pid % 50)}.${process.pid % 251}`;
    this.own = `${this.#network}.254`;
    this.addresses = Array.from({ length: count }, (_, index) => `${this.#network}.${index + 1}`);
    built.add(this);
    try {
      this.#lay();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Put before a command it runs that on host `index` (from 0), under the same pid, so that signals reach it. */
  on(index: number): string[] {
    return ['ip', 'netns', 'exec', this.#namespace(index)];
  }

  /** Packets to and from the host vanish, and nobody is told. */
  unplug(index: number): void {
    ip('link', 'set', this.#plug(index), 'nomaster');
  }

  plug(index: number): void {
    ip('link', 'set', this.#plug(index), 'master', this.#bridge);
  }

  /** Takes everything away; what is left behind is named on stderr. */
  remove(): void {
    if (!built.delete(this)) return;
    const leftovers = [
      ['link', 'del', this.#bridge],
      ...this.addresses.flatMap((_, index) => [
        ['link', 'del', this.#plug(index)],
        ['netns', 'del', this.#namespace(index)],
      ]),
    ];
    for (const args of leftovers) {
      try {
        ip(...args);
      } catch (error) {
        console.error(`left behind: ${(error as Error).message.trim()}`);
      }
    }
  }

  get #bridge(): string {
    return `${this.#tag}br`;
  }

  #namespace(index: number): string {
    return `${this.#tag}-host${index + 1}`;
  }

  #plug(index: number): string {
    return `${this.#tag}p${index + 1}`;
  }

  #lay(): void {
    ip('link', 'add', this.#bridge, 'type', 'bridge');
    ip('addr', 'add', `${this.own}/24`, 'dev', this.#bridge);
    ip('link', 'set', this.#bridge, 'up');
    for (const [index, address] of this.addresses.entries()) {
      const namespace = this.#namespace(index);
      ip('netns', 'add', namespace);
      ip('link', 'add', this.#plug(index), 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
      for (const link of ['lo', 'eth0']) ip('-n', namespace, 'link', 'set', link, 'up');
      ip('link', 'set', this.#plug(index), 'up');
      this.plug(index);
    }
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
