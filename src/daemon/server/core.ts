/** A server that knows its cluster: driver, peers and clients joined, ticking, until it stops or fails. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Logger, limits, nodeClock, Prng, type Timer } from '../../base/index.js';
import { type FrameConnection, type NetContext, Stage } from '../../net/index.js';
import { LinkFilter } from '../../proxy/index.js';
import { type Directory, type Disk, LevelStore, type StateStore } from '../../storage/index.js';
import { type Hello, type MemberAddress, membershipHash, type RefusalCode, type ServerId } from '../../wire/index.js';
import { plainWelcome } from '../hello-gate.js';
import { AbsentServers } from './absent-servers.js';
import { Clients } from './clients.js';
import type { Membership, Self } from './hello.js';
import { History } from './history.js';
import { type OpenedDriver, openDriver } from './open-driver.js';
import { answerOperator } from './operators.js';
import { Peers } from './peers.js';

export interface CoreOptions {
  readonly self: Self;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly disk: Disk;
  readonly dataDir: string;
  readonly context: NetContext;
  readonly logger: Logger;
  /** Clients came or went, or the leader changed: the balancers should hear of it. */
  readonly onLoad: () => void;
  /** The process must stop at once; nothing is sent any more. Called once. */
  readonly onFatal: (error: unknown) => void;
  /** A peer proves that another life of this server exists: it must stop. */
  readonly onRefused: (peer: ServerId, code: RefusalCode, text: string) => void;
  /** Faults on the links to other servers; undefined: none. */
  readonly mode: string | undefined;
  /** Bytes of log kept at least; undefined: all of it. */
  readonly retainBytes: number | undefined;
  /** Only tests give another one than `limits.segmentBytes`. */
  readonly segmentBytes: number | undefined;
}

export class Core {
  readonly #options: CoreOptions;
  readonly #opened: Pick<OpenedDriver, 'driver' | 'wal'>;
  readonly #store: StateStore;
  readonly clients: Clients;
  readonly peers: Peers;
  #interval: NodeJS.Timeout | undefined;
  readonly #absent: AbsentServers;
  #tickedMs: number;
  #housekeptMs = 0;
  #walArmed = false;
  #wasFull = false;
  #ended = false;

  /** Use {@link openCore}. */
  constructor(options: CoreOptions, store: StateStore, opened: OpenedDriver, hooks: CoreHooks) {
    this.#options = options;
    this.#store = store;
    const { self, membership, context, logger } = options;
    const { driver, chat, reader, wal, sets, index } = opened;
    // Not the whole of it: what was recovered is the replica's, and would stay in memory for ever here.
    this.#opened = { driver, wal };
    this.#tickedMs = nodeClock.monotonicMs();
    const others = membership.members.map(({ id }) => id).filter((id) => id !== self.id);
    this.#absent = new AbsentServers(others, this.#tickedMs);
    this.peers = new Peers({
      self,
      membership,
      context,
      logger,
      events: {
        peerUp: (peer, incarnation) => this.#drive(() => driver.peerUp(peer, incarnation)),
        peerDown: (peer) => this.#drive(() => driver.peerDown(peer)),
        message: (from, message) => this.#drive(() => driver.message(from, message)),
      },
      onRefused: options.onRefused,
      filter: options.mode === undefined ? undefined : new LinkFilter(nodeClock, logger, self.id, options.mode),
    });
    const history = new History({
      chat,
      rows: () => sets.liveSet.chat,
      index,
      reader,
      onFatal: (error) => driver.onFatal(error),
    });
    this.clients = new Clients({
      serverId: self.id,
      servers: membership.members.length,
      driver: {
        submit: (batch, bytes) => this.#drive(() => driver.submit(batch, bytes)),
        answered: (batch) => this.#drive(() => driver.answered(batch)),
        read: (id) => this.#drive(() => driver.read(id)),
      },
      chat,
      history,
      clock: nodeClock,
      turn: context.turn,
      logger,
      isFull: () => wal.full,
      addresses: () => this.addresses(),
      answerOperator: (message) =>
        answerOperator(message, {
          self,
          membership,
          driver,
          chat,
          clients: () => this.clients.count,
          addressOf: (id) => (id === self.id ? self.address : this.peers.addressOf(id)),
          faults: options.mode ?? '',
          note: () => noteOf(wal.full, driver.fetchesState),
        }),
      onCountChanged: options.onLoad,
    });
    hooks.clients = this.clients;
    hooks.send = (to, message) => this.peers.send(to, message);
    hooks.afterDisk = () => this.#armWal();
  }

  /** Links to the peers, and time. */
  start(addresses: readonly MemberAddress[]): void {
    this.peers.setAddresses(addresses);
    this.peers.start();
    this.#tickedMs = nodeClock.monotonicMs();
    this.#interval = setInterval(() => this.#onInterval(), limits.tickMs);
  }

  /** The addresses of all servers as far as they are known, this one's included. */
  addresses(): string[] {
    const { self, membership } = this.#options;
    return membership.members
      .map(({ id }) => (id === self.id ? self.address : this.peers.addressOf(id)))
      .filter((address) => address !== '');
  }

  /** The load and standing that the balancer hears. */
  load(): { clients: number; arrivedEver: number; leader: ServerId; hasMajority: boolean } {
    const standing = this.clients.lastStanding;
    return {
      clients: this.clients.count,
      arrivedEver: this.clients.arrivedEver,
      leader: standing?.leader ?? 0,
      hasMajority: (standing?.up ?? 1) * 2 > this.#options.membership.members.length,
    };
  }

  /** A connection whose hello was read. */
  accept(connection: FrameConnection, hello: Hello): void {
    const { self, membership } = this.#options;
    if (hello.role === 'server') {
      this.peers.accept(connection, hello);
      return;
    }
    connection.send(
      plainWelcome({
        clusterId: membership.clusterId,
        membershipHash: membershipHash(membership.epoch, membership.members),
        epoch: membership.epoch,
        serverId: self.id,
        incarnation: self.incarnation,
      }),
    );
    this.clients.accept(connection, hello);
  }

  /** Sends the clients away and hands leadership over; resolves when that is done or took too long. */
  handOver(): Promise<void> {
    this.clients.stop('this server stops: go on with another one');
    return new Promise((resolve) => {
      const timer: Timer = nodeClock.setTimeout(resolve, limits.handoverMs * 2);
      this.clients.onceStopped(() => {
        nodeClock.clearTimeout(timer);
        resolve();
      });
      this.#drive(() => this.#opened.driver.stop());
    });
  }

  /** No more input, no more ticks; the links end with or without a word. */
  end(orderly: boolean): void {
    this.#ended = true;
    this.#opened.driver.end();
    if (this.#interval !== undefined) clearInterval(this.#interval);
    if (orderly) this.peers.stop();
    else {
      this.peers.abandon();
      this.clients.abandon();
    }
  }

  /** Flushes the log and closes the files; after {@link end}. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#opened.wal.close(() => resolve()));
    await new Promise<void>((resolve) => this.#store.close(() => resolve()));
  }

  /**
   * After a stall the replica gets a few ticks, never the backlog, and only after the frames that arrived meanwhile: it
   * must not take its own stall for the silence of others (RELIABILITY.md 37).
   */
  #onInterval(): void {
    const nowMs = nodeClock.monotonicMs();
    const due = Math.floor((nowMs - this.#tickedMs) / limits.tickMs);
    if (due === 0) return;
    const ticks = Math.min(due, limits.ticksPerFiring);
    this.#tickedMs = ticks < due ? nowMs : this.#tickedMs + due * limits.tickMs;
    setImmediate(() => {
      for (let i = 0; i < ticks; i++) this.#drive(() => this.#opened.driver.tick());
      if (nowMs - this.#housekeptMs >= 1_000) this.#housekeep(nowMs);
    });
  }

  #housekeep(nowMs: number): void {
    if (this.#ended) return;
    this.#housekeptMs = nowMs;
    this.clients.tick(nowMs);
    const { heard, leader } = this.#opened.driver.view;
    const absent = this.#absent.due(heard, leader === this.#options.self.id, nowMs);
    if (absent.length > 0) this.clients.leaveOf(absent);
    const { full } = this.#opened.wal;
    if (full === this.#wasFull) return;
    this.#wasFull = full;
    if (full) this.#options.logger.error('the disk is full: this server only reads; free some space', {});
    else this.#options.logger.info('the disk has space again: going on', {});
  }

  /** One step of the driver; whatever it throws is a broken rule of ours, after which nothing may be sent. */
  #drive(work: () => void): void {
    if (this.#ended) return;
    try {
      work();
    } catch (error) {
      this.#options.onFatal(error);
      return;
    }
    this.#armWal();
  }

  /** Once per turn: everything appended in it goes to the disk in one write. */
  #armWal(): void {
    if (this.#walArmed || this.#ended) return;
    this.#walArmed = true;
    this.#options.context.turn.defer(() => {
      this.#walArmed = false;
      if (!this.#ended) this.#opened.driver.endOfTurn();
    }, Stage.wal);
  }
}

/** What the driver calls before the parts that answer exist. */
interface CoreHooks {
  clients: Clients | undefined;
  send: Peers['send'];
  afterDisk: () => void;
}

/** Opens store and log, replays, and joins the parts. Fails with an ExitError; nothing was sent then. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { directory, disk, dataDir, logger } = options;
  const store = await openStore(path.join(dataDir, 'state'));
  const hooks: CoreHooks = { clients: undefined, send: () => undefined, afterDisk: () => undefined };
  try {
    const opened = await new Promise<OpenedDriver>((resolve, reject) => {
      openDriver(
        {
          disk,
          store,
          identity: directory.walIdentity,
          clock: nodeClock,
          random: new Prng(randomBytes(6).readUIntBE(0, 6)),
          logger,
          transport: { send: (to, message) => hooks.send(to, message) },
          listener: {
            applied: (applied) => hooks.clients?.applied(applied),
            installed: () => hooks.clients?.installed(),
            settled: (batches) => hooks.clients?.settled(batches),
            refused: (batches) => hooks.clients?.refused(batches),
            standing: (change) => {
              logger.info('standing', { leader: change.leader, up: change.up, leading: change.leading });
              hooks.clients?.standing(change);
              options.onLoad();
            },
            read: (id, fresh) => hooks.clients?.read(id, fresh),
            stopped: () => hooks.clients?.stopped(),
          },
          onFatal: options.onFatal,
          afterDisk: () => hooks.afterDisk(),
          wanted: (room) => hooks.clients?.subscriptions.wanted(room) ?? false,
          expectLog: directory.expectLog,
          retainBytes: options.retainBytes,
          ...(options.segmentBytes === undefined ? {} : { wal: walSizes(options.segmentBytes) }),
        },
        (error, result) => (result === undefined ? reject(error) : resolve(result)),
      );
    });
    await new Promise<void>((resolve, reject) => {
      directory.logBegun((error) => (error === undefined ? resolve() : reject(error)));
    });
    return new Core(options, store, opened, hooks);
  } catch (error) {
    await new Promise<void>((resolve) => store.close(() => resolve()));
    throw error;
  }
}

/** What an operator should know of this server. */
function noteOf(isFull: boolean, fetchesState: boolean): string {
  if (isFull) return 'disk full: free some space; until then this server only reads';
  return fetchesState ? 'away for longer than the log is kept: takes over the state of another server' : '';
}

function walSizes(segmentBytes: number): { segmentBytes: number; firstSegmentBytes: number } {
  return { segmentBytes, firstSegmentBytes: segmentBytes };
}

function openStore(directory: string): Promise<StateStore> {
  return new Promise((resolve, reject) => {
    LevelStore.open(directory, (error, store) => (store === undefined ? reject(error) : resolve(store)));
  });
}
