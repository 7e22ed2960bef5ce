/**
 * The clients' side of a server: takes their frames, submits their runs, and sends them answers, events and how the
 * server stands. It is the driver's listener; everything it queues in a turn leaves in one write per connection.
 */
import { assert, BucketHistogram, type Clock, type Logger, limits, secondsBounds, sha256 } from '../../base/index.js';
import type { Answer, Applied, ChatState } from '../../chat/index.js';
import { type CloseReason, clientLimits, type FrameConnection, Stage, type Turn } from '../../net/index.js';
import type { StandingChange } from '../../paxos/index.js';
import {
  type Decide,
  type DecideAnswer,
  features,
  type Hello,
  type Message,
  mayCarry,
  openingTypes,
  readRunHeader,
  type ServerId,
  type SessionId,
  type Standing,
  type Submit,
} from '../../wire/index.js';
import { type ClientLink, codeFor, newClientLink } from './client-link.js';
import { ClientLinks } from './client-links.js';
import { DirectRoomNews } from './direct-rooms.js';
import type { Driver, Listener } from './driver.js';
import { FreshReads } from './fresh-reads.js';
import type { History } from './history.js';
import { HistoryRequests } from './history-requests.js';
import { type LinkEvents, LinkHandlers, type Party } from './link-handlers.js';
import type { MessageRate } from './message-rate.js';
import { sessionKey } from './session-queue.js';
import { Sessions } from './sessions.js';
import { type BusyReason, Submissions } from './submissions.js';
import { Subscriptions } from './subscriptions.js';

/** The driver as the clients' side uses it; each call must be followed by the end of the turn. */
export type ClientsDriver = Pick<Driver, 'submit' | 'answered' | 'read' | 'serves'>;

export interface ClientsOptions {
  readonly serverId: ServerId;
  /** How many servers make the cluster. */
  readonly servers: () => number;
  readonly driver: ClientsDriver;
  readonly chat: ChatState;
  readonly history: History;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly logger: Logger;
  /** The log can't take anything now: reads go on, messages are answered with busy. */
  readonly isFull: () => boolean;
  /** Addresses of all servers, to be told to clients. */
  readonly addresses: () => string[];
  /** Answers `statusRequest` and `verifyRequest`. */
  readonly answerOperator: (message: Message) => Message | undefined;
  /** Without it nobody's messages are counted. */
  readonly rate?: MessageRate | undefined;
  /** Takes what an operator wants decided; its answer may come later. */
  readonly decide: (wish: Decide, reply: (answer: DecideAnswer) => void) => void;
  readonly onCountChanged: () => void;
}

/** A token is 32 bytes; anything else proves nothing. */
const tokenBytes = 32;

const busyTexts: Readonly<Record<BusyReason, string>> = {
  window: 'more messages are unanswered than the session may have: wait for answers',
  full: 'this server has as much work as it may hold: try again',
  gap: 'messages before these are missing: send from the first unanswered one on',
};

export class Clients implements Listener {
  /** From a message's arrival here to its answer, in seconds. */
  readonly commitSeconds = new BucketHistogram(secondsBounds);
  readonly #options: ClientsOptions;
  readonly links: ClientLinks;
  readonly #submissions: Submissions<ClientLink>;
  readonly #sessions: Sessions;
  readonly subscriptions: Subscriptions;
  readonly #directRooms: DirectRoomNews;
  readonly freshReads: FreshReads;
  readonly #historyRequests: HistoryRequests;
  #flushArmed = false;
  readonly #events: LinkEvents = {
    onMessage: (link, message, rights) => this.#onMessage(link, message, rights),
    onClose: (link, party, reason) => this.#onClose(link, party, reason),
    onDrain: (link) => this.subscriptions.drained(link),
  };
  #standing: StandingChange | undefined;
  #onStopped: () => void = () => undefined;

  constructor(options: ClientsOptions) {
    this.#options = options;
    const { driver, chat, clock, history, serverId, logger, onCountChanged } = options;
    this.links = new ClientLinks({ logger, serves: (serves) => driver.serves(serves), onCountChanged });
    this.#submissions = new Submissions<ClientLink>({
      submit: (batch, bytes) => driver.submit(batch, bytes),
      answered: (batch) => driver.answered(batch),
      ack: (link, answer) => this.#ack(link, answer),
      busy: (link, session, fromSeq, reason) => this.#busy(link, session, fromSeq, busyTexts[reason]),
      lastSeq: (session) => chat.session(session)?.lastSeq,
      timing: { nowMs: () => clock.monotonicMs(), histogram: this.commitSeconds },
    });
    this.#directRooms = new DirectRoomNews(chat);
    const onRegistered = (link: ClientLink): void => this.#directRooms.tellAll(link);
    this.#sessions = new Sessions(
      { serverId, chat, submissions: this.#submissions, logger, onRegistered },
      clock.monotonicMs(),
    );
    this.subscriptions = new Subscriptions({ chat, history, clock });
    this.freshReads = new FreshReads(driver);
    this.#historyRequests = new HistoryRequests({ chat, history, freshReads: this.freshReads });
  }

  get lastStanding(): StandingChange | undefined {
    return this.#standing;
  }

  /** How often something of a client had to be submitted again. */
  get resubmitted(): number {
    return this.#submissions.resubmitted;
  }

  /** Bytes of messages that have no answer yet. */
  get unansweredBytes(): number {
    return this.#submissions.bytes;
  }

  /** Takes over a connection whose hello has the role client or operator, once it was welcomed. */
  accept(connection: FrameConnection, hello: Hello): void {
    const proved = hello.authMethod === 'token' && hello.auth.length === tokenBytes;
    const knowsDecisions = (hello.features & features.decisions) !== 0;
    const link = newClientLink(connection, proved ? sha256(hello.auth) : undefined, knowsDecisions);
    const party = hello.role === 'operator' ? 'operator' : 'client';
    // Whoever has not proved more may ask what a chat may ask, and change nothing.
    const rights = connection.guestBecause === undefined ? party : 'client';
    connection.useLimits(clientLimits);
    connection.attach(new LinkHandlers(this.#events, link, party, rights));
    this.links.add(link, party);
    if (party === 'operator') return;
    connection.send(this.#standingFrame());
    this.#directRooms.opened(link);
  }

  /** About every second. */
  tick(nowMs: number): void {
    this.#sessions.tick(nowMs);
    this.#submissions.tick(nowMs);
    this.#options.rate?.tick(nowMs);
    this.#armFlush();
  }

  /** These servers have been silent for so long that their clients have left. */
  leaveOf(servers: readonly ServerId[]): void {
    for (const server of servers) this.#sessions.leaveOf(server);
    this.#armFlush();
  }

  /** Logs what a server or its operator decided, unless `isPending` says that it is no longer wanted. False: full. */
  propose(item: Uint8Array, isPending: () => boolean): boolean {
    const isTaken = this.#submissions.item(item, isPending);
    if (isTaken) this.#armFlush();
    return isTaken;
  }

  /** Addresses changed: clients keep the list for the time when the balancer is down. */
  tellStanding(): void {
    this.links.sendAll(this.#standingFrame());
  }

  /** Calls back once the replica has handed its leadership over. */
  onceStopped(done: () => void): void {
    this.#onStopped = done;
  }

  applied(applied: Applied): void {
    this.#submissions.applied(applied.answers);
    this.#sessions.applied(applied, this.#options.clock.monotonicMs());
    this.subscriptions.applied(applied.groups);
    this.#directRooms.applied(applied.touchedRooms);
    if (applied.decisions.length > 0) for (const link of this.links) this.subscriptions.recheck(link);
    this.#armFlush();
  }

  /**
   * Everybody goes to another server, which has shown nothing to be passed over: events, answers and the ends of
   * sessions of a thousand slots and more have not been told here.
   */
  installed(): void {
    this.#options.history.reset();
    this.#sessions.installed(this.#options.clock.monotonicMs());
    this.links.sendClientsAway(
      'this server was away for too long and took over the state of another one: go on with a third',
    );
  }

  settled(batches: readonly number[]): void {
    this.#submissions.settled(batches);
    this.#armFlush();
  }

  refused(batches: readonly number[]): void {
    this.#submissions.refused(batches);
  }

  /** Kept before it is told, so that a client that connects now hears the newest. */
  standing(change: StandingChange): void {
    this.#standing = change;
    this.tellStanding();
  }

  read(id: number, fresh: boolean): void {
    this.freshReads.answered(id, fresh);
  }

  stopped(): void {
    this.#onStopped();
  }

  #onMessage(link: ClientLink, message: Message, rights: Party): void {
    if (message.type === 'submit') {
      this.#submit(link, message);
      return;
    }
    if (!mayCarry(message.type, rights, 'server') || openingTypes.includes(message.type)) {
      if (rights === 'client' && this.#rejectGuest(link, message)) return;
      link.connection.refuse(
        'PROTOCOL_ERROR',
        `a ${message.type} does not belong here: install one release on all sides`,
      );
      return;
    }
    switch (message.type) {
      case 'register':
        this.#sessions.register(link, message);
        this.#armFlush();
        return;
      case 'resume':
        this.#sessions.resume(link, message);
        this.#armFlush();
        return;
      case 'subscribe':
        this.subscriptions.subscribe(link, message);
        return;
      case 'unsubscribe':
        this.subscriptions.unsubscribe(link, message.room);
        return;
      case 'history':
        this.#historyRequests.request(link, message);
        return;
      case 'decide':
        this.#options.decide(message, (answer) => void link.connection.send(answer));
        return;
      case 'listRooms':
        link.connection.send({
          type: 'roomList',
          request: message.request,
          ...this.#options.chat.openRooms(message.after, limits.listedRoomsMax),
        });
        return;
      default: {
        const answer = this.#options.answerOperator(message);
        if (answer !== undefined) link.connection.send(answer);
        else this.#options.logger.debug('ignored', { what: message.type, why: 'not answered here' });
      }
    }
  }

  /** A guest who asks what an operator may ask is told what is missing. False if the question is nobody's. */
  #rejectGuest({ connection }: ClientLink, message: Message): boolean {
    const { guestBecause } = connection;
    if (guestBecause === undefined || !('request' in message) || !mayCarry(message.type, 'operator', 'server')) {
      return false;
    }
    const text = `a ${message.type} needs more than this: ${guestBecause}`;
    const { request } = message;
    connection.send({ type: 'reject', request, session: { slot: 0, index: 0 }, code: 'NOT_ALLOWED', text });
    return true;
  }

  #onClose(link: ClientLink, party: Party, reason: CloseReason): void {
    this.subscriptions.closed(link);
    this.#directRooms.closed(link);
    this.#sessions.closed(link, this.#options.clock.monotonicMs());
    this.links.remove(link, party, reason);
  }

  /** The hot path: one look-up per frame, nothing per message. decode has checked the run's structure. */
  #submit(link: ClientLink, { run }: Submit): void {
    if (this.#options.isFull()) {
      const { session, firstSeq } = readRunHeader(run);
      this.#busy(link, session, firstSeq, 'DISK_FULL: this server only reads until there is space on its disk', 10);
      return;
    }
    if (this.#options.rate !== undefined && this.#isTooFast(this.#options.rate, link, run)) return;
    const speaking = link.speaking;
    let result = speaking === undefined ? 'foreign' : this.#submissions.submit(speaking, run);
    if (result === 'foreign') {
      for (const handle of link.handles.values()) {
        if (handle !== speaking) result = this.#submissions.submit(handle, run);
        if (result === 'foreign') continue;
        link.speaking = handle;
        break;
      }
    }
    if (result === 'foreign') this.#foreign(link, readRunHeader(run).session);
    else this.#armFlush();
  }

  /** Nothing is lost: the client keeps what it is told to send again later. */
  #isTooFast(rate: MessageRate, link: ClientLink, run: Uint8Array): boolean {
    const { session, firstSeq, count } = readRunHeader(run);
    // Only a session that this connection speaks for is charged to its name: nobody uses up another one's share.
    const name = link.handles.has(sessionKey(session)) ? this.#options.chat.session(session)?.name : undefined;
    const retryMs = rate.take(link, name, count);
    if (retryMs === 0) return false;
    const text = 'more messages a second than this server takes from one name: send more slowly';
    link.connection.send({ type: 'busy', session, fromSeq: firstSeq, retryMs, text });
    return true;
  }

  #foreign(link: ClientLink, session: SessionId): void {
    link.connection.send({
      type: 'reject',
      request: 0,
      session,
      code: 'BAD_NONCE',
      text: 'this connection does not speak for that session: register or resume first',
    });
  }

  #ack(link: ClientLink, answer: Answer): void {
    const { session, firstSeq, slot } = answer;
    const outcomes = link.knowsDecisions
      ? answer.outcomes
      : answer.outcomes.map((outcome) => ({ ...outcome, code: codeFor(link, outcome.code) }));
    link.connection.send({ type: 'ack', session, firstSeq, slot, outcomes });
  }

  #busy(link: ClientLink, session: SessionId, fromSeq: number, text: string, patience = 1): void {
    link.connection.send({ type: 'busy', session, fromSeq, retryMs: limits.busyRetryMs * patience, text });
  }

  #standingFrame(): Standing {
    const { servers, addresses } = this.#options;
    const { leader = 0, ballot = { round: 0, server: 0, incarnation: 0 }, up = 1, move = false } = this.#standing ?? {};
    return { type: 'standing', leader, ballot, up, servers: servers(), move, addresses: addresses() };
  }

  /** Once per turn: what clients sent in it becomes one batch. */
  #armFlush(): void {
    if (this.#flushArmed) return;
    this.#flushArmed = true;
    this.#options.turn.defer(() => {
      assert(this.#flushArmed, 'armed once per turn');
      this.#flushArmed = false;
      this.#submissions.flush();
    }, Stage.submit);
  }
}
