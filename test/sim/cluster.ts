/**
 * A whole cluster in one thread from one seed: servers, links, clients, faults, checkers; a safety phase, then a
 * liveness phase.
 */
import { type Logger, type Prng, silentLogger } from '../../src/base/index.js';
import type { PaxosMessage, Plants } from '../../src/paxos/index.js';
import type { ServerId } from '../../src/wire/index.js';
import { LinkFaults } from '../support/link-faults.js';
import { Chances } from './chances.js';
import { Oracle } from './checkers/oracle.js';
import { Client, type SimClient } from './client.js';
import { type ClientEnd, Connection } from './connection.js';
import { Coverage, type CoverageName } from './coverage.js';
import { drawFaults, isolation, isolations } from './draw-faults.js';
import { type DueFault, type Fault, inOrder, type Strike } from './fault.js';
import { Faults } from './faults.js';
import { Kernel, tags } from './kernel.js';
import { SimBalancer } from './library/balancer.js';
import { Person } from './library/person.js';
import { Wires } from './library/wires.js';
import { birthOf, type Makers, soundMakers } from './makers.js';
import { Network } from './network.js';
import { drawOptions, type SimOptions } from './options.js';
import type { Origin } from './origin.js';
import { SimServer } from './server.js';
import { Tape } from './tape.js';
import { demand } from './violation.js';

export interface ClusterSetup {
  readonly seed: number;
  /** Fixes some options whatever the seed would have drawn. */
  readonly options?: Partial<SimOptions>;
  /** These happen and no others; undefined: the seed draws them. */
  readonly faults?: readonly Fault[] | undefined;
  readonly plants?: Partial<Plants>;
  /** Parts that tests plant bugs in. */
  readonly makers?: Partial<Makers>;
  /** The state with which the cluster begins, as one does that was made of a snapshot. */
  readonly origin?: Origin;
  /** False: the gate is not watched from outside, so that only the consequences of a bug can show. Default true. */
  readonly watchGate?: boolean;
  /** False: states are not compared from outside, only by the servers. Default true. */
  readonly watchHashes?: boolean;
  /** True: the run ends with its safety phase. */
  readonly safetyOnly?: boolean;
  /** Gets every log line of the servers, with the simulated time. */
  readonly trace?: (line: string) => void;
}

export interface ClusterResult {
  readonly events: number;
  readonly simulatedUs: number;
  readonly hash: number;
  readonly slots: number;
  readonly acked: number;
  readonly coverage: Coverage;
  /** From the beginning of the liveness phase to the first new acknowledgement. */
  readonly resumedUs: number;
}

/** Patience and cool-downs grow up to a minute each, and a frame may be half a minute late. */
const resumeWithinUs = 200_000_000;
const convergeWithinUs = 200_000_000;

export class Cluster {
  readonly kernel = new Kernel();
  readonly options: SimOptions;
  readonly servers: readonly SimServer[];
  readonly clients: readonly SimClient[];
  /** Undefined where the clients are the simulator's own. */
  readonly balancer: SimBalancer | undefined;
  readonly oracle: Oracle;
  /** Partitions and modes. */
  readonly linkFaults: LinkFaults;
  readonly network: Network;
  readonly #coverage = new Coverage();
  readonly #chances: Chances;
  readonly #tape: Tape;
  readonly #drawn: readonly DueFault[];
  readonly #safetyOnly: boolean;
  readonly #faults: Faults;
  /** One of each server and client, for how long connecting takes. */
  readonly #connecting = new Map<string, Prng>();
  /** Pairs that are connected, by the lives of both ends. */
  readonly #links = new Map<string, string>();
  /** What went wrong in a promise. */
  #fatal: unknown;
  /** Servers that take clients. */
  #reachable: readonly SimServer[];
  /** In the liveness phase: the servers that must go on. */
  #core: readonly SimServer[] = [];

  constructor(setup: ClusterSetup) {
    const chances = new Chances(setup.seed);
    this.#chances = chances;
    this.options = { ...drawOptions(chances.of('options')), ...setup.options };
    const { faults, safetyOnly = false } = setup;
    this.#safetyOnly = safetyOnly;
    this.#tape = new Tape({
      nowUs: () => this.kernel.nowUs,
      chances,
      strikes: faults?.filter((fault): fault is Strike => fault.kind === 'strike'),
    });
    const ids = Array.from({ length: this.options.servers }, (_, at) => at + 1);
    const members = ids.map((id) => ({ id, birthId: birthOf(id) }));
    this.oracle = new Oracle(members, {
      watchGate: setup.watchGate ?? true,
      watchHashes: setup.watchHashes ?? true,
      library: this.options.library,
      origin: setup.origin?.slot ?? 0,
    });
    this.linkFaults = new LinkFaults(ids, () => this.kernel.nowUs / 1000);
    this.network = new Network({
      kernel: this.kernel,
      chances,
      tape: this.#tape,
      options: this.options,
      faults: this.linkFaults,
      deliver: (from, to, message, birth) => this.#server(to).frame(from, message, birth),
      birth: (id) => this.#server(id).birth,
      connection: (from, to) => this.#links.get(pairKey(from, to)),
    });
    const makers = { ...soundMakers, ...setup.makers };
    const wires = new Wires(this.kernel);
    const addresses = { balancer: '10.0.0.100:8009', servers: ids.map((id) => `10.0.0.${id}:9010`) };
    const library = this.options.library ? { wires, ...addresses } : undefined;
    this.servers = ids.map(
      (id) =>
        new SimServer(id, {
          kernel: this.kernel,
          options: this.options,
          oracle: this.oracle,
          coverage: this.#coverage,
          chances,
          tape: this.#tape,
          membership: library === undefined ? { clusterId: Buffer.alloc(16, 0xc1), epoch: 1, members } : undefined,
          library,
          origin: setup.origin,
          plants: setup.plants ?? {},
          logger: (server) => tracer(setup.trace, this.kernel, `server ${server}`),
          makers,
          send: (from, to, message) => this.#send(from, to, message),
          onUp: (server) => this.#connectLinks(server),
          onDown: (server, forUs) => this.#onDown(server, forUs),
          mayLose: (server) => this.#mayLose(server),
        }),
    );
    this.#reachable = this.servers;
    const rooms = Array.from({ length: this.options.rooms }, (_, at) => `#room${at}`);
    const shared = {
      kernel: this.kernel,
      options: this.options,
      history: this.oracle.history,
      coverage: this.#coverage,
      rooms,
    };
    if (library !== undefined) {
      this.balancer = new SimBalancer({
        ...shared,
        chances,
        wires,
        logger: tracer(setup.trace, this.kernel, 'balancer'),
        address: library.balancer,
        servers: makers.sealed(ids.length),
        onFatal: (error) => {
          this.#fatal ??= error;
        },
      });
    }
    this.clients = Array.from({ length: this.options.clients }, (_, at) => {
      const { lines } = this.oracle;
      if (library !== undefined && lines !== undefined) {
        return new Person(at + 1, { ...shared, ...library, chances, lines, makeClient: makers.client });
      }
      const random = chances.of(`client ${at + 1}`);
      return new Client(at + 1, { ...shared, random, dial: (client) => this.#dial(client) });
    });
    const starting = chances.of('start');
    this.balancer?.start();
    for (const server of this.servers) {
      this.kernel.after(starting.below(100_000), tags.start, () => server.start());
    }
    this.#drawn = inOrder(
      faults?.filter((fault): fault is DueFault => fault.kind !== 'strike') ?? drawFaults(this.options, chances),
    ) as DueFault[];
    this.#faults = new Faults(this, this.#drawn);
  }

  /** Every fault that happened up to now, in a form that replays the run. */
  get happened(): Fault[] {
    const { nowUs } = this.kernel;
    return inOrder([...this.#drawn.filter(({ atUs }) => atUs <= nowUs), ...this.#tape.struck]);
  }

  /** Both phases. Throws a Violation, or an InvariantError of the code under test. */
  async run(): Promise<ClusterResult> {
    await this.#runUntil(this.options.safetyUs);
    const resumedUs = this.#safetyOnly ? 0 : await this.#liveness();
    return {
      events: this.kernel.events,
      simulatedUs: this.kernel.nowUs,
      hash: this.kernel.hash,
      slots: this.oracle.agreement.highest,
      acked: this.#acked(),
      coverage: this.#covered(),
      resumedUs,
    };
  }

  /** Promises take turns only where there are some. */
  async #runUntil(untilUs: number, enough?: () => boolean): Promise<boolean> {
    if (this.balancer === undefined) return this.kernel.run(untilUs, enough);
    const isOver = await this.kernel.runWithPromises(untilUs, () => this.#fatal !== undefined || enough?.() === true);
    if (this.#fatal !== undefined) throw this.#fatal;
    return isOver;
  }

  #covered(): Coverage {
    const coverage = this.#coverage;
    for (const { resubmitted } of this.servers) coverage.add('resubmissions', resubmitted);
    coverage.add('expired sessions', this.oracle.history.expiredSessions);
    coverage.add('frames lost', this.network.lost);
    return coverage;
  }

  /** How everybody stands, for whoever reads a failure. */
  describe(): string[] {
    return [...this.servers.map((server) => server.describe()), ...this.clients.map((client) => client.describe())];
  }

  /** A random majority is healed, everything else stays broken; the majority must go on and come to agree. */
  async #liveness(): Promise<number> {
    this.#faults.end();
    this.#tape.on = false;
    this.linkFaults.heal();
    const random = this.#chances.of('liveness');
    const core = this.#soundMajority(random);
    this.#core = core;
    for (const server of this.servers) {
      server.setFull(false);
      // A cluster that is not complete yet needs every server.
      if (core.includes(server) || this.balancer?.isSealed === false) server.start();
      else this.#maim(server, random);
    }
    this.#reachable = core;
    this.#endBalancer(core, random);
    for (const client of this.clients) client.reroute();
    const before = this.#acked();
    const startUs = this.kernel.nowUs;
    const resumed = await this.#runUntil(startUs + resumeWithinUs, () => this.#acked() > before);
    demand(
      resumed,
      'acks resume',
      () => `no acknowledgement for ${resumeWithinUs / 1e6} s with servers ${idsOf(core)} healed`,
    );
    const resumedUs = this.kernel.nowUs - startUs;
    for (const client of this.clients) client.quiet = true;
    const converged = await this.#runUntil(this.kernel.nowUs + convergeWithinUs, () => this.#converged(core));
    demand(
      converged,
      'convergence',
      () => `servers ${idsOf(core)} did not come to the same state with every message answered`,
    );
    this.oracle.lines?.finish();
    return resumedUs;
  }

  /** Just enough servers that can go on together, undamaged and with votes wherever votes are needed. */
  #soundMajority(random: Prng): SimServer[] {
    let core = random.shuffle(this.servers.filter((server) => this.#keeps(server)));
    if (!this.#isQuorum(core)) throw new Error('the simulator let a majority lose what it holds');
    for (const server of [...core]) {
      const without = core.filter((other) => other !== server);
      if (this.#isQuorum(without)) core = without;
    }
    return core;
  }

  /**
   * True if these servers' directories can go on without all others: what they do not know to be chosen, those who
   * govern it can still decide. A slot of the members before is theirs to decide until it is known, however long ago
   * somebody else applied it.
   */
  #isQuorum(servers: readonly SimServer[]): boolean {
    const holders = new Set(servers.map(({ id, birth }) => `${id}:${birth}`));
    const known = this.oracle.knownThrough(servers.map(({ id }) => id));
    return this.oracle.agreement.electorates.isQuorumAbove(known, (voter) => holders.has(voter));
  }

  /** It will still have its directory when all faults are over. */
  #keeps(server: SimServer): boolean {
    return !server.isDamaged && !(this.options.memory && server.isEnding);
  }

  #mayLose(server: SimServer): boolean {
    return this.#isQuorum(this.servers.filter((other) => other !== server && this.#keeps(other)));
  }

  /** Who knows the servers can do without a balancer for ever. */
  #endBalancer(core: readonly SimServer[], random: Prng): void {
    const { balancer } = this;
    if (balancer === undefined) return;
    const isKnown = this.clients.every((client) => client instanceof Person && client.knowsServers);
    if (isKnown && core.every(({ isSealed }) => isSealed) && random.chance(1, 2)) balancer.crash();
    else balancer.start();
  }

  /** Damage that stays: down, cut off, mute or deaf. */
  #maim(server: SimServer, random: Prng): void {
    const way = isolations[random.below(4) - 1];
    if (way === undefined) server.crash();
    else this.linkFaults.set(isolation(server.id, way));
  }

  #converged(core: readonly SimServer[]): boolean {
    if (this.clients.some((client) => client.pending > 0 || !client.caughtUp)) return false;
    const first = core[0]?.opened?.chat;
    if (first === undefined) return false;
    return core.every((server) => {
      const chat = server.opened?.chat;
      return chat !== undefined && chat.applied === first.applied && Buffer.compare(chat.hash, first.hash) === 0;
    });
  }

  #acked(): number {
    return this.clients.reduce((sum, client) => sum + client.acked, 0);
  }

  // --- links --------------------------------------------------------------------------------------------------------

  #send(from: ServerId, to: ServerId, message: PaxosMessage): void {
    if (this.#links.get(pairKey(from, to)) === undefined) return;
    const counted = countedFrames[message.type];
    if (counted !== undefined && !(message.type === 'learnReply' && message.values.length === 0))
      this.#coverage.add(counted);
    this.network.send(from, to, message);
  }

  #connectLinks(server: SimServer): void {
    for (const peer of this.servers) if (peer !== server) this.#connectLink(server, peer, server.incarnation);
  }

  /** Says hello until it is answered: not across a cut link, not to a server that is down or stands still. */
  #connectLink(server: SimServer, peer: SimServer, life: number): void {
    this.kernel.after(this.#connectingOf(`server ${server.id}`).between(500, 5000), tags.start, () => {
      if (server.incarnation !== life) return;
      const cut = this.linkFaults.isCut(server.id, peer.id) || this.linkFaults.isCut(peer.id, server.id);
      if (cut || peer.opened === undefined || peer.isPaused || server.isPaused) {
        // A server that is down connects by itself once it is up; it is only a cut or a pause that must be waited out.
        if (peer.isUp) this.kernel.after(200_000, tags.start, () => this.#connectLink(server, peer, life));
        return;
      }
      const key = pairKey(server.id, peer.id);
      const name = `${server.incarnation}-${peer.incarnation}`;
      if (this.#links.get(key) === name || this.#links.get(key) === `${peer.incarnation}-${server.incarnation}`) return;
      this.#links.set(key, name);
      server.linkUp(peer.hello);
      peer.linkUp(server.hello);
    });
  }

  #onDown(server: SimServer, forUs: number): void {
    this.#coverage.add('crashes');
    for (const peer of this.servers) {
      if (peer === server || !this.#links.delete(pairKey(server.id, peer.id)) || !this.options.crashClosesLinks)
        continue;
      this.kernel.after(this.#connectingOf(`server ${server.id}`).between(100, 2000), tags.fault, () => {
        if (this.#links.get(pairKey(server.id, peer.id)) === undefined) peer.linkDown(server.id);
      });
    }
    this.#faults.scheduleRestart(server, forUs);
    // One that was told to stop just before the faults ended.
    if (this.#core.includes(server)) this.kernel.after(50_000, tags.start, () => server.start());
  }

  // --- clients ------------------------------------------------------------------------------------------------------

  #dial(client: ClientEnd): Connection | undefined {
    const up = this.#reachable.filter((server) => server.opened !== undefined);
    if (up.length === 0) return undefined;
    const random = this.#connectingOf(client.name);
    return new Connection(this.kernel, random, client, random.pick(up));
  }

  #connectingOf(name: string): Prng {
    let random = this.#connecting.get(name);
    if (random === undefined) {
      random = this.#chances.of(`connecting ${name}`);
      this.#connecting.set(name, random);
    }
    return random;
  }

  #server(id: ServerId): SimServer {
    return this.servers[id - 1] as SimServer;
  }
}

/** Frames whose number says what went on. */
const countedFrames: Partial<Record<PaxosMessage['type'], CoverageName>> = {
  learnReply: 'learn replies',
  forward: 'forwards',
  nack: 'nacks',
};

function pairKey(a: ServerId, b: ServerId): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

function idsOf(servers: readonly SimServer[]): string {
  return servers.map((server) => server.id).join(', ');
}

function tracer(trace: ((line: string) => void) | undefined, kernel: Kernel, who: string): Logger {
  if (trace === undefined) return silentLogger;
  const say = (event: string, fields?: object): void => {
    trace(`${(kernel.nowUs / 1e6).toFixed(6)} ${who} ${event} ${fields === undefined ? '' : JSON.stringify(fields)}`);
  };
  const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger };
  return logger;
}
