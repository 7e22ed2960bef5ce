/** A room's events as one gapless stream across connections: what to ask for, what is new, what is missing. */
import type { EventGroup, Subscribe, Subscribed } from '../wire/index.js';

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

/** Pure bookkeeping of one subscription; deliveries and duplicates change nothing until `subscribed` has come. */
export class RoomStream {
  readonly room: string;
  readonly #from: From;
  /** The number of the next event wanted; 0 while the server still has to say where the stream begins. */
  #next: number;
  #request = 0;
  #open = false;
  #refused = false;
  /** A server has opened it before: what it has shown since must go on without a gap. */
  #wasOpen = false;
  /** Gaps since the last event that was new. */
  gaps = 0;

  constructor(room: string, from: From) {
    this.room = room;
    this.#from = from;
    this.#next = from === 'all' ? 1 : typeof from === 'object' && 'event' in from ? Math.max(1, from.event) : 0;
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
    this.#next = behind;
    this.gaps = 0;
    return skip === 0 ? ALL_NEW : { kind: 'new', skip };
  }
}
