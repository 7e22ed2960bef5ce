/** A server that knows its cluster: driver, peers and clients joined, ticking, until it stops or fails. */
import { randomBytes } from 'node:crypto';
import { BucketHistogram, type Logger, limits, nodeClock, secondsBounds, type Timer } from '../../base/index.js';
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
  type MembersItem,
  membershipHash,
  membersItem,
  type RefusalCode,
  type SeatAddress,
  type Seats,
  type ServerId,
  type Welcome,
} from '../../wire/index.js';
import { plainWelcome } from '../hello-gate.js';
import { AbsentServers } from './absent-servers.js';
import { admissionDue } from './admission.js';
import { Clients } from './clients.js';
import { Decisions } from './decisions.js';
import { DemandKeeper } from './demands.js';
import type { Transport } from './driver.js';
import type { Ground } from './ground.js';
import { helloOf, type Membership, ownFeatures, type PeerBook, type Self } from './hello.js';
import { History } from './history.js';
import { LoopDelay } from './loop-delay.js';
import { MessageRate } from './message-rate.js';
import type { OpenedDriver } from './open-driver.js';
import { Peers } from './peers.js';
import { Report } from './report.js';
import type { Roster } from './roster.js';
import { closeStore, setStoreAside } from './stored-driver.js';

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
  /** The change of the members that this server proposed last, and when. */
  #proposed: { readonly epoch: number; readonly atMs: number } | undefined;
  /** Members that say that this server is none. */
  readonly #refusedBy = new Set<ServerId>();
  readonly #store: StateStore;
  readonly #hooks: CoreHooks;
  /** How late the event loop comes to what is due every 10 ms, in seconds. */
  readonly #loopDelay = new LoopDelay(limits.tickMs, new BucketHistogram(secondsBounds));
  readonly clients: Clients;
  readonly peers: Peers;
  /** What others are told of it. */
  readonly report: Report;
  #interval: NodeJS.Timeout | undefined;
  readonly #absent: AbsentServers;
  #tickedMs: number;
  #housekeptMs = 0;
  #walArmed = false;
  #lateCommits = 0;
  #wasFull = false;
  /** What was last logged for operators. */
  #noted = '';
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
    this.#tickedMs = nodeClock.monotonicMs();
    this.#absent = new AbsentServers(this.#others(), this.#tickedMs);
    const book = this.#book();
    this.#needs = book.needs;
    this.peers = new Peers({
      self,
      book,
      hello: () => helloOf('server', self, this.membership),
      welcome: () => this.#welcome(),
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
      servers: () => this.membership.members.length,
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
      addresses: () => this.addresses(),
      answerOperator: (message) => this.report.answer(message),
      rate: options.messagesPerSecond === undefined ? undefined : new MessageRate(options.messagesPerSecond, nodeClock),
      decide: (wish, reply) => this.#decisions.wish(wish, reply),
      onCountChanged: options.onLoad,
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
      loopDelay: this.#loopDelay.seconds,
      others: () => this.#others(),
      seats: (request) => this.seats(request),
      governing: () => this.#governing,
      propose: (item) => this.#propose(item),
      http: options.http,
      faults: options.mode ?? '',
      keepsNothing: options.keepsNothing,
    });
    hooks.clients = this.clients;
    hooks.transport = this.peers;
    hooks.afterDisk = () => this.#armWal();
    hooks.members = () => this.#onMembers();
    hooks.decided = (decisions) => this.#onDecided(decisions);
    this.#demands = new DemandKeeper(options.directory, opened.chat, options.onFatal);
  }

  /** The newest members decided on: those with seats of their own, as a balancer seals them. */
  get membership(): Membership {
    const { epoch, seats } = this.#roster.latest;
    const members = seats.filter(({ takes }) => takes === 0);
    return { clusterId: this.#options.sealed.clusterId, epoch, members };
  }

  /** The newest members decided on govern the next slot already. */
  get #governing(): boolean {
    return this.#opened.driver.view.epoch === this.#roster.latest.epoch;
  }

  /** Who the members are, for balancers and operators. */
  seats(request = 0): Seats {
    const { epoch, seats } = this.#roster.latest;
    const located: SeatAddress[] = seats.map((seat) => ({ ...seat, address: this.#addressOf(seat.id) }));
    const { votes } = this.#opened.driver.view;
    return { type: 'seats', request, epoch, governing: this.#governing, votes, seats: located };
  }

  /** For balancers; undefined while the log has changed nothing. */
  get changedSeats(): Seats | undefined {
    return this.#roster.latest.epoch === this.#options.sealed.epoch ? undefined : this.seats();
  }

  #addressOf(id: ServerId): string {
    return id === this.#options.self.id ? this.#options.self.address : this.peers.addressOf(id);
  }

  #others(): ServerId[] {
    return this.#roster.latest.seats.map(({ id }) => id).filter((id) => id !== this.#options.self.id);
  }

  #book(): PeerBook {
    const { clusterId, epoch, members } = this.membership;
    const links = this.#roster.links(this.#opened.driver.view.epoch);
    const { decisions, origin } = this.#opened.chat;
    // A release that cannot read decisions cannot load a state with an origin either. After a kill the directory may
    // know of decisions that the log does not yet know to be chosen.
    const isNew = decisions > 0 || origin > 0 || this.#options.directory.demands.decisions;
    const needs = isNew ? features.decisions : 0;
    return { clusterId, epoch, membershipHash: membershipHash(epoch, members), needs, links };
  }

  #welcome(): Welcome {
    const { self } = this.#options;
    const { clusterId, epoch, members } = this.membership;
    const hash = membershipHash(epoch, members);
    const { id, incarnation } = self;
    return plainWelcome({
      features: ownFeatures,
      clusterId,
      membershipHash: hash,
      epoch,
      serverId: id,
      incarnation,
    });
  }

  #onMembers(): void {
    this.peers.setBook(this.#book());
    this.#absent.setPeers(this.#others(), nodeClock.monotonicMs());
    this.clients.tellStanding();
    this.#options.onMembers();
  }

  /** From the first one on, whoever cannot read them is kept out, and starts on this directory no more. */
  #onDecided(decisions: readonly Decided[]): void {
    void this.#demands.keep();
    const { needs } = this.#book();
    if (needs !== this.#needs) this.peers.setBook(this.#book());
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
    this.#tickedMs = nodeClock.monotonicMs();
    this.#interval = setInterval(() => this.#onInterval(), limits.tickMs);
  }

  /** The addresses of all servers as far as they are known, this one's included. */
  addresses(): string[] {
    return this.#roster.latest.seats.map(({ id }) => this.#addressOf(id)).filter((address) => address !== '');
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
    connection.send(this.#welcome());
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
    if (this.#interval !== undefined) clearInterval(this.#interval);
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

  /**
   * After a stall the replica gets a few ticks, never the backlog, and only after the frames that arrived meanwhile: it
   * must not take its own stall for the silence of others (RELIABILITY.md 37).
   */
  #onInterval(): void {
    const nowMs = nodeClock.monotonicMs();
    const due = Math.floor((nowMs - this.#tickedMs) / limits.tickMs);
    this.#loopDelay.fired(nowMs);
    if (due === 0) return;
    const ticks = Math.min(due, limits.ticksPerFiring);
    this.#tickedMs = ticks < due ? nowMs : this.#tickedMs + due * limits.tickMs;
    this.#options.context.turn.defer(() => {
      for (let i = 0; i < ticks; i++) this.#drive(() => this.#opened.driver.tick());
      if (nowMs - this.#housekeptMs >= 1_000) this.#housekeep(nowMs);
    }, Stage.closed);
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
    this.peers.probe(this.#others().filter((id) => !heard.includes(id)));
    if (leader === this.#options.self.id) this.#considerMembers(nowMs);
    const note = this.report.note();
    if (note !== this.#noted && note !== '') this.#options.logger.warn('needs-attention', { note });
    this.#noted = note;
    const { full } = this.#opened.wal;
    if (full === this.#wasFull) return;
    this.#wasFull = full;
    if (full)
      this.#options.logger.error('disk-full', { text: 'the disk is full: this server only reads; free some space' });
    else this.#options.logger.info('disk-has-space', {});
  }

  /** As leader: newcomers are admitted, learners get their vote. */
  #considerMembers(nowMs: number): void {
    const due = admissionDue({
      latest: this.#roster.latest,
      settled: this.#governing,
      newcomers: this.peers.newcomers,
      caughtUp: this.#opened.driver.view.caughtUpPeers,
      nowMs,
    });
    const { epoch = 0, atMs = 0 } = this.#proposed ?? {};
    if (due !== undefined && (epoch !== due.epoch || nowMs - atMs >= limits.membersRetryMs)) this.#propose(due);
  }

  #propose(item: MembersItem): void {
    const { epoch, seats } = item;
    this.#proposed = { epoch, atMs: nodeClock.monotonicMs() };
    this.#options.logger.info('members-proposed', {
      epoch,
      voters: seats.filter(({ votes }) => votes).map(({ id }) => id),
      learners: seats.filter(({ votes }) => !votes).map(({ id }) => id),
    });
    this.clients.propose(membersItem(item), () => this.#roster.latest.epoch < epoch);
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
