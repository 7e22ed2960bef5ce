/**
 * Where a room's history begins: what its retention has deleted, and what the log does not hold any more once its
 * oldest segments are gone, which a binary search in the room's index finds.
 */
import { assert } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { indexKey } from './keys.js';
import type { Room } from './model.js';
import { PostFinder } from './post-finder.js';
import { HistoryError } from './render.js';
import type { Floor } from './retention.js';
import { type IndexRow, readIndexRow, type Span } from './spans.js';
import type { BeginningReader, Row, RowRange } from './types.js';

/** Events of a room rise with their slots, and so do the rows of its index: one row halves what is left. */
export class RoomBeginning implements BeginningReader {
  readonly #room: string;
  readonly #firstKept: Slot;
  readonly #memory: readonly IndexRow[];
  readonly #head: number;
  /** Which event the first post is that retention keeps, while that is being looked up. */
  #finder: PostFinder | undefined;
  /** Where retention begins, and with which post. */
  #floor: number;
  #floorN: number;
  /** Events below `#low` are gone, those from `#high` on are there. */
  #low = 1;
  #lowN = 1;
  #high = 1;

  constructor(room: Room, firstKept: Slot, floor: Floor) {
    this.#room = room.name;
    this.#firstKept = firstKept;
    this.#memory = room.memoryRows();
    this.#head = room.events;
    const { event, eventN, n } = floor;
    this.#floor = event;
    this.#floorN = eventN;
    if (n > 1 && n >= eventN) {
      this.#floorN = n;
      this.#finder = new PostFinder(room.name, n, this.#memory);
    }
    this.#lookUpFloor();
  }

  nextRange(): RowRange | undefined {
    if (this.#finder !== undefined) return this.#finder.nextRange();
    if (this.#low >= this.#high) return undefined;
    const middle = Math.floor((this.#low + this.#high) / 2);
    return { from: indexKey(this.#room, 0), to: indexKey(this.#room, middle + 1), reverse: true, limit: 1 };
  }

  addRows(rows: readonly Row[]): void {
    if (this.#finder !== undefined) {
      this.#finder.addRows(rows);
      this.#lookUpFloor();
      return;
    }
    assert(this.#low < this.#high, 'rows are added only after a range was given');
    const row = rows[0];
    if (row === undefined) throw new HistoryError(`the store lacks a row of the index of ${this.#room}`);
    this.#addSpans(readIndexRow(row.value));
  }

  get firstEvent(): number {
    return Math.max(this.#low, this.#floor);
  }

  get firstN(): number {
    return Math.max(this.#lowN, this.#floorN);
  }

  get isByRetention(): boolean {
    return this.#floor > 1 && this.#floor >= this.#low;
  }

  /** Begins the search once it is known what retention keeps. */
  #lookUpFloor(): void {
    if (this.#finder !== undefined) {
      const { event } = this.#finder;
      if (event === undefined) return;
      this.#floor = Math.max(this.#floor, event);
      this.#finder = undefined;
    }
    if (this.#firstKept === 1) return;
    this.#high = this.#head + 1;
    for (let i = this.#memory.length - 1; i >= 0 && this.#low < this.#high; i--) {
      const row = this.#memory[i];
      if (row !== undefined) this.#addSpans(readIndexRow(row.bytes));
    }
  }

  /** A row: what it says of its own events holds for all below or above. */
  #addSpans(spans: readonly Span[]): void {
    const first = spans[0];
    const last = spans.at(-1);
    if (first === undefined || last === undefined) throw new HistoryError(`an index row of ${this.#room} is empty`);
    const kept = spans.find(({ slot }) => slot >= this.#firstKept);
    const { low, high } = { low: this.#low, high: this.#high };
    if (kept !== undefined) this.#high = Math.min(this.#high, kept.firstEvent);
    // Nothing below the first one that is kept is there, if there is a lower one in this row; none of it else.
    if (kept !== first) {
      this.#low = Math.max(this.#low, kept?.firstEvent ?? last.firstEvent + last.count);
      this.#lowN = Math.max(this.#lowN, kept?.firstN ?? last.firstN + (last.kind === 'posts' ? last.count : 0));
    }
    if (low === this.#low && high === this.#high) throw new HistoryError(`the index of ${this.#room} has a hole`);
  }
}
