/** The one history that everybody must see: exactly once, in order per session, without gaps for each subscriber. */
import type { Applied } from '../../../src/chat/index.js';
import type { EventGroup, RoomEvent, SessionId, Slot } from '../../../src/wire/index.js';
import { demand } from '../violation.js';

interface Placed {
  readonly slot: Slot;
  readonly room: string;
  readonly event: number;
}

export class History {
  #applied: Slot;
  /** Per room: the text of each event, by number - 1. */
  readonly #rooms = new Map<string, string[]>();
  readonly #posts = new Map<string, number>();
  /** Where each message of each session stands. */
  readonly #placed = new Map<string, Placed>();
  readonly #lastSeq = new Map<string, number>();
  readonly #expired = new Set<string>();

  /** The log begins behind `origin`. */
  constructor(origin: Slot) {
    this.#applied = origin;
  }

  /** Messages that had an effect somewhere in the log. */
  get messages(): number {
    return this.#placed.size;
  }

  /** Whether the log ended this session. */
  hasExpired({ slot, index }: SessionId): boolean {
    return this.#expired.has(`${slot}.${index}`);
  }

  get expiredSessions(): number {
    return this.#expired.size;
  }

  /** A server applied a slot. The first to do so writes the history; the others are compared by their state's hash. */
  applied(applied: Applied): void {
    if (applied.slot <= this.#applied) return;
    demand(
      applied.slot === this.#applied + 1,
      'commit contiguous',
      () => `slot ${applied.slot} was applied by somebody while ${this.#applied + 1} was applied by nobody`,
    );
    this.#applied = applied.slot;
    demand(
      applied.skippedItems === 0,
      'sound items',
      () => `${applied.skippedItems} broken items in slot ${applied.slot}`,
    );
    for (const { slot, index } of applied.expired) this.#expired.add(`${slot}.${index}`);
    const highest = new Map<string, number>();
    for (const { room, group } of applied.groups) this.#group(room, group, highest);
    for (const [session, seq] of highest) this.#lastSeq.set(session, seq);
  }

  #group(room: string, group: EventGroup, highest: Map<string, number>): void {
    const lastHere = new Map<string, number>();
    let events = this.#rooms.get(room);
    if (events === undefined) {
      events = [];
      this.#rooms.set(room, events);
    }
    demand(
      group.firstEvent === events.length + 1,
      'gapless rooms',
      () => `${room} goes on with event ${group.firstEvent} in slot ${group.slot} after ${events.length}`,
    );
    let posts = this.#posts.get(room) ?? 0;
    demand(
      group.firstN === posts + 1,
      'gapless rooms',
      () => `${room} goes on with post ${group.firstN} after ${posts}`,
    );
    for (const event of group.events) {
      if (event.kind === 'post' || event.kind === 'action') posts++;
      this.#once(room, events.length + 1, group.slot, event);
      this.#inOrder(group.slot, event, lastHere, highest);
      events.push(eventText(group.slot, event));
    }
    this.#posts.set(room, posts);
  }

  /** A message has one effect in one room (leaves and nicks can reach several rooms), in the order of its session. */
  #once(room: string, event: number, slot: Slot, what: RoomEvent): void {
    if (what.kind !== 'post' && what.kind !== 'action') return;
    const key = messageKey(what.session, what.seq);
    const before = this.#placed.get(key);
    demand(
      before === undefined,
      'exactly once',
      () =>
        `message ${key} is event ${before?.event} of ${before?.room} in slot ${before?.slot} ` +
        `and event ${event} of ${room} in ${slot}`,
    );
    this.#placed.set(key, { slot, room, event });
  }

  /** Messages of a session rise within a room; between rooms a slot has no order, but slots have. */
  #inOrder(slot: Slot, what: RoomEvent, lastHere: Map<string, number>, highest: Map<string, number>): void {
    if (what.kind === 'leave' || what.kind === 'nick' || what.kind === 'join') return;
    const session = sessionText(what.session);
    const last = Math.max(this.#lastSeq.get(session) ?? 0, lastHere.get(session) ?? 0);
    demand(
      what.seq > last,
      'order per session',
      () => `session ${session}: seq ${what.seq} follows ${last} in slot ${slot}`,
    );
    lastHere.set(session, what.seq);
    highest.set(session, Math.max(highest.get(session) ?? 0, what.seq));
  }

  /** A client was told that its post stands in `slot`. */
  acked(session: SessionId, seq: number, slot: Slot): void {
    const placed = this.#placed.get(messageKey(session, seq));
    demand(
      placed?.slot === slot,
      'ack is true',
      () =>
        `message ${messageKey(session, seq)} was acknowledged in slot ${slot}, it stands in ${placed?.slot ?? 'none'}`,
    );
  }

  /** A client was shown events first … of a room. */
  shown(client: string, room: string, group: EventGroup): void {
    const events = this.#rooms.get(room) ?? [];
    for (const [at, event] of group.events.entries()) {
      const number = group.firstEvent + at;
      const wanted = events[number - 1];
      const got = eventText(group.slot, event);
      demand(
        wanted === got,
        'streams equal history',
        () => `${client} was shown ${got} as event ${number} of ${room}, where ${wanted ?? 'nothing'} stands`,
      );
    }
  }

  /** Events of a room so far. */
  events(room: string): number {
    return this.#rooms.get(room)?.length ?? 0;
  }
}

function sessionText(session: SessionId): string {
  return `${session.slot}.${session.index}`;
}

function messageKey(session: SessionId, seq: number): string {
  return `${sessionText(session)}#${seq}`;
}

function eventText(slot: Slot, event: RoomEvent): string {
  return `${slot} ${event.kind} ${event.from} ${sessionText(event.session)}#${event.seq} ${event.text}`;
}
