/** A room as its servers hold it, for scripted chats: events are added to it, and it is read in groups and pages. */
import type { EventGroup, HistoryQuery, Page, RoomEvent } from '../../../src/client/index.js';

/** What is to happen: `Say` in short for a post. */
export interface Happening {
  readonly kind: RoomEvent['kind'];
  readonly from: string;
  readonly text: string;
}

interface Logged {
  readonly event: RoomEvent;
  readonly slot: number;
  readonly wallMs: number;
  /** Of the first post that is this event or comes behind it. */
  readonly n: number;
}

const session = { slot: 1, index: 0 };

export class RoomLog {
  readonly name: string;
  readonly #events: Logged[] = [];
  #posts = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The number of the last event. */
  get head(): number {
    return this.#events.length;
  }

  get posts(): number {
    return this.#posts;
  }

  /** The number of the event that is this post. */
  eventOf(n: number): number {
    return 1 + this.#events.findIndex(({ event, n: own }) => own === n && isPost(event));
  }

  /** Chosen together in one slot. Returns them as they are delivered. */
  add(slot: number, wallMs: number, ...happenings: readonly Happening[]): EventGroup {
    const first = this.head + 1;
    for (const happening of happenings) {
      const event = { ...happening, session, seq: this.head + 1 };
      this.#events.push({ event, slot, wallMs, n: this.#posts + 1 });
      if (isPost(event)) this.#posts++;
    }
    return this.groups(first, this.head)[0]!;
  }

  /** These events, both ends among them, with one group for each slot. */
  groups(first: number, last: number): EventGroup[] {
    const groups: (EventGroup & { readonly events: RoomEvent[] })[] = [];
    for (let number = Math.max(1, first); number <= Math.min(last, this.head); number++) {
      const { event, slot, wallMs, n } = this.#events[number - 1]!;
      const group = groups.at(-1);
      if (group?.slot === slot) group.events.push(event);
      else groups.push({ slot, wallMs, firstEvent: number, firstN: n, events: [event] });
    }
    return groups;
  }

  /** A page of history, as a server answers it. */
  page({ direction = 'before', by = 'event', event = Number.MAX_SAFE_INTEGER, limit = 100 }: HistoryQuery): Page {
    const wanted = by === 'event' ? event : event > this.#posts ? this.head + 1 : this.eventOf(event);
    const [first, last] =
      direction === 'from'
        ? [wanted, wanted + limit - 1]
        : [Math.min(wanted, this.head + 1) - limit, Math.min(wanted, this.head + 1) - 1];
    const groups = this.groups(first, last);
    const { name: room, head: headEvent, posts: headN } = this;
    return { type: 'page', request: 1, code: 'ok', room, fresh: false, headEvent, headN, groups };
  }
}

function isPost({ kind }: RoomEvent): boolean {
  return kind === 'post' || kind === 'action';
}
