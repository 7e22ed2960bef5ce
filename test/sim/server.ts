/**
 * One simulated server: production's driver, replica, log, state machine and submissions on a simulated disk, life
 * after life.
 */
import { type Logger, limits, type Prng, toHex } from '../../src/base/index.js';
import type { ChatOptions, ChatState } from '../../src/chat/index.js';
import { admissionDue, type Newcomer } from '../../src/daemon/server/admission.js';
import type { Membership } from '../../src/daemon/server/hello.js';
import { type OpenedDriver, openDriver } from '../../src/daemon/server/open-driver.js';
import { Turn } from '../../src/net/index.js';
import { type Effects, type Input, type Now, type PaxosMessage, type Plants, Replica } from '../../src/paxos/index.js';
import {
  DamagedLog,
  MemoryRows,
  type RecoveredEntry,
  StorageError,
  type StorageErrorCode,
  type WalIdentity,
} from '../../src/storage/index.js';
import {
  decisionItem,
  ID_BYTES,
  type Incarnation,
  membersItem,
  type ServerId,
  type Slot,
  TOKEN_HASH_BYTES,
} from '../../src/wire/index.js';
import { SimDisk, type SimDiskOptions } from '../support/sim-disk.js';
import type { Chances } from './chances.js';
import type { Oracle } from './checkers/oracle.js';
import type { ClientSide, ClientSideEvents } from './client-side.js';
import type { Connection, ServerEnd, ToServer } from './connection.js';
import type { Coverage } from './coverage.js';
import { digestOf } from './digest.js';
import { downUs } from './draw-faults.js';
import type { DueFault } from './fault.js';
import { Front } from './front.js';
import { type EventHandle, type Kernel, tags } from './kernel.js';
import { LibrarySide } from './library/server-side.js';
import { Host, type Wires } from './library/wires.js';
import { birthOf, type Makers } from './makers.js';
import type { SimOptions } from './options.js';
import type { Origin } from './origin.js';
import { SimClock } from './sim-clock.js';
import type { SimStore } from './sim-store.js';
import type { Point, Tape } from './tape.js';
import { CrashSignal, demand } from './violation.js';

/** What a server needs of the cluster around it. */
export interface Surroundings {
  readonly kernel: Kernel;
  readonly options: SimOptions;
  readonly oracle: Oracle;
  readonly coverage: Coverage;
  /** The membership from the beginning on, if no balancer has to seal it. */
  readonly membership: Membership | undefined;
  /** Where processes connect, if clients are production's. */
  readonly library:
    | { readonly wires: Wires; readonly balancer: string; readonly servers: readonly string[] }
    | undefined;
  /** The state that first directories begin with. */
  readonly origin: Origin | undefined;
  readonly plants: Partial<Plants>;
  readonly logger: (id: ServerId) => Logger;
  readonly makers: Makers;
  /** A frame leaves. */
  readonly send: (from: ServerId, to: ServerId, message: PaxosMessage) => void;
  readonly chances: Chances;
  readonly tape: Tape;
  readonly onUp: (server: SimServer) => void;
  /** It went down and is to come back after so long. */
  readonly onDown: (server: SimServer, forUs: number) => void;
  /** The cluster can do without what this server's directory holds. */
  readonly mayLose: (server: SimServer) => boolean;
}

/** An open link to another server, whose directory its hello has named. */
interface Link {
  readonly incarnation: Incarnation;
  readonly birthId: Uint8Array;
  readonly sinceMs: number;
}

/** One life of the process. */
interface Life {
  readonly number: number;
  readonly incarnation: Incarnation;
  readonly random: Prng;
  readonly clock: SimClock;
  readonly side: ClientSide;
  readonly host: Host | undefined;
  readonly store: SimStore;
  opened: OpenedDriver | undefined;
  readonly links: Map<ServerId, Link>;
  /** The directories that ids stand for, as far as it has applied the log. */
  births: ReadonlyMap<ServerId, string>;
  /** The change of the members that it proposed last. */
  proposedEpoch: number;
  tick: EventHandle | undefined;
  ticks: number;
  /** A disk error: it must do nothing more. */
  failed: boolean;
  /** Its membership is on the way to the disk. */
  isSealing: boolean;
  /** It was told to stop. */
  isEnding: boolean;
  /** As the last tick saw it. */
  full: boolean;
  /** How long it will be down after an orderly stop. */
  downUs: number | undefined;
}

/** Tells the oracle what a replica persists and what it hears of the disk. */
class WatchedReplica extends Replica {
  watch: ((effects: Effects) => void) | undefined;
  onDurable: ((records: number) => void) | undefined;

  override step(input: Input, now: Now): Effects {
    if (input.kind === 'durable') this.onDurable?.(input.records);
    const effects = super.step(input, now);
    this.watch?.(effects);
    return effects;
  }
}

/** True for what a disk may do to a server, which then has to end. */
function isDiskError(error: Error): boolean {
  return error instanceof StorageError && error.code === 'DISK_ERROR';
}

/** What a server may say of damage to its log. */
const damageCodes = new Set<StorageErrorCode>(['LOG_DAMAGED', 'LOG_MISSING', 'LOG_VERSION']);
/** What one may say whose store is gone, in a cluster that began with a state. */
const stateLostCodes = new Set<StorageErrorCode>(['STATE_MISSING', 'LOG_DAMAGED', 'LOG_TRIMMED']);
/** Segments of the log. */
export const logFile = /^wal-\d/;

/** What piles up for a paused server at most; the rest is lost, as in a full socket buffer. */
const backlogMax = 20_000;
/** How much more or less likely than elsewhere a crash is; what happens seldom must be struck when it does. */
const boundaryWeights: Readonly<Record<string, number>> = { ack: 1, install: 250 };
/** The most expensive frames to lose a server behind: crashes strike there ten times as often. */
const boundaryFrames = new Set<PaxosMessage['type']>(['promise', 'accepted', 'prepare', 'accept']);

/** Who is at the other end of a link. */
export interface LinkedPeer {
  readonly id: ServerId;
  readonly incarnation: Incarnation;
  readonly birthId: Uint8Array;
}

export class SimServer implements ServerEnd {
  readonly id: ServerId;
  readonly #world: Surroundings;
  #disk: SimDisk;
  #rows: MemoryRows;
  readonly #clockRate: number;
  #lives = 0;
  /** Frames for a server are not to wait for the end of the turn, which frames never do here. */
  onFlush: (to: ServerId) => void = () => undefined;
  #life: Life | undefined;
  #pausedUntilUs = 0;
  #backlog: (() => void)[] = [];
  #everOpened: boolean;
  /** As its directory says. */
  #origin: Slot;
  /** On its disk. */
  #membership: Membership | undefined;
  #damaged = false;
  #refused = false;
  #births = 1;
  #birthId: Uint8Array;
  /** It has had a vote with its present directory. */
  #hasVoted = true;

  constructor(id: ServerId, world: Surroundings) {
    this.id = id;
    this.#world = world;
    this.#membership = world.membership;
    this.#birthId = birthOf(id);
    const skew = world.options.clockSkewPerMille;
    this.#clockRate = 1000 + (skew === 0 ? 0 : world.chances.of(`clock ${id}`).between(-skew, skew));
    const image = world.origin?.images.get(id);
    this.#disk = image?.disk.copy() ?? new SimDisk(this.#diskOptions(undefined));
    this.#rows = image?.rows.copy() ?? new MemoryRows();
    this.#origin = world.origin?.slot ?? 0;
    this.#everOpened = image !== undefined;
  }

  /** True between start and crash, also while it recovers. */
  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** The driver and its parts once recovery is over. */
  get opened(): OpenedDriver | undefined {
    return this.#life?.opened;
  }

  /** Runs and items of clients that its present life submitted again. */
  get resubmitted(): number {
    return this.#life?.side.resubmitted ?? 0;
  }

  /** It knows its cluster, and will after a restart. */
  get isSealed(): boolean {
    return this.#membership !== undefined;
  }

  get incarnation(): Incarnation {
    return this.#life?.incarnation ?? 0;
  }

  /** The id of its present directory. */
  get birth(): string {
    return toHex(this.#birthId);
  }

  get disk(): SimDisk {
    return this.#disk;
  }

  get clock(): SimClock | undefined {
    return this.#life?.clock;
  }

  /** True from the first damage to its disk on. */
  get isDamaged(): boolean {
    return this.#damaged;
  }

  /** It was told to stop and has not ended yet. */
  get isEnding(): boolean {
    return this.#life?.isEnding === true;
  }

  get isPaused(): boolean {
    return this.#world.kernel.nowUs < this.#pausedUntilUs;
  }

  /** Begins a life: recovers from the disk, then runs. */
  start(): void {
    if (this.#life !== undefined || this.#refused) return;
    const { kernel, oracle, options, coverage, chances, tape, makers } = this.#world;
    const storeLoss = tape.point(`lose the store of ${this.id}`);
    const isBegun = this.#world.origin !== undefined;
    const mayLose = !isBegun || this.#world.mayLose(this);
    if (this.#everOpened && mayLose && storeLoss.strikes(1000 * options.storeLossPercent) !== undefined) {
      this.loseStore();
      // Without its state it is as good as emptied, which it will be before it comes back.
      if (isBegun) this.#damaged = true;
      else coverage.add('stores rebuilt');
    }
    this.#lives++;
    const random = chances.of(`life ${this.#lives} of ${this.id}`);
    const clock = new SimClock(kernel, {
      rate: this.#clockRate,
      wallMs: 1_700_000_000_000 + random.below(1_000_000),
      run: (act) => this.#turnOf(life, act),
    });
    const events: ClientSideEvents = {
      counted: (name) => coverage.add(name),
      applied: (applied) => {
        const chat = life.opened?.chat;
        const slot = applied.slot;
        if (chat !== undefined) oracle.applied(this.id, applied, this.#appliedDigest, chat.hash);
        for (const { outcome } of applied.decisions) if (outcome === 'ok') coverage.add('decisions');
        kernel.note(slot);
      },
      acking: (answer) => oracle.acked(this.id, answer),
      acked: () => this.#boundary('ack'),
      installed: (slot) => {
        const chat = life.opened?.chat;
        coverage.add('states installed');
        if (chat !== undefined) oracle.installed(this.id, slot, chat.hash);
        this.#boundary('install');
      },
      later: (act) => this.#later(life, 0, act),
      stopped: () => this.#world.kernel.after(0, tags.fault, () => this.#endOf(life)),
    };
    const incarnation = this.#lives * 0x1_0000_0000 + random.below(0x1_0000_0000);
    const host = this.#host(clock, (act) => this.#turnOf(life, act));
    const life: Life = {
      number: this.#lives,
      incarnation,
      random,
      clock,
      side: host === undefined ? makers.front(this.id, events) : this.#librarySide(host, events, incarnation),
      host,
      store: makers.store(
        {
          rows: this.#rows,
          later: (act) => this.#later(life, 200, act),
          afterSync: (act) => this.#later(life, options.storeSyncUs, act),
          isFull: () => this.#disk.capacityBytes !== undefined,
        },
        () => this.#disk,
      ),
      opened: undefined,
      links: new Map(),
      births: new Map(),
      proposedEpoch: 0,
      tick: undefined,
      ticks: 0,
      failed: false,
      isSealing: false,
      isEnding: false,
      full: false,
      downUs: undefined,
    };
    this.#life = life;
    this.#disk = this.#disk.kill(this.#diskOptions(life));
    this.#watchDisk(life);
    if (this.#membership !== undefined) this.#guarded(life, () => this.#open(life));
  }

  /** The checkpoints are gone, as if somebody had moved the directory away: only while it is down. */
  loseStore(): void {
    if (this.#life !== undefined) return;
    this.#rows = new MemoryRows();
    this.#world.oracle.storeLost(this.id);
  }

  /** Something that is durable is damaged, on the platter and in the cache; nobody notices until it is read. */
  damage(way: 'bit' | 'stray', place: number): void {
    if (!this.#disk.damage(way, logFile, place)) return;
    this.#damaged = true;
    this.#world.coverage.add('damages');
  }

  /** A test damages the log with its own hands: only while the server is down. */
  damageBy(act: (disk: SimDisk) => void): void {
    if (this.#life !== undefined) return;
    act(this.#disk);
    this.#damaged = true;
  }

  /** Takes over another server's checkpoints, as if somebody had mixed up two directories: only while it is down. */
  mixUpStore(other: SimServer): void {
    if (this.#life === undefined) this.#rows = other.#rows;
  }

  /** The directory is gone: only while it is down. It comes back with a new one, which knows nothing. */
  #empty(): void {
    const { oracle, coverage, membership, makers } = this.#world;
    this.#birthId = makers.birth(this.id, this.#births++);
    this.#disk = new SimDisk(this.#diskOptions(undefined));
    this.#rows = new MemoryRows();
    this.#membership = membership;
    this.#everOpened = false;
    this.#origin = 0;
    this.#damaged = false;
    this.#refused = false;
    this.#hasVoted = false;
    coverage.add('directories lost');
    oracle.emptied({ id: this.id, birthId: this.#birthId });
  }

  /** Its disk is emptied, if the cluster can do without it. */
  lose(forUs: number): void {
    if (!this.#world.mayLose(this)) return;
    this.crash(forUs);
    this.#empty();
  }

  /** What is in memory only must not be lost on too many servers at once: nothing could bring it back. */
  get #mayEnd(): boolean {
    return !this.#world.options.memory || this.#world.mayLose(this);
  }

  /** Power failure: what was not synced may be gone or torn. */
  crash(forUs?: number): void {
    const life = this.#life;
    if (life === undefined || !this.#mayEnd) return;
    this.#disk = this.#disk.crash();
    this.#end(life, forUs);
  }

  /** SIGTERM: hands over, then ends. */
  stop(forUs?: number): void {
    const life = this.#life;
    if (life?.opened === undefined) return this.crash(forUs);
    if (!this.#mayEnd) return;
    this.#world.coverage.add('orderly stops');
    life.downUs = forUs;
    life.isEnding = true;
    this.#turnOf(life, () => life.opened?.driver.stop());
  }

  /** Stops running for a while, as SIGSTOP or a long garbage collection does; what arrives waits. */
  pause(forUs: number): void {
    const untilUs = this.#world.kernel.nowUs + forUs;
    if (untilUs <= this.#pausedUntilUs) return;
    this.#pausedUntilUs = untilUs;
    this.#world.kernel.at(untilUs, tags.fault, () => this.#resume());
  }

  /** Everything on the disk fits (undefined) or not a byte more does. */
  setFull(full: boolean): void {
    this.#disk.capacityBytes = full ? 1 : undefined;
  }

  frame(from: ServerId, message: PaxosMessage, birth: string): void {
    this.#turn((life) => {
      if (life.births.get(from) === birth) life.opened?.driver.message(from, message);
    });
  }

  /** A link is open, and `peer` has said hello. */
  linkUp({ id, incarnation, birthId }: LinkedPeer): void {
    this.#turn((life) => {
      const sinceMs = life.clock.monotonicMs();
      life.links.set(id, { incarnation, birthId, sinceMs });
      if (life.births.get(id) === toHex(birthId)) life.opened?.driver.peerUp(id, incarnation);
    });
  }

  linkDown(peer: ServerId): void {
    this.#turn((life) => {
      if (life.links.delete(peer)) life.opened?.driver.peerDown(peer);
    });
  }

  /** What its hello says. */
  get hello(): LinkedPeer {
    return { id: this.id, incarnation: this.incarnation, birthId: this.#birthId };
  }

  received(connection: Connection, frame: ToServer): void {
    this.#turn((life) => {
      if (life.opened !== undefined && life.side instanceof Front) life.side.received(connection, frame);
    });
  }

  closed(connection: Connection): void {
    this.#turn((life) => {
      if (life.side instanceof Front) life.side.closed(connection, life.clock.monotonicMs());
    });
  }

  describe(): string {
    const opened = this.opened;
    if (opened === undefined) {
      return `server ${this.id}: ${this.isUp ? 'recovering' : this.#refused ? 'refused for damage' : 'down'}`;
    }
    const view = opened.driver.view;
    return (
      `server ${this.id} life ${this.#lives}${this.isPaused ? ' paused' : ''}: ` +
      `${view.role}${view.votes ? '' : ' without a vote'} of epoch ${view.epoch}, ballot ${view.ballot.round}.${view.ballot.server} ` +
      `promised ${view.promised.round}.${view.promised.server} commit ${view.commit} leader ${view.leader}` +
      `${view.happy ? ' happy' : ''}${view.abdicated ? ' abdicated' : ''} in flight ${view.inFlight}, ` +
      `${view.pendingBatches} batches, hears ${view.heard.join(',')}, gate ${opened.driver.gateWaiting}` +
      `${opened.wal.full ? ', disk full' : ''}`
    );
  }

  /** As a life after this one would open the log. */
  get nextIdentity(): WalIdentity {
    return this.#identity((this.#lives + 1) * 0x1_0000_0000);
  }

  #identity(incarnation: Incarnation): WalIdentity {
    const membership = this.#membership;
    demand(membership !== undefined, 'sealed before opening', () => `server ${this.id}`);
    return { ...(membership as Membership), serverId: this.id, birthId: this.#birthId, incarnation };
  }

  // --- a life -------------------------------------------------------------------------------------------------------

  #appliedDigest = '';
  readonly #boundaries = new Map<string, Point>();

  /** Its place on the wires; turns end when {@link #guarded} says so. */
  #host(clock: SimClock, run: (act: () => void) => void): Host | undefined {
    const { library, chances } = this.#world;
    if (library === undefined) return undefined;
    const random = chances.of(`wires of server ${this.id} in life ${this.#lives}`);
    return new Host(library.wires, { clock, turn: new Turn(() => undefined), random, run });
  }

  #librarySide(host: Host, events: ClientSideEvents, incarnation: Incarnation): ClientSide {
    const { library, logger } = this.#world;
    const address = library?.servers[this.id - 1] ?? '';
    const side = new LibrarySide({
      self: { id: this.id, birthId: this.#birthId, incarnation, address },
      host,
      logger: logger(this.id),
      events,
      balancer: library?.balancer ?? '',
      addresses: library?.servers ?? [],
      membership: () => this.#membership,
      onSealed: (membership) => this.#sealed(side, membership),
      later: (act) => host.later(act),
    });
    return side;
  }

  /** The balancer has sealed the cluster: on disk first, then the server begins. */
  #sealed(side: ClientSide, membership: Membership): void {
    const life = this.#life;
    this.#world.oracle.sealed(this.id, membership);
    if (life === undefined || life.side !== side || this.#membership !== undefined || life.isSealing) return;
    life.isSealing = true;
    this.#later(life, 2000, () => {
      this.#membership = membership;
      this.#open(life);
    });
  }

  #open(life: Life): void {
    const { oracle, options, makers } = this.#world;
    const isBegun = this.#world.origin !== undefined;
    const { segmentBytes } = options;
    const replayed: RecoveredEntry[] = [];
    openDriver(
      {
        disk: makers.disk(this.#disk),
        store: life.store,
        identity: this.#identity(life.incarnation),
        clock: life.clock,
        random: life.random.fork(),
        logger: this.#world.logger(this.id),
        transport: { send: (to, message) => this.#send(life, to, message), flush: (to) => this.onFlush(to) },
        listener: life.side,
        onMembers: () => this.#onMembers(life),
        onFatal: (error) => {
          const lawful = isDiskError(error) || this.#isDamage(error);
          demand(lawful && !life.failed, 'no fatal error', () => `server ${this.id}: ${error.message}`);
          life.failed = true;
          if (isDiskError(error)) this.#world.coverage.add('disk errors');
          else this.#refuse();
          this.#world.kernel.after(life.random.below(1000), tags.fault, () => this.#endOf(life));
        },
        wanted: () => true,
        expectLog: this.#everOpened,
        origin: this.#origin,
        wal: { segmentBytes, firstSegmentBytes: segmentBytes },
        stateChunkBytes: 1000,
        retainBytes: options.retainSegments === 0 ? undefined : options.retainSegments * segmentBytes,
        later: (act) => this.#later(life, 0, act),
        onReplay: (entry) => replayed.push(entry),
        plants: this.#world.plants,
        makeChat: (chatOptions) => this.#watchChat(makers.chat(withLimits(chatOptions, options), this.id)),
        makeReplica: (replicaOptions) => {
          const replica = new WatchedReplica({ ...replicaOptions, membersAheadSlots: options.membersAheadSlots });
          replica.watch = (effects) => oracle.persisted(this.id, effects.persist);
          replica.onDurable = (records) => oracle.synced(this.id, records);
          return replica;
        },
      },
      (error, opened) => {
        if (error !== undefined && isDiskError(error)) {
          // A process that starts on a full or failing disk ends, saying so; somebody starts it again.
          this.#world.kernel.after(0, tags.fault, () => this.#endOf(life));
          return;
        }
        if (isBegun && this.#damaged && error instanceof StorageError && stateLostCodes.has(error.code)) {
          // Whoever looks after it starts it with an empty directory, as it says.
          this.#empty();
          this.#world.kernel.after(0, tags.fault, () => this.#endOf(life));
          return;
        }
        if (error !== undefined && this.#isDamage(error)) {
          const mended = error instanceof DamagedLog && makers.mendsDamage(this.#disk, error);
          if (!mended) this.#refuse();
          this.#world.kernel.after(0, tags.fault, () => this.#endOf(life));
          return;
        }
        demand(opened !== undefined, 'recovery succeeds', () => `server ${this.id}: ${error?.message}`);
        if (opened === undefined) return;
        this.#everOpened = true;
        this.#origin = opened.chat.origin;
        if (isBegun) this.#damaged = false;
        const { recovered, checkpointSlot, chat } = opened;
        const entries = [...replayed, ...recovered.entries];
        const { coverage } = this.#world;
        if (checkpointSlot > 0) coverage.add('checkpoints loaded');
        if (recovered.cut !== undefined) coverage.add('torn tails');
        coverage.add('slots replayed', replayed.length);
        oracle.recovered(this.id, { ...recovered, entries }, checkpointSlot, chat);
        life.opened = opened;
        life.births = birthsOf(opened);
        life.side.start(opened);
        this.#scheduleTick(life);
        this.#world.onUp(this);
      },
    );
  }

  /** The members changed: links may be a member's now, or no longer. */
  #onMembers(life: Life): void {
    const { opened } = life;
    if (opened === undefined) return;
    const before = life.births;
    life.births = birthsOf(opened);
    for (const [peer, { birthId, incarnation }] of life.links) {
      const was = before.get(peer) === toHex(birthId);
      const is = life.births.get(peer) === toHex(birthId);
      if (was && !is) opened.driver.peerDown(peer);
      if (is && !was) opened.driver.peerUp(peer, incarnation);
    }
    if (this.#hasVoted || !opened.driver.view.votes) return;
    this.#hasVoted = true;
    this.#world.coverage.add('directories admitted');
  }

  /** As leader, once a second: as production's core does. */
  #considerMembers(life: Life): void {
    const { opened } = life;
    if (opened === undefined || opened.driver.view.leader !== this.id) return;
    const { roster, driver } = opened;
    const newcomers: Newcomer[] = [];
    for (const [id, { birthId, sinceMs }] of life.links) {
      if (life.births.get(id) !== toHex(birthId)) newcomers.push({ id, birthId, sinceMs });
    }
    const due = admissionDue({
      latest: roster.latest,
      settled: driver.view.epoch === roster.latest.epoch,
      newcomers,
      caughtUp: driver.view.caughtUpPeers,
      nowMs: life.clock.monotonicMs(),
    });
    if (due === undefined || due.epoch === life.proposedEpoch) return;
    life.proposedEpoch = due.epoch;
    life.side.propose(membersItem(due), () => roster.latest.epoch < due.epoch);
  }

  /** As production's operators' side; nobody waits for an answer. */
  decide({ verb, subject, count, ageMs, id: number }: Extract<DueFault, { kind: 'decide' }>): void {
    const life = this.#life;
    if (life?.opened === undefined) return;
    const zeros = new Uint8Array(TOKEN_HASH_BYTES);
    const id = Buffer.alloc(ID_BYTES);
    id.writeUInt32BE(number);
    const basis = life.opened.chat.decisions;
    const item = decisionItem({ verb, subject, count, ageMs, id, basis, tokenHash: zeros, why: `why ${number}` });
    this.#turnOf(life, () => life.side.propose(item, () => false));
  }

  #isDamage(error: Error): boolean {
    return this.#damaged && error instanceof StorageError && damageCodes.has(error.code);
  }

  /** It ends with exit code 7, and whoever looks after it does not start it again before the repair. */
  #refuse(): void {
    this.#world.coverage.add('damages noticed');
    switch (this.#world.options.repair) {
      case 'leave':
        this.#refused = true;
    }
  }

  /** Remembers the digest of what is applied, for the checkers that hear of it a moment later. */
  #watchChat(chat: ChatState): ChatState {
    const apply = chat.apply.bind(chat);
    chat.apply = (slot, value) => {
      this.#appliedDigest = digestOf(value);
      return apply(slot, value);
    };
    return chat;
  }

  #send(life: Life, to: ServerId, message: PaxosMessage): void {
    demand(!life.failed, 'silent after a disk error', () => `server ${this.id} sends ${message.type}`);
    this.#world.oracle.sent(this.id, `${this.id}/${life.number}`, to, message);
    this.#world.send(this.id, to, message);
    if (boundaryFrames.has(message.type)) this.#boundary(message.type);
  }

  /** The most expensive moments to crash at. */
  #boundary(where: string): void {
    const { tape, options } = this.#world;
    if (!this.#mayEnd) return;
    let point = this.#boundaries.get(where);
    if (point === undefined) {
      point = tape.point(`crash ${this.id} at ${where}`);
      this.#boundaries.set(where, point);
    }
    const rate = options.boundaryCrashPer100k * (boundaryWeights[where] ?? 5);
    const forUs = point.strikes(rate, (random) => downUs(random, options));
    if (forUs !== undefined) throw new CrashSignal(where, forUs);
  }

  #scheduleTick(life: Life): void {
    const { kernel } = this.#world;
    life.tick = kernel.after(life.clock.trueUs(limits.tickMs), tags.tick, () => {
      // A paused server's ticks are not made up: after a stall the shell gives few, never the whole backlog.
      if (!this.isPaused) {
        this.#turnOf(life, () => {
          life.ticks++;
          life.opened?.driver.tick();
          if (life.ticks % 100 === 0) {
            life.side.tick(life.clock.monotonicMs());
            this.#considerMembers(life);
          }
          const full = life.opened?.wal.full === true;
          if (full && !life.full) this.#world.coverage.add('disk-full episodes');
          life.full = full;
          demand((life.opened?.driver.gateWaiting ?? 0) <= limits.gateWaitingMax, 'bounded queues', () => 'the gate');
        });
      }
      if (this.#life === life) this.#scheduleTick(life);
    });
  }

  /** Runs one turn of the event loop of the present life, later if it is paused. */
  #turn(act: (life: Life) => void): void {
    const life = this.#life;
    if (life !== undefined) this.#turnOf(life, () => act(life));
  }

  #turnOf(life: Life, act: () => void): void {
    if (this.#life !== life) return;
    if (this.isPaused || this.#backlog.length > 0) {
      if (this.#backlog.length < backlogMax) this.#backlog.push(() => this.#guarded(life, act));
      return;
    }
    this.#guarded(life, act);
  }

  #guarded(life: Life, act: () => void): void {
    if (this.#life !== life) return;
    try {
      act();
      life.side.flush();
      life.opened?.driver.endOfTurn();
    } catch (error) {
      if (!(error instanceof CrashSignal)) throw error;
      this.#world.coverage.add('boundary crashes');
      this.crash(error.forUs);
    }
  }

  #resume(): void {
    if (this.isPaused) return;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const turn of backlog) turn();
  }

  /** The process ended by itself: everything written stays, unless the disk failed. */
  #endOf(life: Life): void {
    if (this.#life !== life) return;
    this.#disk = life.failed ? this.#disk.crash() : this.#disk.kill();
    this.#end(life);
  }

  #end(life: Life, forUs = life.downUs ?? downUs(life.random, this.#world.options)): void {
    this.#life = undefined;
    this.#world.coverage.add('resubmissions', life.side.resubmitted);
    this.#backlog = [];
    this.#pausedUntilUs = 0;
    if (life.tick !== undefined) this.#world.kernel.cancel(life.tick);
    if (life.store.crash(life.random)) this.#world.coverage.add('checkpoints cut off');
    life.side.end();
    life.host?.die(this.#world.options.crashClosesLinks);
    if (this.#world.options.memory) this.#empty();
    this.#world.onDown(this, forUs);
  }

  #later(life: Life, delayUs: number, act: () => void): void {
    this.#world.kernel.after(delayUs === 0 ? 0 : life.random.below(delayUs), tags.disk, () => this.#turnOf(life, act));
  }

  // --- its disk -----------------------------------------------------------------------------------------------------

  #diskOptions(life: Life | undefined): SimDiskOptions {
    const { kernel, options, chances, tape } = this.#world;
    const slow = tape.point(`slow sync of ${this.id}`);
    return {
      random: chances.of(`disk of ${this.id} in life ${this.#lives}`),
      writeUs: [1, options.writeUs],
      readUs: [Math.floor(options.readUs / 10), options.readUs],
      directoryUs: [50, 500],
      syncUs: [Math.floor(options.syncUs / 2), Math.ceil(options.syncUs * 1.5)],
      schedule: (delayUs, act, operation) => {
        const slowUs =
          operation === 'sync' ? slow.strikes(100 * options.slowSyncPerMille, (random) => random.below(3_000_000)) : 0;
        kernel.after(delayUs + (slowUs ?? 0), tags.disk, () => {
          if (life === undefined) act();
          else this.#turnOf(life, act);
        });
      },
    };
  }

  #watchDisk(life: Life): void {
    this.#disk.onOperation = (operation) => {
      if (operation === 'sync' && life.opened !== undefined) this.#boundary('sync');
    };
  }
}

/** The directories that ids stand for to this server. */
function birthsOf({ roster, driver }: OpenedDriver): ReadonlyMap<ServerId, string> {
  return new Map([...roster.links(driver.view.epoch).values()].map(({ id, birthId }) => [id, toHex(birthId)]));
}

function withLimits(options: ChatOptions, { sessionExpiryMs, membersAheadSlots }: SimOptions): ChatOptions {
  const expiry = sessionExpiryMs === 0 ? {} : { sessionExpiryMs };
  return { ...options, limits: { ...options.limits, ...expiry, membersAheadSlots } };
}
