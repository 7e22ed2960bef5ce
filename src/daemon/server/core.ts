/** A server that knows its cluster: driver, peers and clients joined, ticking, until it stops or fails. */
import { randomBytes } from 'node:crypto';
import { type Logger, limits, nodeClock, type Timer } from '../../base/index.js';
import type { Decided } from '../../chat/index.js';
import { type FrameConnection, type NetContext, Stage } from '../../net/index.js';
import type { PaxosMessage } from '../../paxos/index.js';
import { LinkFilter } from '../../proxy/index.js';
import type { Directory, Disk, StateStore, StoreHome } from '../../storage/index.js';
import {
  features,
  type Hello,
  ID_BYTES,
  type MemberAddress,
  type RefusalCode,
  type ServerId,
} from '../../wire/index.js';
import { AbsentServers } from './absent-servers.js';
import { Clients } from './clients.js';
import { Decisions } from './decisions.js';
import { DemandKeeper } from './demands.js';
import type { Transport } from './driver.js';
import type { Ground } from './ground.js';
import { helloOf, type Membership, type Self, welcomeOf } from './hello.js';
import { History } from './history.js';
import { MembersView } from './members-view.js';
import { MessageRate } from './message-rate.js';
import type { OpenedDriver } from './open-driver.js';
import { Peers } from './peers.js';
import { Reconfiguration } from './reconfiguration.js';
import { Report } from './report.js';
import type { Roster } from './roster.js';
import { closeStore, setStoreAside } from './stored-driver.js';
import { Ticker } from './ticker.js';

export interface CoreOptions {
  readonly self: Self;
  /** What the directory is sealed with; who the members are now, the log says. */
  readonly sealed: Membership;
  readonly directory: Directory;
  readonly disk: Disk;
  readonly storeHome: StoreHome;
  readonly wal: Ground['wal'];
  /** Nothing is on disk (`--memory`). */
  readonly keepsNothing: boolean;
  readonly context: NetContext;
  readonly logger: Logger;
  /** Clients came or went, or the leader changed: the balancers should hear of it. */
  readonly onLoad: () => void;
  /** The log changed the members: so should the balancers. */
  readonly onMembers: () => void;
  /** The process must stop at once; nothing is sent any more. Called once. */
  readonly onFatal: (error: unknown) => void;
  /** A peer proves that another life of this server exists: it must stop. */
  readonly onRefused: (peer: ServerId, code: RefusalCode, text: string) => void;
  /** Where the HTTP pages are, "" for none. */
  readonly http: string;
  /** Faults on the links to other servers; undefined: none. */
  readonly mode: string | undefined;
  /** Bytes of log kept at least; undefined: all of it. */
  readonly retainBytes: number | undefined;
  /** Of one name and of one connection; undefined: any number. */
  readonly messagesPerSecond: number | undefined;
  /** Only tests give another one than `limits.segmentBytes`. */
  readonly segmentBytes: number | undefined;
}

/** What the driver calls before the parts that answer exist. */
export interface CoreHooks {
  clients: Clients | undefined;
  transport: Transport;
  afterDisk: () => void;
  members: () => void;
  decided: (decisions: readonly Decided[]) => void;
  /** What ended the server was its state store, which the next start must not find. */
  damage: Error | undefined;
}

/** Commits that wait for the end of the turn. */
const lateCommitsMax = 64;

export class Core {
  readonly #options: CoreOptions;
  readonly #opened: Pick<OpenedDriver, 'driver' | 'wal' | 'chat'>;
  readonly #decisions: Decisions;
  /** What the peers were last told that a server must know. */
  #needs: number;
  readonly #roster: Roster;
  /** Members that say that this server is none. */
  readonly #refusedBy = new Set<ServerId>();
  readonly #store: StateStore;
  readonly #hooks: CoreHooks;
  readonly #ticker: Ticker;
  readonly members: MembersView;
  readonly #reconfiguration: Reconfiguration;
  readonly clients: Clients;
  readonly peers: Peers;
  /** What others are told of it. */
  readonly report: Report;
  readonly #absent: AbsentServers;
  #housekeptMs = 0;
  #walArmed = false;
  #lateCommits = 0;
  readonly #demands: DemandKeeper;
  #ended = false;
  /** Ends as it should, with nothing broken before. */
  #isOrderly = false;

  /** Use openCore (open-core.ts). */
  constructor(options: CoreOptions, store: StateStore, opened: OpenedDriver, hooks: CoreHooks) {
    this.#options = options;
    this.#store = store;
    this.#hooks = hooks;
    const { self, context, logger } = options;
    const { driver, chat, reader, wal, roster, sets, index } = opened;
    // Not the whole of it: what was recovered is the replica's, and would stay in memory for ever here.
    this.#opened = { driver, wal, chat };
    this.#roster = roster;
    this.#ticker = new Ticker(nodeClock, context.turn, (ticks, nowMs) => this.#onTicks(ticks, nowMs));
    this.#demands = new DemandKeeper(options.directory, chat, options.onFatal);
    const members = new MembersView({
      self,
      sealed: options.sealed,
      roster,
      driver,
      demands: this.#demands,
      addressOf: (peer) => this.peers.addressOf(peer),
    });
    this.members = members;
    this.#absent = new AbsentServers(members.others, nodeClock.monotonicMs());
    const { book } = members;
    this.#needs = book.needs;
    this.peers = new Peers({
      self,
      book,
      hello: () => helloOf('server', self, members.membership),
      welcome: () => welcomeOf(self, members.membership),
      context,
      logger,
      events: {
        peerUp: (peer, incarnation) => {
          this.#refusedBy.delete(peer);
          this.#drive(() => driver.peerUp(peer, incarnation));
        },
        peerDown: (peer) => this.#drive(() => driver.peerDown(peer)),
        message: (from, message) => this.#onPeerMessage(from, message),
      },
      onRefused: (peer, code, text) => this.#onRefused(peer, code, text),
      filter: options.mode === undefined ? undefined : new LinkFilter(nodeClock, logger, self.id, options.mode),
    });
    this.#decisions = new Decisions({
      chat,
      clock: nodeClock,
      newId: () => randomBytes(ID_BYTES),
      readFresh: (done) => this.clients.freshReads.begin(done),
      unsure: () => this.peers.lacking(features.decisions),
      propose: (item, isPending) => this.clients.propose(item, isPending),
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
      servers: () => members.membership.members.length,
      driver: {
        submit: (batch, bytes) => this.#drive(() => driver.submit(batch, bytes)),
        answered: (batch) => this.#drive(() => driver.answered(batch)),
        read: (id) => this.#drive(() => driver.read(id)),
        serves: (serves) => this.#drive(() => driver.serves(serves)),
      },
      chat,
      history,
      clock: nodeClock,
      turn: context.turn,
      logger,
      isFull: () => wal.full,
      addresses: () => members.addresses,
      answerOperator: (message) => this.report.answer(message),
      rate: options.messagesPerSecond === undefined ? undefined : new MessageRate(options.messagesPerSecond, nodeClock),
      decide: (wish, reply) => this.#decisions.wish(wish, reply),
      onCountChanged: options.onLoad,
    });
    this.#reconfiguration = new Reconfiguration({
      roster,
      members,
      driver,
      peers: this.peers,
      clock: nodeClock,
      logger,
      propose: (item, isPending) => this.clients.propose(item, isPending),
    });
    this.report = new Report({
      self,
      clusterId: options.sealed.clusterId,
      driver,
      wal,
      chat,
      roster,
      clients: this.clients,
      peers: this.peers,
      loopDelay: this.#ticker.loopDelay,
      others: () => members.others,
      seats: (request) => members.seats(request),
      governing: () => members.governing,
      propose: (item) => this.#reconfiguration.propose(item),
      http: options.http,
      faults: options.mode ?? '',
      keepsNothing: options.keepsNothing,
    });
    hooks.clients = this.clients;
    hooks.transport = this.peers;
    hooks.afterDisk = () => this.#armWal();
    hooks.members = () => this.#onMembers();
    hooks.decided = (decisions) => this.#onDecided(decisions);
  }

  #onMembers(): void {
    this.peers.setBook(this.members.book);
    this.#absent.setPeers(this.members.others, nodeClock.monotonicMs());
    this.clients.tellStanding();
    this.#options.onMembers();
  }

  /** From the first one on, whoever cannot read them is kept out, and starts on this directory no more. */
  #onDecided(decisions: readonly Decided[]): void {
    void this.#demands.keep();
    const { needs } = this.#demands;
    if (needs !== this.#needs) this.peers.setBook(this.members.book);
    this.#needs = needs;
    this.#decisions.applied(decisions);
    for (const { verb, subject, count, ageMs, outcome } of decisions)
      this.#options.logger.info('operator-decided', { verb, subject, count, ageMs, outcome });
  }

  /** A peer will not have this server. */
  #onRefused(peer: ServerId, code: RefusalCode, text: string): void {
    if (code === 'UNKNOWN_ID') this.#refusedBy.add(peer);
    const { commit } = this.#opened.driver.view;
    if (code !== 'UNKNOWN_ID' || this.#roster.isOut(this.#refusedBy, commit)) this.#options.onRefused(peer, code, text);
  }

  get self(): Self {
    return this.#options.self;
  }

  /** Links to the peers, and time. */
  start(addresses: readonly MemberAddress[]): void {
    this.peers.setAddresses(addresses);
    this.peers.start();
    this.#drive(() => this.#opened.driver.serves(false));
    this.#ticker.start();
  }

  /** The load and standing that the balancer hears. */
  load(): { clients: number; arrivedEver: number; leader: ServerId; hasMajority: boolean } {
    const { links, lastStanding: standing } = this.clients;
    return {
      clients: links.count,
      arrivedEver: links.arrivedEver,
      leader: standing?.leader ?? 0,
      hasMajority: standing?.happy ?? false,
    };
  }

  /** A connection whose hello was read. */
  accept(connection: FrameConnection, hello: Hello): void {
    if (hello.role === 'server') {
      this.peers.accept(connection, hello);
      return;
    }
    connection.send(welcomeOf(this.self, this.members.membership));
    this.clients.accept(connection, hello);
  }

  /**
   * The disk begins with an accept before the slots below it are applied: no frame says that a commit beside it comes
   * first. Only a few wait, so that after a stall accepts find the room that commits make.
   */
  #onPeerMessage(from: ServerId, message: PaxosMessage): void {
    const take = (): void => this.#drive(() => this.#opened.driver.message(from, message));
    if (message.type !== 'commit' || this.#lateCommits >= lateCommitsMax) {
      take();
      return;
    }
    this.#lateCommits++;
    this.#options.context.turn.defer(() => {
      this.#lateCommits--;
      take();
    }, Stage.late);
  }

  /** Sends the clients away and hands leadership over; resolves when that is done or took too long. */
  handOver(): Promise<void> {
    this.clients.links.sendAway('this server stops: go on with another one');
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
    this.#isOrderly = orderly && !this.#opened.driver.halted;
    this.#ended = true;
    this.#opened.driver.end();
    this.#ticker.stop();
    if (orderly) this.peers.stop();
    else {
      this.peers.abandon();
      this.clients.links.abandon();
    }
  }

  /** Flushes the log and closes the files; after {@link end}. Rejects when the log's end could not be written. */
  async close(): Promise<void> {
    const { storeHome, logger } = this.#options;
    const { wal, chat } = this.#opened;
    if (this.#isOrderly) {
      await this.#demands.keep();
      // So that the log alone says at the next start that all of it is chosen: `synod snapshot save` asks nobody else.
      // Not to a program that would apply it otherwise.
      if (!wal.full && this.#demands.isKept) wal.append({ kind: 'commit', upto: chat.applied });
    }
    const logError = await new Promise<Error | undefined>((resolve) => wal.close(resolve));
    await closeStore(this.#store);
    const { damage } = this.#hooks;
    if (damage !== undefined) await setStoreAside(storeHome, logger, damage.message);
    if (logError !== undefined) throw logError;
  }

  #onTicks(ticks: number, nowMs: number): void {
    for (let i = 0; i < ticks; i++) this.#drive(() => this.#opened.driver.tick());
    if (nowMs - this.#housekeptMs >= 1_000) this.#housekeep(nowMs);
  }

  #housekeep(nowMs: number): void {
    if (this.#ended) return;
    this.#housekeptMs = nowMs;
    this.clients.tick(nowMs);
    this.#decisions.tick();
    void this.#demands.keep();
    const { heard, leader } = this.#opened.driver.view;
    const absent = this.#absent.due(heard, leader === this.#options.self.id, nowMs);
    if (absent.length > 0) this.clients.leaveOf(absent);
    this.peers.probe(this.members.others.filter((id) => !heard.includes(id)));
    if (leader === this.#options.self.id) this.#reconfiguration.proposeDue(nowMs);
    this.report.logChanges(this.#options.logger);
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
    // Most of what is late appends nothing, and a turn for nothing costs a round through the event loop.
    if (this.#walArmed || this.#ended || !this.#opened.wal.hasUnwritten) return;
    this.#walArmed = true;
    this.#options.context.turn.defer(() => {
      this.#walArmed = false;
      if (!this.#ended) this.#opened.driver.endOfTurn();
    }, Stage.wal);
  }
}
