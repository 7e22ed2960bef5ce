/** Where a room's history begins once the log's oldest segments are gone: a binary search in the room's index. */
import { assert } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { indexKey } from './keys.js';
import type { Room } from './model.js';
import { HistoryError } from './render.js';
import { readIndexRow, type Span } from './spans.js';
import type { BeginningReader, Row, RowRange } from './types.js';

/** Events of a room rise with their slots, and so do the rows of its index: one row halves what is left. */
export class RoomBeginning implements BeginningReader {
  readonly #room: string;
  readonly #firstKept: Slot;
  /** Events below `#low` are gone, those from `#high` on are there. */
  #low = 1;
  #high: number;

  constructor(room: Room, firstKept: Slot) {
    this.#room = room.name;
    this.#firstKept = firstKept;
    this.#high = room.events + 1;
    const memory = room.memoryRows();
    for (let i = memory.length - 1; i >= 0 && this.#low < this.#high; i--) {
      const row = memory[i];
      if (row !== undefined) this.#addSpans(readIndexRow(row.bytes));
    }
  }

  nextRange(): RowRange | undefined {
    if (this.#low >= this.#high) return undefined;
    const middle = Math.floor((this.#low + this.#high) / 2);
    return { from: indexKey(this.#room, 0), to: indexKey(this.#room, middle + 1), reverse: true, limit: 1 };
  }

  addRows(rows: readonly Row[]): void {
    assert(this.#low < this.#high, 'rows are added only after a range was given');
    const row = rows[0];
    if (row === undefined) throw new HistoryError(`the store lacks a row of the index of ${this.#room}`);
    this.#addSpans(readIndexRow(row.value));
  }

  get firstEvent(): number {
    return this.#low;
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
    if (kept !== first) this.#low = Math.max(this.#low, kept?.firstEvent ?? last.firstEvent + last.count);
    if (low === this.#low && high === this.#high) throw new HistoryError(`the index of ${this.#room} has a hole`);
  }
}
