/** A room's events as one gapless stream across connections: what to ask for, what is new, what is missing. */
import type { EventGroup, Kept, Subscribe, Subscribed } from '../wire/index.js';

/** Where a subscription begins. all: the room's first event. now: what comes next. */
export type From = 'all' | 'now' | { readonly event: number } | { readonly lastPosts: number };

/**
 * The one spelling under which servers deliver a room: a direct-message room names its two people folded and sorted
 * (names compare without ASCII case: CONTRACT.md, Output); a channel is spelled as it is.
 */
export function roomKey(room: string): string {
  if (!room.startsWith('@')) return room;
  const folded = room.slice(1).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return `@${folded.split(',').sort().join(',')}`;
}

/** What to do with a group: deliver its events from `skip` on, nothing, or ask again because `missing` events lack. */
export type Taken =
  | { readonly kind: 'new'; readonly skip: number }
  | { readonly kind: 'old' }
  | { readonly kind: 'gap'; readonly missing: number };

const OLD: Taken = { kind: 'old' };
const ALL_NEW: Taken = { kind: 'new', skip: 0 };

export type Opened =
  | { readonly kind: 'ignored' | 'refused' | 'open' }
  | { readonly kind: 'jumped'; readonly missing: number };

/** What a stream passes over: so many events, and of them so many messages if that is known. */
export interface PassedOver {
  readonly events: number;
  readonly messages: number | undefined;
}

/** Pure bookkeeping of one subscription; deliveries and duplicates change nothing until `subscribed` has come. */
export class RoomStream {
  readonly room: string;
  #from: From;
  /** The number of the next event wanted; 0 while the server still has to say where the stream begins. */
  #next: number;
  #request = 0;
  #open = false;
  #refused = false;
  /** A server has opened it before: what it has shown since must go on without a gap. */
  #wasOpen = false;
  /** The newest group, which says how many messages there were; undefined before the first. */
  #last: Pick<EventGroup, 'firstN' | 'events'> | undefined;
  /** Gaps since the last event that was new. */
  gaps = 0;

  constructor(room: string, from: From) {
    this.room = room;
    this.#from = from;
    this.#next = firstEvent(from);
  }

  /** The number of the next event this stream will deliver; 0 if the server has not said yet. */
  get nextEvent(): number {
    return this.#next;
  }

  /** True once this connection's subscription was answered, kindly or not. */
  get settled(): boolean {
    return this.#open || this.#refused;
  }

  /** True once this connection's server would not open the stream. */
  get refused(): boolean {
    return this.#refused;
  }

  /** The frame that opens the stream on a new connection, or again after a gap. */
  subscribe(request: number): Subscribe {
    this.#request = request;
    this.#open = false;
    this.#refused = false;
    const lastPosts =
      this.#next === 0 && typeof this.#from === 'object' && 'lastPosts' in this.#from ? this.#from.lastPosts : 0;
    return { type: 'subscribe', request, room: this.room, fromEvent: this.#next, lastPosts };
  }

  /** The connection is gone. */
  disconnected(): void {
    this.#open = false;
    this.#refused = false;
    this.#request = 0;
  }

  /** The room is another cluster's: it begins where it was to begin at first; an event's number means nothing there. */
  beginAnew(): void {
    if (typeof this.#from === 'object' && 'event' in this.#from) this.#from = 'all';
    this.#next = firstEvent(this.#from);
    this.#wasOpen = false;
    this.#last = undefined;
    this.gaps = 0;
    this.disconnected();
  }

  onSubscribed(answer: Subscribed): Opened {
    if (this.#request === 0 || answer.request !== this.#request || this.settled) return { kind: 'ignored' };
    if (answer.code !== 'ok') {
      this.#refused = true;
      return { kind: 'refused' };
    }
    this.#open = true;
    // The first time it begins where the room's history does, and that is nothing lost.
    const missing = this.#wasOpen ? answer.nextEvent - this.#next : 0;
    this.#wasOpen = true;
    this.#next = Math.max(this.#next, answer.nextEvent);
    return missing > 0 ? { kind: 'jumped', missing } : { kind: 'open' };
  }

  /**
   * The server says where what is kept begins, before it opens the stream or in the midst of it. Undefined if it is not
   * about this stream, or there is nothing to tell.
   */
  onKept({ request, firstEvent, firstN, byRetention }: Kept): PassedOver | undefined {
    const isOurs = this.#request !== 0 && (request === this.#request ? !this.settled : request === 0 && this.#open);
    const events = firstEvent - this.#next;
    if (!isOurs || this.#next === 0 || events <= 0) return undefined;
    const nextN = this.#nextN;
    this.#next = firstEvent;
    this.#last = { firstN, events: [] };
    // Where a server's log begins is nothing lost to whoever only comes.
    if (!byRetention && !this.#wasOpen) return undefined;
    return { events, messages: nextN === undefined ? undefined : Math.max(0, firstN - nextN) };
  }

  /** The number of the next message, if that is known. */
  get #nextN(): number | undefined {
    if (this.#next === 1) return 1;
    if (this.#last === undefined) return undefined;
    const { firstN, events } = this.#last;
    return firstN + events.filter(({ kind }) => kind === 'post' || kind === 'action').length;
  }

  /** A delivery. Only `new` moves the stream. */
  take(group: EventGroup): Taken {
    if (!this.#open) return OLD;
    const { firstEvent } = group;
    const behind = firstEvent + group.events.length;
    if (firstEvent > this.#next) {
      this.gaps++;
      return { kind: 'gap', missing: firstEvent - this.#next };
    }
    if (behind <= this.#next) return OLD;
    const skip = this.#next - firstEvent;
    this.#last = group;
    this.#next = behind;
    this.gaps = 0;
    return skip === 0 ? ALL_NEW : { kind: 'new', skip };
  }
}

/** The number of the first event to ask for; 0: the server says. */
function firstEvent(from: From): number {
  if (from === 'all') return 1;
  return typeof from === 'object' && 'event' in from ? Math.max(1, from.event) : 0;
}
