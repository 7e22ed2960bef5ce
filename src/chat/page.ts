/**
 * One page of a room's history: which rows and slots are needed, and how they become events. It reads nothing itself.
 */
import { assert } from '../base/index.js';
import type { EventGroup, Slot } from '../wire/index.js';
import { indexKey, keyNumber } from './keys.js';
import type { Room } from './model.js';
import { PostFinder } from './post-finder.js';
import { GroupBuilder, HistoryError } from './render.js';
import { type IndexRow, readIndexRow, type Span } from './spans.js';
import type { ChatLimits, PageReader, PageRequest, Row, RowRange } from './types.js';

/** What the rows of the range given last are for. */
type Step = 'findPost' | 'readFirstRow' | 'readMoreRows' | 'done';

export class RoomPage implements PageReader {
  readonly headEvent: number;
  readonly headN: number;
  readonly #room: string;
  readonly #limits: ChatLimits;
  readonly #backwards: boolean;
  readonly #limit: number;
  /** The first event that can be read. */
  readonly #firstEvent: number;
  /** What is in memory of the index: the newest rows, up to the head. */
  readonly #memory: readonly IndexRow[];
  readonly #spans: Span[] = [];
  #step: Step = 'done';
  /** Of a page that is asked for by the number of a post. */
  #finder: PostFinder | undefined;
  /** The page is made of the events [start, stop). */
  #start = 0;
  #stop = 0;
  /** The spans whose slots were not taken yet, once the first one is; the events up to `#next` are in the builder. */
  #left: Span[] | undefined;
  #next = 0;
  readonly #builder = new GroupBuilder(Number.MAX_SAFE_INTEGER);

  constructor(room: Room, request: PageRequest, limits: ChatLimits, firstEvent: number) {
    this.#room = room.name;
    this.#limits = limits;
    this.headEvent = room.events;
    this.headN = room.posts;
    this.#memory = room.memoryRows();
    this.#firstEvent = Math.min(firstEvent, room.events + 1);
    this.#backwards = request.direction === 'before';
    this.#limit = Math.max(1, Math.min(request.limit, limits.pageEventsMax));
    if (request.by === 'event') this.#anchor(request.event);
    else if (request.event > room.posts) this.#anchor(room.events + 1);
    else this.#findPost(new PostFinder(room.name, Math.max(1, request.event), this.#memory));
  }

  nextRange(): RowRange | undefined {
    const room = this.#room;
    switch (this.#step) {
      case 'findPost':
        return this.#finder?.nextRange();
      case 'readFirstRow':
        return { from: indexKey(room, 0), to: indexKey(room, this.#start + 1), reverse: true, limit: 1 };
      case 'readMoreRows': {
        const to = Math.min(this.#stop, this.#memoryFrom());
        // Every stored row holds at least this many events, so these rows reach to the page's end.
        const leastEvents = Math.min(this.#limits.indexRowSpans, this.#limits.indexRowEventsMax);
        const limit = Math.ceil(this.#limit / leastEvents) + 1;
        return { from: indexKey(room, this.#start + 1), to: indexKey(room, to), reverse: false, limit };
      }
      case 'done':
        return undefined;
    }
  }

  addRows(rows: readonly Row[]): void {
    switch (this.#step) {
      case 'findPost':
        assert(this.#finder !== undefined, 'rows of a post are asked for by its finder');
        this.#finder.addRows(rows);
        this.#findPost(this.#finder);
        return;
      case 'readFirstRow':
        this.#addStored(this.#only(rows));
        this.#step = this.#start + 1 < Math.min(this.#stop, this.#memoryFrom()) ? 'readMoreRows' : 'done';
        return;
      case 'readMoreRows':
        for (const row of rows) this.#addStored(row);
        this.#step = 'done';
        return;
      case 'done':
        assert(false, 'rows are added only after a range was given');
    }
  }

  slots(): Slot[] {
    const slots: Slot[] = [];
    for (const span of this.#pageSpans()) if (span.slot !== slots[slots.length - 1]) slots.push(span.slot);
    return slots;
  }

  take(slot: Slot, value: Uint8Array): boolean {
    const left = this.#spansLeft();
    const { pageBytesMax } = this.#limits;
    assert(left[0]?.slot === slot, 'slots are taken in the order of slots()');
    for (let span = left[0]; span?.slot === slot; span = left[0]) {
      this.#demandEvent(span.firstEvent);
      this.#builder.add(span, value, this.#start, this.#stop);
      this.#next = span.firstEvent + span.count;
      left.shift();
    }
    if (this.#backwards) this.#builder.keepEnd(pageBytesMax);
    return left.length > 0 && (this.#backwards || this.#builder.bytes < pageBytesMax);
  }

  finish(bytesMax = this.#limits.pageBytesMax): EventGroup[] {
    const left = this.#spansLeft();
    assert(!this.#backwards || left.length === 0, 'a page that ends at an event needs all of its slots');
    if (left.length === 0) this.#demandEvent(this.#stop);
    return this.#builder.groupsWithin(bytesMax, this.#backwards);
  }

  #spansLeft(): Span[] {
    if (this.#left === undefined) {
      this.#left = this.#pageSpans();
      this.#next = this.#start;
    }
    return this.#left;
  }

  /** The events before this one must have been there. */
  #demandEvent(event: number): void {
    if (event > this.#next) throw new HistoryError(`the index of ${this.#room} lacks event ${this.#next}`);
  }

  /** The spans that reach into [start, stop), in order. */
  #pageSpans(): Span[] {
    const spans = this.#spans.slice();
    for (const row of this.#memory) {
      if (row.firstEvent < this.#stop && row.firstEvent + row.events > this.#start) {
        spans.push(...readIndexRow(row.bytes));
      }
    }
    return spans.filter((span) => span.firstEvent < this.#stop && span.firstEvent + span.count > this.#start);
  }

  /** The first event whose row is in memory; all later ones are too. */
  #memoryFrom(): number {
    return this.#memory[0]?.firstEvent ?? this.headEvent + 1;
  }

  /** The page begins at this event, or ends before it. */
  #anchor(event: number): void {
    const first = this.#firstEvent;
    const anchor = Math.min(Math.max(first, event), this.headEvent + 1);
    this.#start = this.#backwards ? Math.max(first, anchor - this.#limit) : anchor;
    this.#stop = this.#backwards ? anchor : Math.min(anchor + this.#limit, this.headEvent + 1);
    this.#step = this.#start < this.#stop && this.#start < this.#memoryFrom() ? 'readFirstRow' : 'done';
  }

  #findPost(finder: PostFinder): void {
    this.#finder = finder;
    if (finder.event === undefined) this.#step = 'findPost';
    else this.#anchor(finder.event);
  }

  #addStored(row: Row): void {
    const spans = readIndexRow(row.value);
    if (spans[0]?.firstEvent !== keyNumber(row.key))
      throw new HistoryError(`an index row of ${this.#room} is misplaced`);
    this.#spans.push(...spans);
  }

  #only(rows: readonly Row[]): Row {
    const row = rows[0];
    if (row === undefined) throw new HistoryError(`the store lacks a row of the index of ${this.#room}`);
    return row;
  }
}
