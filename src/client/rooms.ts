/** The rooms of one client: their streams across reroutes, and which ones the user means to be in. */
import type { EventGroup, Kept, Message, SessionId, Subscribed } from '../wire/index.js';
import { emitGroup } from './deliveries.js';
import type { Link, Shared } from './link.js';
import { GAPS_MAX } from './options.js';
import type { OwnLines } from './own-lines.js';
import { type From, RoomStream, roomKey } from './room-stream.js';
import { passedOverText, readRefusedText } from './texts.js';

/** What the rooms need to know of, and want from, the rest of the client. */
export interface RoomsSink {
  /** The session that the user's own events carry; undefined before the log gave one. */
  readonly session: SessionId | undefined;
  /** A session is being opened or resumed on this connection: the server does not know yet who reads. */
  readonly sessionComing: boolean;
  /** Ids of own lines that wait for their delivery. */
  readonly own: OwnLines;
  /** Submits a join that nobody typed. */
  join(room: string): void;
  /** The server cannot be trusted with this client's rooms. */
  lose(link: Link, reason: string): void;
  /** A subscription was answered or is gone: perhaps all are open now. */
  settled(): void;
}

export class Rooms {
  readonly #shared: Shared;
  readonly #sink: RoomsSink;
  readonly #streams = new Map<string, RoomStream>();
  /** Rooms that the user asked to join and has not asked to leave since, … */
  readonly #wanted = new Set<string>();
  /** … and of them those in which the log has the user, with the slot of the join. */
  readonly #joined = new Map<string, number>();

  constructor(shared: Shared, sink: RoomsSink) {
    this.#shared = shared;
    this.#sink = sink;
  }

  /** Every subscription of this connection was answered, kindly or not. */
  get allSettled(): boolean {
    for (const stream of this.#streams.values()) if (!stream.settled) return false;
    return true;
  }

  /** Opens a stream; one that the server refused is asked for once more, any other second call does nothing. */
  subscribe(name: string, from: From): void {
    const room = roomKey(name);
    const known = this.#streams.get(room);
    if (known !== undefined && !known.refused) return;
    const stream = known ?? new RoomStream(room, from);
    this.#streams.set(room, stream);
    this.#ask(stream);
  }

  unsubscribe(name: string): void {
    const room = roomKey(name);
    if (!this.#streams.delete(room)) return;
    this.#send({ type: 'unsubscribe', room });
    this.#sink.settled();
  }

  /** A new connection: every stream goes on where it stood. */
  opened(): void {
    for (const stream of this.#streams.values()) this.#ask(stream);
  }

  /** Another cluster: all streams begin anew, and its log has the user in no room yet. */
  beginAnew(): void {
    for (const stream of this.#streams.values()) stream.beginAnew();
    for (const room of this.#wanted) this.#joined.set(room, 0);
  }

  disconnected(): void {
    for (const stream of this.#streams.values()) stream.disconnected();
  }

  /** The server knows now whose connection this is: what it refused to a stranger is asked for again. */
  sessionOpened(): void {
    for (const stream of this.#streams.values()) if (stream.refused) this.#ask(stream);
  }

  /** A session that replaces one that is gone is in no room: enter them again. */
  joinAgain(): void {
    const rooms = [...this.#joined.keys()];
    this.#joined.clear();
    for (const room of rooms) this.#sink.join(room);
  }

  joining(room: string): void {
    this.#wanted.add(room);
  }

  leaving(room: string): void {
    this.#wanted.delete(room);
    this.#joined.delete(room);
  }

  /** The log has the join; if the user has asked to leave meanwhile, the leave follows and must not be undone. */
  onJoined(room: string, slot: number): void {
    if (this.#wanted.has(room)) this.#joined.set(room, slot);
  }

  onSubscribed(message: Subscribed): void {
    const { room, code, nextEvent, headEvent, headN, topic, people } = message;
    const opened = this.#streams.get(room)?.onSubscribed(message);
    if (opened === undefined || opened.kind === 'ignored') return;
    if (opened.kind === 'refused') {
      // A direct room belongs to two names, and the server may not have applied this user's register yet.
      const tooEarly = code === 'NOT_ALLOWED' && this.#sink.sessionComing;
      if (!tooEarly && code !== 'ok') this.#shared.tellError(code, `${room}: ${readRefusedText(code)}`);
    } else {
      if (opened.kind === 'jumped') {
        const text = `${opened.missing} events of ${room} are no longer kept by this server; the room goes on after them`;
        this.#shared.tellError('GAP', text);
      }
      const event = { event: 'subscribed', room, nextEvent, headEvent, headN, topic, people } as const;
      this.#shared.emitter.emit('subscribed', event);
    }
    this.#sink.settled();
  }

  /** A stream goes on behind what is gone. */
  onKept(kept: Kept): void {
    const passed = this.#streams.get(kept.room)?.onKept(kept);
    if (passed !== undefined)
      this.#shared.tellError(kept.byRetention ? 'DELETED' : 'GAP', passedOverText(kept, passed));
  }

  onDeliver(link: Link, room: string, group: EventGroup): void {
    const stream = this.#streams.get(room);
    if (stream === undefined) return;
    const taken = stream.take(group);
    if (taken.kind === 'old') return;
    if (taken.kind === 'gap') return this.#onGap(link, stream, taken.missing);
    const { session } = this.#sink;
    emitGroup(this.#shared.emitter, room, group, taken.skip, this.#sink.own, session);
    if (session === undefined) return;
    for (let index = taken.skip; index < group.events.length; index++) {
      const event = group.events[index];
      if (event?.kind !== 'leave') continue;
      if (event.session.slot === session.slot && event.session.index === session.index) {
        this.#onOwnLeave(room, group.slot);
      }
    }
  }

  #onGap(link: Link, stream: RoomStream, missing: number): void {
    const { room, nextEvent: first } = stream;
    const last = first + missing - 1;
    this.#shared.tellError('GAP', `Events ${first}–${last} of ${room} are missing; asking for them again`);
    if (stream.gaps >= GAPS_MAX) {
      this.#sink.lose(link, `${link.address} left gaps in ${room}`);
      return;
    }
    this.#send({ type: 'unsubscribe', room });
    this.#ask(stream);
  }

  /** A leave that the user did not ask for: 30 s without a connection have passed. The user is back, so join again. */
  #onOwnLeave(room: string, slot: number): void {
    const joinedSlot = this.#joined.get(room);
    if (joinedSlot === undefined || slot <= joinedSlot) return;
    this.#joined.delete(room);
    this.#sink.join(room);
  }

  #ask(stream: RoomStream): void {
    const connection = this.#shared.link?.connection;
    if (connection !== undefined) connection.send(stream.subscribe(this.#shared.nextRequest()));
  }

  #send(message: Message): void {
    this.#shared.link?.connection.send(message);
  }
}
