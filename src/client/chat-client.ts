/** The chat client: finds a server, keeps a session and gapless rooms across reroutes, and never lies about a line. */
import { assert, limits } from '../base/index.js';
import {
  type EventKind,
  features,
  type History,
  type Message,
  type Page,
  type RoomList,
  type Standing,
  type Status,
} from '../wire/index.js';
import { Connector } from './connector.js';
import { Emitter, type Unsubscribe } from './emitter.js';
import { defaultEnvironment } from './environment.js';
import type { ClientEvent, ClientEvents, Phase } from './events.js';
import { Lines } from './lines.js';
import { type Link, Shared } from './link.js';
import { type ChatClientOptions, LINES_MAX } from './options.js';
import type { OnOutcome } from './outbox.js';
import { type Asked, Requests } from './requests.js';
import { type From, roomKey } from './room-stream.js';
import { Rooms } from './rooms.js';
import { ClientSession, type SessionState } from './session.js';
import { otherClusterAnswer, otherClusterText } from './texts.js';

/** What `history` asks for; defaults: events, the last 100, not fresh. */
export type HistoryQuery = Partial<Omit<History, 'type' | 'request' | 'room'>> & { readonly room: string };

/**
 * One user's connection to a cluster. `connect` starts it; from then on it looks for a server for ever, and every line
 * is submitted in order, once, and its true state told. All methods may be called in any phase.
 */
export class ChatClient {
  readonly #shared: Shared;
  readonly #connector: Connector;
  readonly #rooms: Rooms;
  readonly #lines: Lines;
  readonly #session: ClientSession | undefined;
  readonly #requests: Requests;
  readonly #sendTimeoutMs: number;

  constructor(options: ChatClientOptions) {
    const window = options.window ?? limits.sessionWindow;
    assert(
      window >= 1 && window <= limits.sessionWindowMax,
      `window ${window} is not within 1..${limits.sessionWindowMax}`,
    );
    const environment = { ...defaultEnvironment(), ...options.environment };
    const shared = new Shared(environment, new Emitter<ClientEvents>());
    this.#shared = shared;
    this.#sendTimeoutMs = options.sendTimeoutMs ?? limits.sendTimeoutMs;
    this.#session =
      options.name === undefined ? undefined : new ClientSession(options.name, window, environment.secretBytes);
    this.#requests = new Requests(
      environment,
      () => shared.nextRequest(),
      (message) => {
        const { link } = shared;
        // Whoever does not know the question would end the connection: it waits for a server that does.
        if (message.type === 'listRooms' && !canListRooms(link)) return;
        link?.connection.send(message);
      },
    );
    this.#connector = new Connector(options, shared, {
      onOpen: () => this.#onOpen(),
      onOpenElsewhere: (_link, before) => this.#onOpenElsewhere(before),
      onLost: () => this.#onLost(),
      onMessage: (link, message) => this.#onMessage(link, message),
      onDrain: () => this.#lines.deferPump(),
    });
    const lose = (link: Link, reason: string): void => this.#connector.lose(link, reason);
    const lines = new Lines(
      { session: this.#session, linesMax: options.linesMax ?? LINES_MAX, sendTimeoutMs: this.#sendTimeoutMs },
      shared,
      {
        onNewSession: () => this.#rooms.joinAgain(),
        onSessionOpen: () => this.#rooms.sessionOpened(),
        onJoined: (room, slot) => this.#rooms.onJoined(room, slot),
        lose,
      },
    );
    this.#lines = lines;
    this.#rooms = new Rooms(shared, {
      own: lines.own,
      get session() {
        return lines.session;
      },
      get sessionComing() {
        return lines.sessionComing;
      },
      join: (room) => void this.join(room),
      settled: () => this.#tellConnected(),
      lose,
    });
  }

  /** Listens to events by name, or to `any` of them; call the result to stop. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (event: ClientEvents[Name]) => void): Unsubscribe;
  on(name: 'any', listener: (event: ClientEvent) => void): Unsubscribe;
  on(name: keyof ClientEvents | 'any', listener: (event: never) => void): Unsubscribe {
    return this.#shared.emitter.on(name as keyof ClientEvents, listener as (event: ClientEvent) => void);
  }

  get phase(): Phase {
    return this.#connector.phase;
  }

  /** The name as the log knows it; the one asked for until then. "" for a reader. */
  get name(): string {
    return this.#session?.name ?? '';
  }

  /** The server connected to, if any. */
  get server(): { readonly id: number; readonly address: string } | undefined {
    const { link } = this.#shared;
    return link === undefined ? undefined : { id: link.server, address: link.address };
  }

  /** The id of the cluster that this client is of, 32 hexadecimal digits; '' before it reached a server. */
  get cluster(): string {
    return this.#connector.cluster;
  }

  /** Since anything was last received from the connected server, answers to pings included; undefined without one. */
  get contactAgeMs(): number | undefined {
    return this.#shared.link?.connection.silentForMs;
  }

  /** Whether lines can be submitted now; after `refused` only `useName` helps. Undefined for a reader. */
  get sessionState(): SessionState | undefined {
    return this.#session?.state;
  }

  /** What the server last said about leader and quorum. */
  get standing(): Standing | undefined {
    return this.#connector.standing;
  }

  /** Lines that are not committed, failed or given up. */
  get openLines(): number {
    return this.#lines.open;
  }

  /** Lines never submitted so far. */
  get queuedLines(): number {
    return this.#lines.queued;
  }

  /** All servers known by now, for `status` when the balancer is down. */
  get knownServers(): readonly string[] {
    return this.#connector.knownServers;
  }

  /** Starts looking for a server. A second call does nothing. */
  connect(): void {
    this.#connector.start();
  }

  /**
   * Leaves the present server, if any, for the one at this address (`host:port`); if it can't be reached, the search
   * goes on as ever. Does nothing in a client that is there already, is closed, or was given `server`.
   */
  moveTo(address: string): void {
    this.#connector.moveTo(address);
  }

  /** A post. Returns the line's id; see {@link OnOutcome} for the callback, and the `state` events. */
  post(room: string, text: string | Uint8Array, onOutcome?: OnOutcome): number {
    return this.#submit('post', room, text, onOutcome);
  }

  /** Takes back a line that is still queued; it ends as failed (NOT_SENT). False: it was submitted, or is over. */
  cancel(id: number): boolean {
    return this.#lines.cancel(id);
  }

  /** `/me` in a room. */
  action(room: string, text: string | Uint8Array, onOutcome?: OnOutcome): number {
    return this.#submit('action', room, text, onOutcome);
  }

  /** Enters a room for others to see; reading needs only `subscribe`. Repeated by itself after a forced leave. */
  join(room: string, onOutcome?: OnOutcome): number {
    this.#rooms.joining(roomKey(room));
    return this.#submit('join', room, '', onOutcome);
  }

  leave(room: string, onOutcome?: OnOutcome): number {
    this.#rooms.leaving(roomKey(room));
    return this.#submit('leave', room, '', onOutcome);
  }

  topic(room: string, text: string, onOutcome?: OnOutcome): number {
    return this.#submit('topic', room, text, onOutcome);
  }

  /** Another name, through the log. */
  nick(name: string, onOutcome?: OnOutcome): number {
    return this.#submit('nick', '', name, onOutcome);
  }

  /** Tries to register under another name after NAME_TAKEN, BAD_NAME or NAME_BLOCKED. */
  useName(name: string): void {
    const session = this.#session;
    if (session === undefined || session.state !== 'refused') return;
    session.rename(name);
    this.#lines.openSession();
  }

  /**
   * Opens a room's stream, at first from `from`, after every reroute from the last event seen. A second call does
   * nothing, unless the server refused the first one: then it asks again.
   */
  subscribe(room: string, from: From = 'all'): void {
    this.#rooms.subscribe(room, from);
  }

  unsubscribe(room: string): void {
    this.#rooms.unsubscribe(room);
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

  /** The server connected to can tell which rooms there are; undefined without one. */
  get canListRooms(): boolean | undefined {
    const { link } = this.#shared;
    return link && canListRooms(link);
  }

  /**
   * A page of the rooms that are open to all, by name from behind `after` on, "" for the first one. A server of an
   * older release cannot answer: the question waits for another one, or times out. Never rejects.
   */
  rooms(after = '', timeoutMs = this.#sendTimeoutMs): Promise<Asked<RoomList>> {
    return this.#requests.ask<RoomList>('roomList', timeoutMs, (request) => ({ type: 'listRooms', request, after }));
  }

  /** How the connected server sees the cluster. Never rejects. */
  status(timeoutMs = this.#sendTimeoutMs): Promise<Asked<Status>> {
    return this.#requests.ask<Status>('status', timeoutMs, (request) => ({ type: 'statusRequest', request }));
  }

  /** Resolves when no line is open any more (true) or the time is over (false). */
  drain(timeoutMs: number): Promise<boolean> {
    return this.#lines.drain(timeoutMs);
  }

  /** Waits for open lines at most `drainMs`, then says goodbye. Lines still open end as UNKNOWN or NOT_SENT. */
  async close(drainMs = 0): Promise<void> {
    // Always after the caller's stack: a listener may close the client in the middle of an answer.
    await (drainMs > 0 ? this.drain(drainMs) : Promise.resolve());
    if (this.phase === 'closed') return;
    this.#connector.close();
    this.#requests.end('CLOSED', 'The client was closed');
    this.#lines.close();
  }

  #submit(kind: EventKind, room: string, text: string | Uint8Array, onOutcome: OnOutcome | undefined): number {
    return this.#lines.submit(kind, roomKey(room), text, onOutcome);
  }

  #onOpen(): void {
    this.#openAll();
    this.#requests.resend();
    this.#tellConnected();
  }

  /** Told only when all that is to be asked of the new cluster was: a listener may do anything, even leave it. */
  #onOpenElsewhere(before: string): void {
    this.#rooms.beginAnew();
    this.#lines.forgetSession();
    this.#openAll();
    this.#requests.end('OTHER_CLUSTER', otherClusterAnswer);
    const ended = this.#lines.giveUp();
    const now = this.cluster;
    const text = otherClusterText(before, now, ended);
    this.#shared.emitter.emit('cluster', { event: 'cluster', before, now, ...ended, text });
    this.#tellConnected();
  }

  #openAll(): void {
    this.#rooms.opened();
    this.#lines.opened();
  }

  #onLost(): void {
    this.#lines.disconnected();
    this.#rooms.disconnected();
  }

  #onMessage(link: Link, message: Message): void {
    switch (message.type) {
      case 'ack':
        return this.#lines.onAck(link, message);
      case 'deliver':
        return this.#rooms.onDeliver(link, message.room, message.group);
      case 'registered':
        return this.#lines.onRegistered(message);
      case 'busy':
        return this.#lines.onBusy(message);
      case 'reject':
        if (message.request !== 0 && this.#requests.onReject(message.request, message.code, message.text)) return;
        return this.#lines.onReject(message);
      case 'standing':
        return this.#connector.onStanding(link, message);
      case 'directRooms':
        return this.#shared.emitter.emit('direct', { event: 'direct', news: message.news, rooms: message.rooms });
      case 'subscribed':
        return this.#rooms.onSubscribed(message);
      case 'kept':
        this.#rooms.onKept(message);
        return this.#requests.onKept(message);
      case 'page':
      case 'roomList':
      case 'status':
        return this.#requests.onAnswer(message);
      default:
        this.#shared.environment.logger.debug('client-ignored', { type: message.type });
    }
  }

  /** Once per connection, as soon as every subscription was answered. */
  #tellConnected(): void {
    const { link } = this.#shared;
    if (link !== undefined && !link.ready && this.#rooms.allSettled) this.#connector.ready(link);
  }
}

function canListRooms(link: Link | undefined): boolean {
  return link !== undefined && (link.features & features.listRooms) !== 0;
}
