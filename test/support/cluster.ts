/** A whole cluster of real processes on free ports and throw-away directories, for end-to-end tests and benchmarks. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { askOnce } from '../../src/client/index.js';
import type { Seats } from '../../src/wire/index.js';
import type { FreshRead, ServerLog } from '../checkers/history.js';
import { ChatClient } from './chat-client.js';
import { FaultProxy, type ProxyOptions } from './fault-proxy.js';
import { freshRead } from './fresh-read.js';
import { freePort } from './ports.js';
import { type Exit, Program, type ProgramName, type ProgramOptions, runToEnd } from './program.js';
import { busyMs, until } from './until.js';

/** How long a process may take to say READY on a busy machine with two cores. */
const readyDeadlineMs = 20_000;

export interface ClusterOptions {
  readonly servers?: number;
  /** `old`: lrunner, srunner and crunner with the write-up's flags. */
  readonly spelling?: 'synod' | 'old';
  readonly serverFlags?: readonly string[];
  /** A fault proxy stands in for the balancer towards the servers, and so carries every link between them. */
  readonly proxy?: ProxyOptions;
  /** How a server's process is wrapped, e.g. to limit what it may use. */
  readonly serverOptions?: (id: number) => ProgramOptions;
  /** The same for the balancer, each time it is started. */
  readonly balancerOptions?: () => ProgramOptions;
  /** Servers that keep nothing on disk (`--memory`). */
  readonly inMemory?: (id: number) => boolean;
  /** Where a server's data lies; by default a folder of the cluster's own. */
  readonly dataDir?: (id: number, root: string) => string;
}

export interface ServerStatus {
  readonly id: number;
  readonly address: string;
  readonly state: 'up' | 'down';
  readonly role: 'leader' | 'follower' | 'recovering';
  readonly ballot: string;
  readonly committed: number;
  readonly applied: number;
  readonly clients: number;
  readonly http: string;
  readonly note: string;
  readonly seat: 'votes' | 'learns' | 'waits' | 'none' | null;
  readonly takes: number;
}

export interface ClusterStatus {
  readonly cluster: string;
  readonly quorum: { readonly up: number; readonly size: number; readonly ok: boolean };
  readonly leader: number;
  readonly servers: readonly ServerStatus[];
}

/** Directories of clusters that were never stopped, because the test was ended: removed when this process goes. */
const roots = new Set<string>();

process.on('exit', () => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

export class Cluster {
  readonly root = mkdtempSync(path.join(tmpdir(), 'synod-e2e-'));
  readonly size: number;
  /** The `-mode` with which each server is started from now on. */
  readonly modes = new Map<number, string>();
  readonly #options: ClusterOptions;
  readonly #ports = new Map<number, number>();
  readonly #servers = new Map<number, Program>();
  readonly #everything = new Set<Program>();
  #balancer: Program | undefined;
  #balancerPort = 0;
  #proxy: FaultProxy | undefined;
  #proxyPort = 0;
  #chats = 0;
  #ids: readonly number[];

  constructor(options: ClusterOptions = {}) {
    this.#options = options;
    roots.add(this.root);
    this.size = options.servers ?? 3;
    this.#ids = Array.from({ length: this.size }, (_, index) => index + 1);
  }

  /** Starts the balancer, the proxy if there is one, and all servers, and waits until each has said READY. */
  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await cluster.startWithoutServers();
      await cluster.startServers();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** All that servers need: ports, the balancer, the proxy if there is one. */
  async startWithoutServers(): Promise<void> {
    await this.choosePorts();
    await this.startBalancer();
    if (this.#options.proxy !== undefined) await this.startProxy();
  }

  async startServers(): Promise<void> {
    await Promise.all(this.ids.map((id) => this.startServer(id)));
  }

  async choosePorts(): Promise<void> {
    this.#balancerPort = await freePort();
    this.#proxyPort = await freePort();
    for (const id of this.ids) await this.movePort(id);
  }

  /** The server listens elsewhere when it is started the next time. */
  async movePort(id: number): Promise<void> {
    this.#ports.set(id, await freePort());
  }

  /** The members, as far as this test knows: 1, 2, 3 … until one is replaced. */
  get ids(): number[] {
    return [...this.#ids];
  }

  /** A place for a server that is to become a member. Its process is like any other's from here on. */
  async inviteServer(id: number): Promise<void> {
    await this.movePort(id);
  }

  /** `invited` is a member now in the place of `replaced`. */
  replaced(replaced: number, invited: number): void {
    this.#ids = this.#ids.map((id) => (id === replaced ? invited : id));
  }

  /** Ends the balancer by kill -9 and starts it again; without its data it has lost the seal. */
  async restartBalancer(losesSeal: boolean): Promise<void> {
    await this.balancer.kill();
    if (losesSeal) rmSync(path.join(this.root, 'balancer'), { recursive: true });
    await this.startBalancer();
  }

  /** All of it is killed, and a cluster made anew at the same addresses, of nothing. */
  async makeAnew(): Promise<void> {
    for (const id of this.upIds) await this.killServer(id);
    for (const id of this.ids) rmSync(this.dataDir(id), { recursive: true, force: true });
    await this.restartBalancer(true);
    await this.startServers();
  }

  get upIds(): number[] {
    return this.ids.filter((id) => this.#servers.get(id)?.exit === undefined && this.#servers.has(id));
  }

  get balancerAddress(): string {
    return `127.0.0.1:${this.#balancerPort}`;
  }

  /** Where the proxy stands in for the balancer. */
  get proxyAddress(): string {
    return `127.0.0.1:${this.#proxyPort}`;
  }

  get addresses(): string {
    return this.ids.map((id) => this.address(id)).join(',');
  }

  address(id: number): string {
    return `127.0.0.1:${this.#ports.get(id)}`;
  }

  dataDir(id: number): string {
    return this.#options.dataDir?.(id, this.root) ?? path.join(this.root, `server-${id}`);
  }

  /** The latest process of a server; it may have ended. */
  server(id: number): Program {
    const program = this.#servers.get(id);
    if (program === undefined) throw new Error(`server ${id} was never started`);
    return program;
  }

  get balancer(): Program {
    if (this.#balancer === undefined) throw new Error('the balancer was never started');
    return this.#balancer;
  }

  /** The latest proxy; it may have ended. */
  get proxy(): FaultProxy {
    if (this.#proxy === undefined) throw new Error('this cluster has no proxy');
    return this.#proxy;
  }

  /** Starts the proxy, for the first time or again, at its own address: without the rules of its earlier life. */
  async startProxy(): Promise<void> {
    const args = ['proxy', '--master', this.balancerAddress, '--listen', this.proxyAddress];
    this.#proxy = new FaultProxy((more) => this.run('synod', [...args, ...more]), this.#options.proxy ?? {});
    await this.#proxy.waitForReady(readyDeadlineMs);
  }

  async startBalancer(): Promise<void> {
    const dataDir = path.join(this.root, 'balancer');
    const port = this.#balancerPort;
    const [name, ...args] =
      this.#options.spelling === 'old'
        ? (['lrunner', `-hostPort=localhost:${port}`, `-servers=${this.size}`] as const)
        : (['synod', 'balancer', '--listen', this.balancerAddress, '--servers', `${this.size}`] as const);
    this.#balancer = this.run(name, [...args, `--data-dir=${dataDir}`], this.#options.balancerOptions?.() ?? {});
    await this.#balancer.waitForLine('READY', (line) => line.startsWith('READY balancer'), readyDeadlineMs);
  }

  /** The command line of a server; a test that starts a wrong one changes a flag of it. */
  serverArgs(id: number, change: { id?: number; port?: number; dataDir?: string; balancer?: string } = {}): string[] {
    const port = change.port ?? this.#ports.get(id) ?? 0;
    const dataDir = change.dataDir ?? this.dataDir(id);
    const master = this.#options.proxy === undefined ? this.#balancerPort : this.#proxyPort;
    const balancer = change.balancer ?? `localhost:${master}`;
    const mode = this.modes.get(id);
    const own =
      this.#options.spelling === 'old'
        ? [`-master=${balancer}`, `-port=${port}`, `-id=${change.id ?? id}`]
        : ['--balancer', balancer, '--listen', `127.0.0.1:${port}`, '--id', `${change.id ?? id}`];
    const faults = mode === undefined ? [] : [`-mode=${mode}`];
    const place = this.#options.inMemory?.(id) === true ? ['--memory'] : ['--data-dir', dataDir];
    return [...own, ...faults, ...place, ...(this.#options.serverFlags ?? [])];
  }

  /** Starts a server without waiting for anything. */
  spawnServer(id: number): Program {
    const old = this.#options.spelling === 'old';
    const args = this.serverArgs(id);
    const options = this.#options.serverOptions?.(id) ?? {};
    const program = this.run(old ? 'srunner' : 'synod', old ? args : ['server', ...args], options);
    this.#servers.set(id, program);
    return program;
  }

  /** Starts a server, for the first time or again, on its own port and data, and waits for READY. */
  async startServer(id: number): Promise<Program> {
    const program = this.spawnServer(id);
    await program.waitForLine('READY', (line) => line.startsWith(`READY server ${id} `), readyDeadlineMs);
    return program;
  }

  /** kill -9. */
  async killServer(id: number): Promise<Exit> {
    return await this.server(id).kill();
  }

  /** SIGTERM, and the exit it leads to. */
  async stopServer(id: number, deadlineMs = 10_000): Promise<Exit> {
    this.server(id).signal('SIGTERM');
    return await this.server(id).waitForExit(deadlineMs);
  }

  /** Every process that was started here, those that ended too. */
  get programs(): readonly Program[] {
    return [...this.#everything];
  }

  /** Starts any of our programs as a part of this cluster, ended with it. */
  run(name: ProgramName, args: readonly string[], options: ProgramOptions = {}): Program {
    const program = new Program(name, args, options);
    this.#everything.add(program);
    return program;
  }

  /** A chat client with an identity of its own, routed by the balancer unless `args` say otherwise. */
  chat(name: string, args: readonly string[] = []): ChatClient {
    const master = `localhost:${this.#balancerPort}`;
    return this.#options.spelling === 'old'
      ? this.#client(name, 'crunner', [`-id=${name}`, '-port1=2002', `-master=${master}`, '--json', ...args])
      : this.#client(name, 'synod', ['chat', '--json', '--name', name, '--balancer', this.balancerAddress, ...args]);
  }

  /** A chat client that asks the proxy where to go, so that its own connections run through it too. */
  chatThroughProxy(name: string): ChatClient {
    return this.#client(name, 'synod', ['chat', '--json', '--name', name, '--balancer', this.proxyAddress]);
  }

  /** A reader that follows the room at one server and writes nothing to the log. */
  watch(id: number): ChatClient {
    return this.#client(`watcher-${id}`, 'synod', ['tail', '--follow', '--json', '--server', this.address(id)]);
  }

  #client(name: string, program: ProgramName, args: readonly string[]): ChatClient {
    const configDir = path.join(this.root, `config-${name}-${this.#chats++}`);
    const client = new ChatClient({ name, configDir, program, args });
    this.#everything.add(client.program);
    return client;
  }

  /** What `synod status` says, asked of the servers themselves. */
  async status(): Promise<ClusterStatus> {
    const args = ['status', '--json', '--servers', this.addresses, '--timeout', '5s'];
    const { stdout, stderr, code } = await runToEnd('synod', args, 15_000);
    if (stdout === '') throw new Error(`status printed nothing, exit ${code}: ${stderr.slice(-1000)}`);
    return JSON.parse(stdout) as ClusterStatus;
  }

  /** Waits until `synod status` satisfies `test`. */
  async waitForStatus(
    what: string,
    test: (status: ClusterStatus) => boolean,
    deadlineMs = 20_000,
  ): Promise<ClusterStatus> {
    let last: ClusterStatus | undefined;
    return await until(
      what,
      deadlineMs,
      async () => {
        last = await this.status();
        return test(last) ? last : undefined;
      },
      () => `last status: ${JSON.stringify(last)}\n${this.describe()}`,
    );
  }

  /** Waits until the balancer, perhaps restarted, knows so many clients on each server, all of them live. */
  async waitForLoad(clients: Readonly<Record<number, number>>, deadlineMs = busyMs): Promise<void> {
    const options = { address: this.balancerAddress, timeoutMs: 2000 };
    await until(
      `the balancer to know the load ${JSON.stringify(clients)}`,
      deadlineMs,
      async () => {
        const answered = await askOnce(options, (operator) => operator.members());
        return (
          answered.ok && answered.answer.members.every(({ id, live, ...load }) => live && load.clients === clients[id])
        );
      },
      () => this.describe(),
    );
  }

  /** Who the members are, as one server has applied it; undefined if it does not answer. */
  async seatsAt(id: number): Promise<Seats | undefined> {
    const said = await askOnce({ address: this.address(id), timeoutMs: 1000 }, (server) => server.seats());
    return said.ok ? said.answer : undefined;
  }

  /** Waits until all members are up and know that each has its vote; who leads then. Asked in this process. */
  async waitForVotes(deadlineMs = 30_000): Promise<number> {
    const ids = this.#ids;
    return await until(
      `the votes of ${ids.join(', ')}`,
      deadlineMs,
      async () => {
        const known = await Promise.all(ids.map((id) => this.seatsAt(id)));
        const isSettled = known.every((one) => one?.votes === true && one.governing && one.seats.every(isVoter));
        const answered = await askOnce({ address: this.address(ids[0] ?? 0), timeoutMs: 1000 }, (one) => one.status());
        return isSettled && answered.ok && answered.answer.happy ? answered.answer.leader : undefined;
      },
      () => this.describe(),
    );
  }

  async leader(deadlineMs = 20_000): Promise<number> {
    return (await this.waitForStatus('a leader', ({ leader }) => leader !== 0, deadlineMs)).leader;
  }

  /** Waits until all servers are up and have applied the same slots, and `synod verify` agrees. Returns the slot. */
  async waitForAgreement(deadlineMs = 30_000): Promise<number> {
    const settled = await this.waitForStatus(
      'all servers up with one applied slot',
      ({ servers }) =>
        servers.length === this.size &&
        servers.every(({ state, applied }) => state === 'up' && applied === servers[0]?.applied),
      deadlineMs,
    );
    const applied = settled.servers[0]?.applied ?? 0;
    await until(`verify through slot ${applied}`, deadlineMs, async () => {
      const { code, stdout, stderr } = await runToEnd(
        'synod',
        ['verify', '--json', '--servers', this.addresses],
        15_000,
      );
      if (code !== 0) throw new Error(`verify exit ${code}: ${stdout}${stderr.slice(-1000)}`);
      const verdict = JSON.parse(stdout) as { ok: boolean; comparedThrough: number };
      return verdict.ok && verdict.comparedThrough >= applied;
    });
    return applied;
  }

  /**
   * A fresh read of a room's complete history from one server, with `synod tail`.
   * `read` is undefined when the server said that no quorum confirmed it (exit 5): then it promises nothing.
   */
  async tail(id: number, room: string): Promise<{ log: ServerLog; read: FreshRead | undefined }> {
    return await freshRead(id, room, ['--server', this.address(id)]);
  }

  /** Ends everything that was started here, by pid, and removes the data. */
  async stop(): Promise<void> {
    const alive = [...this.#everything].filter((program) => program.exit === undefined);
    for (const program of alive) program.signal('SIGKILL');
    await Promise.all(alive.map((program) => program.waitForExit(10_000)));
    rmSync(this.root, { recursive: true, force: true });
    roots.delete(this.root);
  }

  describe(): string {
    const others = [this.#balancer, this.#proxy?.program, ...this.#servers.values()];
    return others.map((program) => program?.describe() ?? '').join('\n');
  }
}

function isVoter({ votes }: Seats['seats'][number]): boolean {
  return votes;
}
