/**
 * Builds a peer's state beside the live one: its rows in the spare set of key spaces, its values in this log, and the
 * slot index that leads to them. Nothing of it counts before {@link Checkpointer.install}; a crash leaves rubbish that
 * the next start clears, and history records that nobody is led to.
 */
import { assert } from '../base/index.js';
import type { Slot, StateItem } from '../wire/index.js';
import { type HighestSlots, segmentRow } from './segment-slots.js';
import type { InstalledIndex } from './slot-index.js';
import { emptyRow, ROW_SLOTS, rowNumber, slotRowKey, writeCell } from './slot-row.js';
import type { StateSet } from './state-sets.js';
import type { Row, StoreDone } from './state-store.js';
import type { Wal } from './wal.js';

export interface StateBuilderParts {
  /** The set that is not live, empty. */
  readonly set: StateSet;
  readonly wal: Pick<Wal, 'appendHistory' | 'whenDurable' | 'flush'>;
  /** The state is applied through this slot, … */
  readonly applied: Slot;
  /** … and comes with the values from this one on; above `applied`: with none. */
  readonly firstKept: Slot;
}

export class StateBuilder {
  readonly #parts: StateBuilderParts;
  readonly #highest: HighestSlots = new Map();
  #firstSegment: number | undefined;
  #nextSlot: Slot;
  /** The row of the index that the next value goes to. */
  #row: Buffer | undefined;

  constructor(parts: StateBuilderParts) {
    this.#parts = parts;
    this.#nextSlot = parts.firstKept;
  }

  /** The segment of the first value. */
  get firstSegment(): number | undefined {
    return this.#firstSegment;
  }

  /**
   * Takes the items of one chunk; `done` when they are on disk. After an error the same chunk may be added again. What
   * does not belong here (a slot out of its order) is an error, too.
   */
  add(items: readonly StateItem[], done: StoreDone): void {
    const rows: Row[] = [];
    const values: { readonly slot: Slot; readonly value: Uint8Array }[] = [];
    for (const item of items) {
      if (item.kind === 'row') rows.push(item);
      else values.push(item);
    }
    for (const [at, { slot }] of values.entries()) {
      if (slot !== this.#nextSlot + at || slot > this.#parts.applied) {
        return done(new Error(`the value of slot ${slot} came where ${this.#nextSlot + at} was due`));
      }
    }
    this.#parts.set.chat.batch(rows, [], (error) => {
      if (error !== undefined || values.length === 0) done(error);
      else this.#addValues(values, done);
    });
  }

  #addValues(values: readonly { readonly slot: Slot; readonly value: Uint8Array }[], done: StoreDone): void {
    const { wal, set } = this.#parts;
    const rows = new Map<number, Buffer>();
    for (const { slot, value } of values) {
      const location = wal.appendHistory(slot, value);
      const number = rowNumber(slot);
      let row = rows.get(number);
      if (row === undefined) {
        // The chunk may be added again after an error: what the row holds so far stays as it was.
        row = number === rowNumber(this.#nextSlot) && this.#row !== undefined ? Buffer.from(this.#row) : emptyRow();
        rows.set(number, row);
      }
      writeCell(row, slot, location);
      this.#firstSegment ??= location.segment;
      this.#highest.set(location.segment, slot);
    }
    const last = values.at(-1);
    assert(last !== undefined, 'there are values');
    const puts = [...rows].map(([number, value]) => ({ key: slotRowKey(number * ROW_SLOTS), value }));
    wal.whenDurable(() => {
      set.slots.batch(puts, [], (error) => {
        if (error === undefined) {
          this.#nextSlot = last.slot + 1;
          this.#row = rowNumber(this.#nextSlot) === rowNumber(last.slot) ? rows.get(rowNumber(last.slot)) : undefined;
        }
        done(error);
      });
    });
    wal.flush();
  }

  /** Everything has come: the rest of the index is written. An error if something is missing. */
  seal(done: StoreDone): void {
    const { applied, firstKept, set } = this.#parts;
    const due = Math.max(applied + 1, firstKept);
    if (this.#nextSlot !== due) return done(new Error(`the values from slot ${this.#nextSlot} on are missing`));
    set.slots.batch(
      [...this.#highest].map(([segment, slot]) => segmentRow(segment, slot)),
      [],
      done,
    );
  }

  /** The index in memory, once everything is sealed. */
  index(): InstalledIndex {
    const { applied, firstKept } = this.#parts;
    return { applied, firstKept: Math.min(firstKept, applied + 1), row: this.#row, highest: this.#highest };
  }
}
