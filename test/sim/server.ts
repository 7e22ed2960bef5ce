/**
 * One simulated server: production's driver, replica, log, state machine and submissions on a simulated disk, life
 * after life.
 */
import { type Logger, limits, type Prng } from '../../src/base/index.js';
import type { ChatOptions, ChatState } from '../../src/chat/index.js';
import { type OpenedDriver, openDriver } from '../../src/daemon/server/open-driver.js';
import { type Effects, type Input, type Now, type PaxosMessage, type Plants, Replica } from '../../src/paxos/index.js';
import { MemoryRows, MemoryStore, type RecoveredEntry, StorageError } from '../../src/storage/index.js';
import type { Incarnation, Member, ServerId } from '../../src/wire/index.js';
import { SimDisk, type SimDiskOptions } from '../support/sim-disk.js';
import type { Oracle } from './checkers/oracle.js';
import type { Connection, ServerEnd, ToServer } from './connection.js';
import type { Coverage } from './coverage.js';
import { digestOf } from './digest.js';
import { Front } from './front.js';
import { type EventHandle, type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';
import { SimClock } from './sim-clock.js';
import { CrashSignal, demand } from './violation.js';

/** What a server needs of the cluster around it. */
export interface Surroundings {
  readonly kernel: Kernel;
  readonly options: SimOptions;
  readonly oracle: Oracle;
  readonly coverage: Coverage;
  readonly members: readonly Member[];
  readonly clusterId: Uint8Array;
  readonly plants: Partial<Plants>;
  readonly logger: (id: ServerId) => Logger;
  readonly makeChat: (options: ChatOptions) => ChatState;
  /** A frame leaves. */
  readonly send: (from: ServerId, to: ServerId, message: PaxosMessage) => void;
  /** True if a crash should strike now; asked at every boundary while faults are on. */
  readonly strikes: (id: ServerId, where: string) => boolean;
  /** True while syncs may be slow. */
  readonly faulty: () => boolean;
  readonly onUp: (server: SimServer) => void;
  readonly onDown: (server: SimServer) => void;
}

/** One life of the process. */
interface Life {
  readonly number: number;
  readonly incarnation: Incarnation;
  readonly clock: SimClock;
  readonly front: Front;
  readonly store: MemoryStore;
  opened: OpenedDriver | undefined;
  tick: EventHandle | undefined;
  ticks: number;
  /** A disk error: it must do nothing more. */
  failed: boolean;
  /** As the last tick saw it. */
  full: boolean;
}

/** Tells the oracle what a replica persists and what it hears of the disk. */
class WatchedReplica extends Replica {
  watch: ((input: Input, effects: Effects) => void) | undefined;
  onDurable: ((records: number) => void) | undefined;

  override step(input: Input, now: Now): Effects {
    if (input.kind === 'durable') this.onDurable?.(input.records);
    const effects = super.step(input, now);
    this.watch?.(input, effects);
    return effects;
  }
}

/** True for what a disk may do to a server, which then has to end. */
function isDiskError(error: Error): boolean {
  return error instanceof StorageError && error.code === 'DISK_ERROR';
}

/** What piles up for a paused server at most; the rest is lost, as in a full socket buffer. */
const backlogMax = 20_000;
/** The most expensive frames to lose a server behind: crashes strike there ten times as often. */
const boundaryFrames = new Set<PaxosMessage['type']>(['promise', 'accepted', 'prepare', 'accept']);

export class SimServer implements ServerEnd {
  readonly id: ServerId;
  readonly #world: Surroundings;
  readonly #random: Prng;
  #disk: SimDisk;
  #rows = new MemoryRows();
  readonly #clockRate: number;
  #lives = 0;
  #life: Life | undefined;
  #pausedUntilUs = 0;
  #backlog: (() => void)[] = [];
  #everOpened = false;

  constructor(id: ServerId, world: Surroundings, random: Prng) {
    this.id = id;
    this.#world = world;
    this.#random = random;
    const skew = world.options.clockSkewPerMille;
    this.#clockRate = 1000 + (skew === 0 ? 0 : random.between(-skew, skew));
    this.#disk = new SimDisk(this.#diskOptions(undefined));
  }

  /** True between start and crash, also while it recovers. */
  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** The driver and its parts once recovery is over. */
  get opened(): OpenedDriver | undefined {
    return this.#life?.opened;
  }

  get front(): Front | undefined {
    return this.#life?.front;
  }

  get incarnation(): Incarnation {
    return this.#life?.incarnation ?? 0;
  }

  get disk(): SimDisk {
    return this.#disk;
  }

  get isPaused(): boolean {
    return this.#world.kernel.nowUs < this.#pausedUntilUs;
  }

  /** Begins a life: recovers from the disk, then runs. */
  start(): void {
    if (this.#life !== undefined) return;
    const { kernel, oracle, options, coverage } = this.#world;
    if (options.storeLossPercent > 0 && this.#everOpened && this.#random.chance(options.storeLossPercent, 100)) {
      this.loseStore();
      coverage.add('stores rebuilt');
    }
    this.#lives++;
    const clock = new SimClock(kernel, {
      rate: this.#clockRate,
      wallMs: 1_700_000_000_000 + this.#random.below(1_000_000),
      run: (act) => this.#turnOf(life, act),
    });
    const front = new Front(this.id, {
      counted: (name) => coverage.add(name),
      applied: (applied) => {
        const chat = life.opened?.chat;
        const slot = applied.slot;
        if (chat !== undefined) oracle.applied(this.id, applied, this.#appliedDigest, chat.hash);
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
    });
    const life: Life = {
      number: this.#lives,
      incarnation: this.#lives * 0x1_0000_0000 + this.#random.below(0x1_0000_0000),
      clock,
      front,
      store: new MemoryStore(this.#rows, (act) => this.#later(life, 200, act)),
      opened: undefined,
      tick: undefined,
      ticks: 0,
      failed: false,
      full: false,
    };
    this.#life = life;
    this.#disk = this.#disk.kill(this.#diskOptions(life));
    this.#watchDisk(life);
    this.#guarded(life, () => this.#open(life));
  }

  /** The checkpoints are gone, as if somebody had moved the directory away: only while it is down. */
  loseStore(): void {
    if (this.#life !== undefined) return;
    this.#rows = new MemoryRows();
    this.#world.oracle.storeLost(this.id);
  }

  /** Takes over another server's checkpoints, as if somebody had mixed up two directories: only while it is down. */
  mixUpStore(other: SimServer): void {
    if (this.#life === undefined) this.#rows = other.#rows;
  }

  /** Power failure: what was not synced may be gone or torn. */
  crash(): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#disk = this.#disk.crash();
    this.#end(life);
  }

  /** SIGTERM: hands over, then ends. */
  stop(): void {
    const life = this.#life;
    if (life?.opened === undefined) return this.crash();
    this.#world.coverage.add('orderly stops');
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

  frame(from: ServerId, message: PaxosMessage): void {
    this.#turn((life) => life.opened?.driver.message(from, message));
  }

  peerUp(peer: ServerId, incarnation: Incarnation): void {
    this.#turn((life) => life.opened?.driver.peerUp(peer, incarnation));
  }

  peerDown(peer: ServerId): void {
    this.#turn((life) => life.opened?.driver.peerDown(peer));
  }

  received(connection: Connection, frame: ToServer): void {
    this.#turn((life) => {
      if (life.opened !== undefined) life.front.received(connection, frame);
    });
  }

  closed(connection: Connection): void {
    this.#turn((life) => life.front.closed(connection, life.clock.monotonicMs()));
  }

  describe(): string {
    const opened = this.opened;
    if (opened === undefined) return `server ${this.id}: ${this.isUp ? 'recovering' : 'down'}`;
    const view = opened.driver.view;
    return (
      `server ${this.id} life ${this.#lives}${this.isPaused ? ' paused' : ''}: ` +
      `${view.role} ballot ${view.ballot.round}.${view.ballot.server} ` +
      `promised ${view.promised.round}.${view.promised.server} commit ${view.commit} leader ${view.leader}` +
      `${view.happy ? ' happy' : ''}${view.abdicated ? ' abdicated' : ''} in flight ${view.inFlight}, ` +
      `${view.pendingBatches} batches, hears ${view.heard.join(',')}, gate ${opened.driver.gateWaiting}` +
      `${opened.wal.full ? ', disk full' : ''}`
    );
  }

  // --- a life -------------------------------------------------------------------------------------------------------

  #appliedDigest = '';

  #open(life: Life): void {
    const { oracle, options, members, clusterId } = this.#world;
    const segmentBytes = segmentBytesOf(options);
    const replayed: RecoveredEntry[] = [];
    openDriver(
      {
        disk: this.#disk,
        store: life.store,
        identity: {
          clusterId,
          serverId: this.id,
          birthId: (members[this.id - 1] as Member).birthId,
          epoch: 1,
          members,
          incarnation: life.incarnation,
        },
        clock: life.clock,
        random: this.#random.fork(),
        logger: this.#world.logger(this.id),
        transport: { send: (to, message) => this.#send(life, to, message) },
        listener: life.front,
        onFatal: (error) => {
          demand(isDiskError(error) && !life.failed, 'no fatal error', () => `server ${this.id}: ${error.message}`);
          life.failed = true;
          this.#world.coverage.add('sync errors');
          this.#world.kernel.after(this.#random.below(1000), tags.fault, () => this.#endOf(life));
        },
        wanted: () => true,
        expectLog: this.#everOpened,
        wal: { segmentBytes, firstSegmentBytes: segmentBytes },
        stateChunkBytes: 1000,
        retainBytes: options.retainSegments === 0 ? undefined : options.retainSegments * segmentBytes,
        later: (act) => this.#later(life, 0, act),
        onReplay: (entry) => replayed.push(entry),
        plants: this.#world.plants,
        makeChat: (chatOptions) => this.#watchChat(this.#world.makeChat(withExpiry(chatOptions, options))),
        makeReplica: (replicaOptions) => {
          const replica = new WatchedReplica(replicaOptions);
          replica.watch = (_input, effects) => oracle.persisted(this.id, effects.persist);
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
        demand(opened !== undefined, 'recovery succeeds', () => `server ${this.id}: ${error?.message}`);
        if (opened === undefined) return;
        this.#everOpened = true;
        const { recovered, checkpointSlot, chat } = opened;
        const entries = [...replayed, ...recovered.entries];
        const { coverage } = this.#world;
        if (checkpointSlot > 0) coverage.add('checkpoints loaded');
        if (recovered.cut !== undefined) coverage.add('torn tails');
        coverage.add('slots replayed', replayed.length);
        oracle.recovered(this.id, { ...recovered, entries }, checkpointSlot, chat);
        life.opened = opened;
        life.front.start(opened);
        this.#scheduleTick(life);
        this.#world.onUp(this);
      },
    );
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

  #boundary(where: string): void {
    if (this.#world.strikes(this.id, where)) throw new CrashSignal(where);
  }

  #scheduleTick(life: Life): void {
    const { kernel } = this.#world;
    life.tick = kernel.after(life.clock.trueUs(limits.tickMs), tags.tick, () => {
      // A paused server's ticks are not made up: after a stall the shell gives few, never the whole backlog.
      if (!this.isPaused) {
        this.#turnOf(life, () => {
          life.ticks++;
          life.opened?.driver.tick();
          if (life.ticks % 100 === 0) life.front.tick(life.clock.monotonicMs());
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
      if (life.opened !== undefined) {
        life.front.submissions.flush();
        life.opened.driver.endOfTurn();
      }
    } catch (error) {
      if (!(error instanceof CrashSignal)) throw error;
      this.#world.coverage.add('boundary crashes');
      this.crash();
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

  #end(life: Life): void {
    this.#life = undefined;
    this.#world.coverage.add('resubmissions', life.front.submissions.resubmitted);
    this.#backlog = [];
    this.#pausedUntilUs = 0;
    if (life.tick !== undefined) this.#world.kernel.cancel(life.tick);
    life.store.close(() => undefined);
    for (const connection of life.front.connections) connection.close();
    this.#world.onDown(this);
  }

  #later(life: Life, delayUs: number, act: () => void): void {
    this.#world.kernel.after(delayUs === 0 ? 0 : this.#random.below(delayUs), tags.disk, () => this.#turnOf(life, act));
  }

  // --- its disk -----------------------------------------------------------------------------------------------------

  #diskOptions(life: Life | undefined): SimDiskOptions {
    const { kernel, options, faulty } = this.#world;
    return {
      random: this.#random,
      writeUs: [1, 20],
      readUs: [20, 200],
      directoryUs: [50, 500],
      syncUs: [Math.floor(options.syncUs / 2), Math.ceil(options.syncUs * 1.5)],
      schedule: (delayUs, act) => {
        let waitUs = delayUs;
        if (delayUs >= options.syncUs / 2 && faulty() && this.#random.chance(options.slowSyncPerMille, 1000)) {
          waitUs += this.#random.below(3_000_000);
        }
        kernel.after(waitUs, tags.disk, () => {
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

/** Small enough that logs roll, where disks fill up even within seconds; large enough for the longest record. */
function segmentBytesOf({ textBytesMax, diskFullEveryUs, retainSegments }: SimOptions): number {
  if (textBytesMax > 500) return 1 << 20;
  if (retainSegments > 0) return 1 << 13;
  return diskFullEveryUs > 0 ? 1 << 15 : 1 << 17;
}

function withExpiry(options: ChatOptions, { sessionExpiryMs }: SimOptions): ChatOptions {
  return sessionExpiryMs === 0 ? options : { ...options, limits: { ...options.limits, sessionExpiryMs } };
}
