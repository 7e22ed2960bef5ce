/** The chat client: finds a server, keeps a session and gapless rooms across reroutes, and never lies about a line. */
import { assert, limits, type Timer } from '../base/index.js';
import { type FrameConnection, Stage } from '../net/index.js';
import type {
  EventKind,
  History,
  Message,
  OutcomeCode,
  Page,
  Registered,
  Reject,
  Standing,
  Status,
} from '../wire/index.js';
import { Backoff } from './backoff.js';
import { emitGroup } from './deliveries.js';
import { Emitter, type Unsubscribe } from './emitter.js';
import { defaultEnvironment, type Environment } from './environment.js';
import type { ClientErrorCode, ClientEvent, ClientEvents, LineState, Phase } from './events.js';
import { greet } from './greet.js';
import {
  type ChatClientOptions,
  DIAL_TIMEOUT_MS,
  GAPS_MAX,
  GOOD_CONNECTION_MS,
  LINE_BYTES_MAX,
  LINES_MAX,
  NOT_READY_RETRY_MAX_MS,
} from './options.js';
import { type FinalCode, type Line, type OnOutcome, Outbox } from './outbox.js';
import { OwnLines } from './own-lines.js';
import { type Asked, Requests } from './requests.js';
import { type From, RoomStream, roomKey } from './room-stream.js';
import { type Route, Router } from './router.js';
import { ClientSession } from './session.js';
import { nameText, reasonOf, tooLongText } from './texts.js';

/**
 * The connection in use. A callback that belongs to another one than the present does nothing (STYLE.md, trap list).
 */
interface Link {
  readonly connection: FrameConnection;
  readonly server: number;
  readonly address: string;
  readonly openedAtMs: number;
  /** `connected` was told. */
  ready: boolean;
  /** The server asked its clients to move. */
  move: boolean;
  /** Something was answered since the last look: no need to send everything again. */
  answered: boolean;
}

/** What `history` asks for; defaults: events, the last 100, not fresh. */
export type HistoryQuery = Partial<Omit<History, 'type' | 'request' | 'room'>> & { readonly room: string };

/**
 * One user's connection to a cluster. `connect` starts it; from then on it looks for a server for ever, and every line
 * is submitted in order, once, and its true state told. All methods may be called in any phase.
 */
export class ChatClient {
  readonly #options: ChatClientOptions;
  readonly #environment: Environment;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #router: Router;
  readonly #session: ClientSession | undefined;
  readonly #outbox: Outbox;
  readonly #own = new OwnLines();
  readonly #streams = new Map<string, RoomStream>();
  readonly #roomBytes = new Map<string, Uint8Array>();
  /** Rooms this user means to be in, and the slot of the join. */
  readonly #joined = new Map<string, number>();
  readonly #requests: Requests;
  readonly #backoff: Backoff;
  readonly #moveBackoff: Backoff;
  readonly #sendTimeoutMs: number;
  #phase: Phase = 'idle';
  #link: Link | undefined;
  #greeting: { cancel(): void } | undefined;
  #standing: Standing | undefined;
  #quorum = { ok: true, up: 0, servers: 0 };
  #waitingFor = -1;
  #lastId = 0;
  #lastRequest = 0;
  #movedAtMs = Number.NEGATIVE_INFINITY;
  #pumpDeferred = false;
  #drained: (() => void)[] = [];
  #retryTimer: Timer | undefined;
  #moveTimer: Timer | undefined;
  #busyTimer: Timer | undefined;
  #againTimer: Timer | undefined;
  #unconfirmedTimer: Timer | undefined;

  constructor(options: ChatClientOptions) {
    const window = options.window ?? limits.sessionWindow;
    assert(
      window >= 1 && window <= limits.sessionWindowMax,
      `window ${window} is not within 1..${limits.sessionWindowMax}`,
    );
    this.#options = options;
    this.#environment = { ...defaultEnvironment(), ...options.environment };
    this.#sendTimeoutMs = options.sendTimeoutMs ?? limits.sendTimeoutMs;
    const { random, secretBytes } = this.#environment;
    this.#session = options.name === undefined ? undefined : new ClientSession(options.name, window, secretBytes);
    this.#router = new Router(
      {
        balancers: options.balancers ?? [],
        pinned: options.server,
        servers: options.servers ?? [],
        token: options.token,
        timeoutMs: options.dialTimeoutMs ?? DIAL_TIMEOUT_MS,
      },
      this.#environment,
    );
    this.#backoff = new Backoff(limits.rerouteMs, limits.rerouteMaxMs, random);
    this.#moveBackoff = new Backoff(limits.moveMs, 16 * limits.moveMs, random);
    this.#requests = new Requests(
      this.#environment,
      () => ++this.#lastRequest,
      (message) => void this.#link?.connection.send(message),
    );
    this.#outbox = new Outbox(
      {
        onSending: (line, seq) => this.#onSending(line, seq),
        onFinal: (line, code, slot, n) => this.#onFinal(line, code, slot, n),
        onUnconfirmed: (line) => this.#tellState(line.id, 'unconfirmed', line.room),
      },
      options.linesMax ?? LINES_MAX,
      LINE_BYTES_MAX,
    );
  }

  /** Listens to events by name, or to `any` of them; call the result to stop. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): Unsubscribe;
  on(name: 'any', listener: (event: ClientEvent) => void): Unsubscribe;
  on(name: keyof ClientEvents | 'any', listener: (event: never) => void): Unsubscribe {
    return this.#emitter.on(name as keyof ClientEvents, listener as (event: ClientEvent) => void);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The name as the log knows it; the one asked for until then. "" for a reader. */
  get name(): string {
    return this.#session?.name ?? '';
  }

  /** The server connected to, if any. */
  get server(): { readonly id: number; readonly address: string } | undefined {
    return this.#link === undefined ? undefined : { id: this.#link.server, address: this.#link.address };
  }

  /** What the server last said about leader and quorum. */
  get standing(): Standing | undefined {
    return this.#standing;
  }

  /** Lines that are not committed, failed or given up. */
  get openLines(): number {
    return this.#outbox.open;
  }

  /** Lines never submitted so far. */
  get queuedLines(): number {
    return this.#outbox.queued;
  }

  /** All servers known by now, for `status` when the balancer is down. */
  get knownServers(): readonly string[] {
    return this.#router.known;
  }

  /** Starts looking for a server. A second call does nothing. */
  connect(): void {
    if (this.#phase === 'idle') this.#route();
  }

  /** A post. Returns the line's id; see {@link OnOutcome} for the callback, and the `state` events. */
  post(room: string, text: string | Uint8Array, onOutcome?: OnOutcome): number {
    return this.#submit('post', room, text, onOutcome);
  }

  /** `/me` in a room. */
  action(room: string, text: string | Uint8Array, onOutcome?: OnOutcome): number {
    return this.#submit('action', room, text, onOutcome);
  }

  /** Enters a room for others to see; reading needs only `subscribe`. Repeated by itself after a forced leave. */
  join(room: string, onOutcome?: OnOutcome): number {
    return this.#submit('join', room, '', onOutcome);
  }

  leave(room: string, onOutcome?: OnOutcome): number {
    this.#joined.delete(roomKey(room));
    return this.#submit('leave', room, '', onOutcome);
  }

  topic(room: string, text: string, onOutcome?: OnOutcome): number {
    return this.#submit('topic', room, text, onOutcome);
  }

  /** Another name, through the log. */
  nick(name: string, onOutcome?: OnOutcome): number {
    return this.#submit('nick', '', name, onOutcome);
  }

  /** Tries to register under another name after NAME_TAKEN or BAD_NAME. */
  useName(name: string): void {
    const session = this.#session;
    if (session === undefined || session.state !== 'refused') return;
    session.rename(name);
    this.#openSession();
  }

  /**
   * Opens a room's stream, at first from `from`, after every reroute from the last event seen. A second call does
   * nothing.
   */
  subscribe(name: string, from: From = 'all'): void {
    const room = roomKey(name);
    if (this.#streams.has(room)) return;
    const stream = new RoomStream(room, from);
    this.#streams.set(room, stream);
    this.#link?.connection.send(stream.subscribe(++this.#lastRequest));
  }

  unsubscribe(name: string): void {
    const room = roomKey(name);
    if (!this.#streams.delete(room)) return;
    this.#link?.connection.send({ type: 'unsubscribe', room });
    this.#tellConnected();
  }

  /** A page of a room's events; see the wire message `history`. Never rejects. */
  history(query: HistoryQuery, timeoutMs = this.#sendTimeoutMs): Promise<Asked<Page>> {
    const {
      room,
      direction = 'before',
      by = 'event',
      event = Number.MAX_SAFE_INTEGER,
      limit = 100,
      fresh = false,
    } = query;
    return this.#requests.ask<Page>('page', timeoutMs, (request) => {
      return { type: 'history', request, room, direction, by, event, limit, fresh };
    });
  }

  /** How the connected server sees the cluster. Never rejects. */
  status(timeoutMs = this.#sendTimeoutMs): Promise<Asked<Status>> {
    return this.#requests.ask<Status>('status', timeoutMs, (request) => ({ type: 'statusRequest', request }));
  }

  /** Resolves when no line is open any more (true) or the time is over (false). */
  drain(timeoutMs: number): Promise<boolean> {
    if (this.#outbox.open === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (drained: boolean): void => {
        this.#environment.clock.clearTimeout(timer);
        this.#drained = this.#drained.filter((waiting) => waiting !== onDrained);
        resolve(drained);
      };
      const onDrained = (): void => finish(true);
      const timer = this.#environment.clock.setTimeout(() => finish(this.#outbox.open === 0), timeoutMs);
      this.#drained.push(onDrained);
    });
  }

  /** Waits for open lines at most `drainMs`, then says goodbye. Lines still open end as UNKNOWN or NOT_SENT. */
  async close(drainMs = 0): Promise<void> {
    // Always after the caller's stack: a listener may close the client in the middle of an answer.
    await (drainMs > 0 ? this.drain(drainMs) : Promise.resolve());
    if (this.#phase !== 'closed') this.#shut();
  }

  // ---------------------------------------------------------------------------------------------- finding a server

  #route(): void {
    this.#setPhase('routing');
    this.#router.find((route) => this.#onRoute(route));
  }

  #onRoute(route: Route): void {
    const { said, address } = route;
    if (said?.status === 'mostFail') this.#tellQuorum(false, said.up, said.servers);
    if (said?.status === 'notReady') {
      if (this.#waitingFor !== said.registered) {
        this.#waitingFor = said.registered;
        const { registered, servers } = said;
        this.#emitter.emit('waiting', { event: 'waiting', for: 'servers', registered, servers });
      }
      this.#retryIn(Math.min(this.#backoff.next(), NOT_READY_RETRY_MAX_MS));
      return;
    }
    this.#waitingFor = -1;
    if (address !== undefined) {
      this.#dial(address);
    } else if (said !== undefined) {
      this.#retryAfter(
        0,
        `No quorum: ${said.up} of ${said.servers} servers answer. Lines wait here until a majority is back`,
      );
    } else {
      this.#retryAfter(0, route.trouble === undefined || route.trouble === '' ? 'No server is known' : route.trouble);
    }
  }

  #dial(address: string): void {
    this.#setPhase('dialling');
    const timeoutMs = this.#options.dialTimeoutMs ?? DIAL_TIMEOUT_MS;
    const onDialled = (): void => this.#setPhase('greeting');
    this.#greeting = greet(
      { address, role: 'client', token: this.#options.token, timeoutMs, onDialled },
      this.#environment,
      (result) => {
        this.#greeting = undefined;
        if (result.ok) return this.#open(result.connection, address, result.welcome.serverId);
        this.#router.failed(address);
        if (isRefusal(result.code)) this.#tellError(result.code, result.text);
        this.#retryAfter(0, result.text);
      },
    );
  }

  #open(connection: FrameConnection, address: string, server: number): void {
    const openedAtMs = this.#environment.clock.monotonicMs();
    const link: Link = { connection, server, address, openedAtMs, ready: false, move: false, answered: false };
    this.#link = link;
    connection.attach({
      onMessage: (message) => {
        if (this.#link === link) this.#onMessage(link, message);
      },
      onClose: (reason) => this.#lose(link, reason.text),
      onDrain: () => this.#deferPump(),
    });
    for (const stream of this.#streams.values()) connection.send(stream.subscribe(++this.#lastRequest));
    this.#openSession();
    this.#requests.resend();
    this.#armAgain();
    this.#tellConnected();
  }

  /** The connection is over or given up; the session, the streams and the lines live on. */
  #lose(link: Link, reason: string): void {
    if (this.#link !== link) return;
    const nowMs = this.#environment.clock.monotonicMs();
    this.#link = undefined;
    link.connection.abandon('replaced');
    this.#clearLinkTimers();
    this.#session?.disconnected();
    for (const stream of this.#streams.values()) stream.disconnected();
    this.#router.failed(link.address);
    if (link.ready && nowMs - link.openedAtMs >= GOOD_CONNECTION_MS) this.#backoff.reset();
    this.#retryAfter(link.server, reason);
  }

  #retryAfter(server: number, reason: string): void {
    const retryInMs = this.#backoff.next();
    this.#retryIn(retryInMs);
    this.#emitter.emit('disconnected', { event: 'disconnected', server, reason, retryInMs });
  }

  #retryIn(delayMs: number): void {
    this.#setPhase('waiting');
    this.#retryTimer = this.#environment.clock.setTimeout(() => {
      this.#retryTimer = undefined;
      this.#route();
    }, delayMs);
  }

  // ---------------------------------------------------------------------------------------------- what a server says

  #onMessage(link: Link, message: Message): void {
    switch (message.type) {
      case 'ack': {
        if (this.#session?.is(message.session) !== true) return;
        link.answered = true;
        const verdict = this.#outbox.ack(message.firstSeq, message.slot, message.outcomes);
        if (verdict === 'expired') this.#expireSession();
        else if (verdict === 'foreign') this.#lose(link, `${link.address} answered lines that were never sent`);
        else this.#deferPump();
        return;
      }
      case 'deliver':
        this.#onDeliver(link, message.room, message.group);
        return;
      case 'registered':
        this.#onRegistered(message);
        return;
      case 'busy':
        if (this.#session?.is(message.session) !== true) return;
        this.#outbox.rewindTo(message.fromSeq);
        this.#pumpIn(Math.max(1, Math.min(message.retryMs, limits.rerouteMaxMs)));
        return;
      case 'reject':
        this.#onReject(message);
        return;
      case 'standing':
        this.#onStanding(link, message);
        return;
      case 'subscribed':
        this.#onSubscribed(message);
        return;
      case 'page':
      case 'status':
        this.#requests.onAnswer(message);
        return;
      default:
        this.#environment.logger.debug('client.ignored', { type: message.type });
    }
  }

  #onSubscribed(message: Extract<Message, { type: 'subscribed' }>): void {
    const { room, code, nextEvent, headEvent, headN, topic, people } = message;
    const opened = this.#streams.get(room)?.onSubscribed(message);
    if (opened === undefined || opened.kind === 'ignored') return;
    if (opened.kind === 'refused' && code !== 'ok') this.#tellError(code, `${room}: ${reasonOf(code)}`);
    if (opened.kind === 'jumped') {
      this.#tellError(
        'GAP',
        `${opened.missing} events of ${room} are no longer kept by this server; the room goes on after them`,
      );
    }
    if (opened.kind !== 'refused') {
      this.#emitter.emit('subscribed', { event: 'subscribed', room, nextEvent, headEvent, headN, topic, people });
    }
    this.#tellConnected();
  }

  #onDeliver(link: Link, room: string, group: Parameters<RoomStream['take']>[0]): void {
    const stream = this.#streams.get(room);
    if (stream === undefined) return;
    const taken = stream.take(group);
    if (taken.kind === 'old') return;
    if (taken.kind === 'gap') {
      const first = stream.nextEvent;
      this.#tellError(
        'GAP',
        `Events ${first}–${first + taken.missing - 1} of ${room} are missing; asking for them again`,
      );
      if (stream.gaps >= GAPS_MAX) {
        this.#lose(link, `${link.address} left gaps in ${room}`);
        return;
      }
      link.connection.send({ type: 'unsubscribe', room });
      link.connection.send(stream.subscribe(++this.#lastRequest));
      return;
    }
    emitGroup(this.#emitter, room, group, taken.skip, this.#own, this.#session?.id);
    for (let index = taken.skip; index < group.events.length; index++) {
      const event = group.events[index];
      if (event?.kind === 'leave' && this.#session?.is(event.session) === true) this.#onOwnLeave(room, group.slot);
    }
  }

  /** A leave that the user did not ask for: 30 s without a connection have passed. The user is back, so join again. */
  #onOwnLeave(room: string, slot: number): void {
    const joinedSlot = this.#joined.get(room);
    if (joinedSlot === undefined || slot <= joinedSlot) return;
    this.#joined.delete(room);
    this.join(room);
  }

  #onStanding(link: Link, standing: Standing): void {
    this.#standing = standing;
    this.#router.learn(standing.addresses);
    this.#tellQuorum(2 * standing.up > standing.servers, standing.up, standing.servers);
    link.move = standing.move;
    if (!standing.move || this.#options.server !== undefined || this.#moveTimer !== undefined) return;
    const { clock } = this.#environment;
    // Moving twice in a row waits longer and longer: two confused servers must not throw a client back and forth.
    const sinceMs = clock.monotonicMs() - this.#movedAtMs;
    if (sinceMs >= 16 * limits.moveMs) this.#moveBackoff.reset();
    const delayMs = Math.max(0, this.#moveBackoff.next() - sinceMs);
    this.#moveTimer = clock.setTimeout(() => {
      this.#moveTimer = undefined;
      if (this.#link !== link || !link.move) return;
      this.#movedAtMs = clock.monotonicMs();
      this.#lose(link, `Server ${link.server} has no leader while another server has one; moving there`);
    }, delayMs);
  }

  // ------------------------------------------------------------------------------------------------- session and lines

  #openSession(): void {
    const link = this.#link;
    const opening = link === undefined ? undefined : this.#session?.open(++this.#lastRequest);
    if (opening !== undefined) link?.connection.send(opening);
  }

  #onRegistered(answer: Registered): void {
    const session = this.#session;
    if (session === undefined || session.state !== 'opening' || answer.request !== session.request) return;
    if (answer.code !== 'ok') return this.#sessionRefused(answer.code);
    const returning = session.id !== undefined;
    if (session.opened(answer) && !returning) {
      this.#outbox.begin(answer.lastSeq);
      const rooms = [...this.#joined.keys()];
      this.#joined.clear();
      for (const room of rooms) this.join(room);
    }
    this.#outbox.rewind();
    this.#deferPump();
  }

  #onReject({ request, session: rejected, code, text }: Reject): void {
    if (request !== 0 && this.#requests.onReject(request, code, text)) return;
    const session = this.#session;
    const ours = session !== undefined && ((request !== 0 && request === session.request) || session.is(rejected));
    if (ours && request === 0 && code === 'BAD_NONCE' && this.#link !== undefined) {
      // The server forgot who speaks here; the log has not said that the session is gone. Resume, with the usual pause.
      this.#lose(this.#link, `${this.#link.address}: ${text}`);
    } else if (ours) this.#sessionRefused(code);
    else if (code !== 'ok') this.#tellError(code, text);
  }

  #sessionRefused(code: OutcomeCode): void {
    const session = this.#session;
    if (session === undefined) return;
    if (code === 'SESSION_EXPIRED' || code === 'BAD_NONCE') return this.#expireSession();
    if (session.id === undefined) session.refuse();
    this.#tellError(code, nameText(code, session.name));
  }

  /** The session is gone: what was sent stays unconfirmed for ever, what was not goes under a new session. */
  #expireSession(): void {
    const unknown = this.#outbox.expire();
    this.#own.clear();
    this.#session?.expire();
    const fate = unknown === 0 ? '' : ` ${unknown} lines stay unconfirmed and are not sent again;`;
    this.#tellError('SESSION_EXPIRED', `Your session expired while you were away;${fate} a new one is being opened`);
    this.#openSession();
  }

  #submit(kind: EventKind, name: string, text: string | Uint8Array, onOutcome: OnOutcome | undefined): number {
    const id = ++this.#lastId;
    const room = roomKey(name);
    const bytes = textBytes(text);
    if (bytes > limits.messageBytesMax) return this.#failAtOnce(id, room, 'TOO_LONG', tooLongText(bytes), onOutcome);
    const roomBytes = this.#bytesOfRoom(room);
    if (roomBytes === undefined) return this.#failAtOnce(id, room, 'BAD_ROOM', reasonOf('BAD_ROOM'), onOutcome);
    if (this.#session === undefined || this.#phase === 'closed') {
      const why = this.#session === undefined ? 'This client has no name and only reads' : reasonOf('NOT_SENT');
      return this.#failAtOnce(id, room, 'NOT_SENT', why, onOutcome);
    }
    const line = this.#outbox.push(id, kind, room, roomBytes, text, onOutcome);
    if (line === undefined) {
      const why = `${this.#outbox.open} lines wait already; wait until some are committed and send it again`;
      return this.#failAtOnce(id, room, 'NOT_SENT', why, onOutcome);
    }
    this.#tellState(id, 'queued', room);
    this.#deferPump();
    return id;
  }

  #failAtOnce(id: number, room: string, code: FinalCode, reason: string, onOutcome: OnOutcome | undefined): number {
    if (this.#emitter.wants('state'))
      this.#emitter.emit('state', { event: 'state', id, state: 'failed', room, reason });
    onOutcome?.(code, 0, 0, id);
    return id;
  }

  /** UTF-8 of a room's name, cached: a client speaks to few rooms. Undefined if it cannot be a room at all. */
  #bytesOfRoom(room: string): Uint8Array | undefined {
    const known = this.#roomBytes.get(room);
    if (known !== undefined) return known;
    const bytes = Buffer.from(room);
    if (bytes.length > 0xff) return undefined;
    if (this.#roomBytes.size >= limits.subscriptionsMax) this.#roomBytes.clear();
    this.#roomBytes.set(room, bytes);
    return bytes;
  }

  #deferPump(): void {
    if (this.#pumpDeferred) return;
    this.#pumpDeferred = true;
    this.#environment.turn.defer(this.#pump, Stage.submit);
  }

  /** One run per turn, unless it is above what one frame may hold. */
  readonly #pump = (): void => {
    this.#pumpDeferred = false;
    const session = this.#session;
    const link = this.#link;
    if (session?.id === undefined || session.state !== 'open' || link === undefined || this.#busyTimer !== undefined)
      return;
    const nowMs = this.#environment.clock.monotonicMs();
    while (link.connection.writable) {
      const run = this.#outbox.takeRun(session.id, session.nonce, session.window, nowMs);
      if (run === undefined) break;
      link.connection.send({ type: 'submit', run });
    }
    this.#armUnconfirmed();
  };

  #pumpIn(delayMs: number): void {
    if (this.#busyTimer !== undefined) return;
    this.#busyTimer = this.#environment.clock.setTimeout(() => {
      this.#busyTimer = undefined;
      this.#deferPump();
    }, delayMs);
  }

  /** An answer can be lost with the server's memory of whom to give it: what stays unanswered is sent again. */
  #armAgain(): void {
    this.#againTimer = this.#environment.clock.setTimeout(() => {
      const link = this.#link;
      if (link === undefined) return;
      const session = this.#session;
      if (session?.state === 'opening') {
        const opening = session.open(session.request);
        if (opening !== undefined) link.connection.send(opening);
      } else if (!link.answered && this.#outbox.inFlight > 0) {
        this.#outbox.rewind();
        this.#deferPump();
      }
      link.answered = false;
      this.#armAgain();
    }, this.#sendTimeoutMs);
  }

  #armUnconfirmed(): void {
    if (this.#unconfirmedTimer !== undefined) return;
    const dueMs = this.#outbox.unconfirmedAtMs(this.#sendTimeoutMs);
    if (dueMs === undefined) return;
    const { clock } = this.#environment;
    this.#unconfirmedTimer = clock.setTimeout(
      () => {
        this.#unconfirmedTimer = undefined;
        this.#outbox.sweepUnconfirmed(clock.monotonicMs(), this.#sendTimeoutMs);
        this.#armUnconfirmed();
      },
      Math.max(1, Math.ceil(dueMs - clock.monotonicMs())),
    );
  }

  #onSending(line: Line, seq: number): void {
    if (this.#emitter.wants('message')) this.#own.sent(seq, line.id);
    this.#tellState(line.id, 'sending', line.room);
  }

  #onFinal(line: Line, code: FinalCode, slot: number, n: number): void {
    if (code === 'ok') {
      if (line.kind === 'join') this.#joined.set(line.room, slot);
      else if (line.kind === 'nick') this.#session?.rename(line.slab.toString('utf8', line.start + 4, line.end));
    }
    if (this.#emitter.wants('state')) this.#tellFinal(line, code, slot, n);
    line.onOutcome?.(code, slot, n, line.id);
    if (this.#outbox.open === 0) for (const waiting of [...this.#drained]) waiting();
  }

  // --------------------------------------------------------------------------------------------------------- telling

  #tellState(id: number, state: LineState, room: string): void {
    if (this.#emitter.wants('state')) this.#emitter.emit('state', { event: 'state', id, state, room });
  }

  #tellFinal({ id, room }: Line, code: FinalCode, slot: number, n: number): void {
    if (code !== 'ok') {
      const state = code === 'UNKNOWN' ? 'unconfirmed' : 'failed';
      this.#emitter.emit('state', { event: 'state', id, state, room, reason: reasonOf(code) });
    } else if (n === 0) this.#emitter.emit('state', { event: 'state', id, state: 'committed', room, slot });
    else this.#emitter.emit('state', { event: 'state', id, state: 'committed', room, slot, n });
  }

  #tellConnected(): void {
    const link = this.#link;
    if (link === undefined || link.ready) return;
    for (const stream of this.#streams.values()) if (!stream.settled) return;
    link.ready = true;
    this.#router.succeeded();
    this.#setPhase('ready');
    this.#emitter.emit('connected', { event: 'connected', server: link.server, address: link.address });
  }

  #tellQuorum(ok: boolean, up: number, servers: number): void {
    const before = this.#quorum;
    if (before.ok === ok && (ok || before.up === up)) return;
    this.#quorum = { ok, up, servers };
    this.#emitter.emit('quorum', { event: 'quorum', ok, up, servers });
  }

  #tellError(code: ClientErrorCode, text: string): void {
    this.#emitter.emit('error', { event: 'error', code, text });
  }

  #setPhase(phase: Phase): void {
    if (this.#phase === phase || this.#phase === 'closed') return;
    this.#phase = phase;
    this.#emitter.emit('phase', { event: 'phase', phase });
  }

  #clearLinkTimers(): void {
    const { clock } = this.#environment;
    for (const timer of [this.#moveTimer, this.#busyTimer, this.#againTimer]) {
      if (timer !== undefined) clock.clearTimeout(timer);
    }
    this.#moveTimer = undefined;
    this.#busyTimer = undefined;
    this.#againTimer = undefined;
  }

  #shut(): void {
    const { clock } = this.#environment;
    const link = this.#link;
    this.#link = undefined;
    this.#clearLinkTimers();
    for (const timer of [this.#retryTimer, this.#unconfirmedTimer]) if (timer !== undefined) clock.clearTimeout(timer);
    this.#retryTimer = undefined;
    this.#unconfirmedTimer = undefined;
    this.#greeting?.cancel();
    this.#router.cancel();
    link?.connection.goodbye('SHUTTING_DOWN', 'the client leaves');
    this.#requests.close();
    this.#outbox.close();
    this.#setPhase('closed');
  }
}

function textBytes(text: string | Uint8Array): number {
  if (typeof text !== 'string') return text.length;
  // Three bytes per UTF-16 unit at most: short lines need no count.
  return text.length * 3 <= limits.messageBytesMax ? text.length : Buffer.byteLength(text);
}

/** Greeting failures that mean "not you", as against "not now". */
function isRefusal(code: string): code is 'BAD_VERSION' | 'FOREIGN_CLUSTER' | 'FORBIDDEN' | 'BAD_HELLO' {
  return code === 'BAD_VERSION' || code === 'FOREIGN_CLUSTER' || code === 'FORBIDDEN' || code === 'BAD_HELLO';
}
