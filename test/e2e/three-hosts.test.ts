/** The page for three hosts is true: its commands are run on three network namespaces and print what it says. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { looksLike, readExamples } from '../support/doc-examples.js';
import { Hosts, noHosts } from '../support/hosts.js';
import { Program, runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

const page = 'docs/THREE-HOSTS.md';
const deadlineMs = 60_000;
const addresses = { 'host-1': '192.0.2.11/24', 'host-2': '192.0.2.12/24', 'host-3': '192.0.2.13/24' } as const;
/** Where these are not installed, their lines are left out: the page is followed all the same. */
const optional = ['nft'];
t.setTimeout(300_000);

const nothing: Ran = { code: 0, lines: [] };

interface Ran {
  readonly code: number | undefined;
  readonly lines: readonly string[];
}

/** As much of a shell on each host as the page needs; a host's home is a folder of its name. */
class HostShell {
  readonly daemons = new Map<string, Program>();
  readonly #hosts: Hosts;
  readonly #folder: string;
  readonly #exported = new Map<string, Record<string, string>>();

  constructor(hosts: Hosts, folder: string) {
    this.#hosts = hosts;
    this.#folder = folder;
  }

  async run(host: string, command: string): Promise<Ran> {
    const words = command.split(' ');
    const [program = '', ...args] = words;
    switch (program) {
      case 'kill':
        return await this.#kill(words);
      case 'export': {
        const [name = '', value = ''] = (args[0] ?? '').split('=');
        this.#exported.set(host, { ...this.#exported.get(host), [name]: value });
        return nothing;
      }
      case 'scp': {
        const [file = '', to = ''] = args;
        copyFileSync(path.join(this.#home(host), file), path.join(this.#home(to.replace(/:$/, '')), file));
        return nothing;
      }
      case 'synod':
        return await this.#synod(host, args);
      default: {
        const [first = '', ...rest] = [...this.#hosts.through(host), 'bash', '-c', command];
        execFileSync(first, rest, { cwd: this.#home(host), stdio: 'pipe' });
        return nothing;
      }
    }
  }

  async #synod(host: string, args: readonly string[]): Promise<Ran> {
    const cwd = this.#home(host);
    const env = { ...this.#exported.get(host), XDG_CONFIG_HOME: cwd, TZ: 'UTC' };
    const options = { cwd, through: this.#hosts.through(host), env };
    const name = args[0] ?? '';
    if (args.at(-1) === '&') {
      const title = name === 'server' ? `server ${args[args.indexOf('--id') + 1]}` : name;
      this.daemons.set(title, new Program('synod', args.slice(0, -1), options));
      return nothing;
    }
    const { code, stdout, stderr } = await runToEnd('synod', args, deadlineMs, options);
    return { code, lines: `${stdout}${code === 0 ? '' : stderr}`.split('\n').filter((line) => line !== '') };
  }

  #home(host: string): string {
    return path.join(this.#folder, host);
  }

  /** Only ever a process that this test started. */
  async #kill([, , whom = '']: readonly string[]): Promise<Ran> {
    const program = this.daemons.get(`server ${/^\$PID_OF_SERVER_(\d)$/.exec(whom)?.[1]}`);
    if (program === undefined) throw new Error(`kill whom? ${whom}`);
    await program.kill();
    return nothing;
  }

  async end(): Promise<void> {
    await Promise.all([...this.daemons.values()].map((program) => program.kill()));
  }
}

t.test(page, { skip: noHosts }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-hosts-'));
  const hosts = new Hosts(addresses);
  const shell = new HostShell(hosts, folder);
  t.teardown(async () => {
    await shell.end();
    hosts.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const examples = readExamples(page, folder, ['nft']);
  for (const host of Object.keys(addresses)) {
    mkdirSync(path.join(folder, host));
    copyFileSync(path.join(folder, 'synod.nft'), path.join(folder, host, 'synod.nft'));
  }
  const missing = optional.filter((tool) => spawnSync(tool, ['--version']).status !== 0);
  for (const { host, command, printed } of examples) {
    if (missing.includes(command.split(' ')[0] ?? '')) {
      t.comment(`left out, ${missing.join(', ')} is not installed: ${host}$ ${command}`);
      continue;
    }
    let last: Ran | undefined;
    const isDone = async (): Promise<boolean> => {
      last = await shell.run(host, command);
      return looksLike(printed, last.lines) && (!/--strict|send/.test(command) || last.code === 0);
    };
    const explain = (): string => `exit ${last?.code}, it printed:\n${last?.lines.join('\n')}`;
    // Everybody notices before long; whatever else is asked for is so at once.
    if (command.includes('status')) await until(`${host}$ ${command}`, deadlineMs, isDone, explain);
    else t.ok(await isDone(), `${host}$ ${command}\n${explain()}`);
    t.pass(`${host}$ ${command}`);
  }
  t.ok(examples.length >= 18, `${examples.length} commands`);
  for (const [title, program] of shell.daemons)
    t.match(program.lines.map(({ text }) => text).join('\n'), new RegExp(`^READY ${title} `), title);

  const stranger = await runToEnd('synod', ['status', '--servers', '192.0.2.12:9009'], deadlineMs, {
    through: hosts.through('host-1'),
    cwd: folder,
  });
  t.not(stranger.code, 0, `without the secret nobody is answered: ${stranger.stderr}`);
  if (missing.includes('nft')) return;

  await t.test('the firewall lets the ports of the page through, and no other', async (t) => {
    const tryPort = (port: number): string => {
      const script = `
        const end = (what) => { console.log(what); process.exit(); };
        require('net').connect({ host: '192.0.2.11', port: ${port} })
          .on('connect', () => end('open')).on('error', ({ code }) => end(code));
        setTimeout(() => end('dropped'), 1000);`;
      const [first = '', ...rest] = [...hosts.through('host-3'), process.execPath, '-e', script];
      return execFileSync(first, rest, { encoding: 'utf8' }).trim();
    };
    t.equal(tryPort(9009), 'open');
    t.equal(tryPort(8009), 'open');
    t.equal(tryPort(9080), 'dropped');
  });
});

t.test('the page names every port of its tables in its firewall', async (t) => {
  const text = readFileSync(page, 'utf8');
  const allowed = /tcp dport \{ (.*?) \}/.exec(text)?.[1]?.split(', ');
  const listening = [...text.matchAll(/--listen \S+:(\d+)/g)].map((found) => found[1] ?? '');
  t.same([...new Set(listening)].sort(), allowed);
});
