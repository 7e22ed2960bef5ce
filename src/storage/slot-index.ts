/**
 * Where each applied slot's value stands in the log. Full rows of 256 slots live in the state store; memory holds only
 * the slots since the last checkpoint, the unfinished row and the places of slots that are logged and not yet applied.
 * It also knows the highest slot in each segment, and so what is lost with one: see `trim`.
 */
import { assert } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import type { Location } from './recovery.js';
import { type HighestSlots, segmentRow, segmentRowKey, surveySegments } from './segment-slots.js';
import { emptyRow, ROW_SLOTS, readCell, rowNumber, slotRowKey, writeCell } from './slot-row.js';
import type { Row, RowReader } from './state-store.js';

/** Rows read back for history and catch-up: 64 × 3 KiB. */
const ROWS_CACHED = 64;

/** The index of a state that came from a peer, as far as it is kept in memory. */
export interface InstalledIndex {
  readonly applied: Slot;
  /** The lowest slot whose value came along; above `applied` if none did. */
  readonly firstKept: Slot;
  /** The row that `applied` stands in. */
  readonly row: Buffer | undefined;
  readonly highest: HighestSlots;
}

export class SlotIndex {
  /** Asked for each read: it changes when a state is installed. */
  readonly #rows: () => RowReader;
  /** Rows not (or not in their latest form) in the store, by row number; the last one is unfinished. */
  readonly #open = new Map<number, Buffer>();
  readonly #cached = new Map<number, Buffer>();
  readonly #logged = new Map<Slot, Location>();
  /** How often a state was installed: rows that were asked for before are another state's. */
  #installs = 0;
  #applied: Slot = 0;
  #firstKept: Slot = 1;
  #highest: HighestSlots = new Map();
  /** Segments whose highest slot changed since the last checkpoint. */
  #touched = new Set<number>();
  /** Keys of rows about what was trimmed, to be deleted with the next checkpoint. */
  #deadKeys: Uint8Array[] = [];

  /** `rows` gives the index's own key space. */
  constructor(rows: () => RowReader) {
    this.#rows = rows;
  }

  /** Loads what memory holds of a checkpoint that ends with `applied`: the unfinished row, and the segments. */
  load(applied: Slot, firstKept: Slot, done: (error: Error | undefined) => void): void {
    assert(this.#applied === 0 && this.#open.size === 0, 'the index is loaded once, before slots are applied');
    this.#applied = applied;
    this.#firstKept = firstKept;
    this.#rows().get(slotRowKey(applied), (error, row) => {
      if (error !== undefined) return done(error);
      if (row !== undefined) this.#open.set(rowNumber(applied), Buffer.from(row));
      surveySegments(this.#rows(), (surveyError, highest) => {
        this.#highest = highest;
        // All of them: what a survey found must be in the rows before any other segment is.
        this.#touched = new Set(highest.keys());
        done(surveyError);
      });
    });
  }

  get applied(): Slot {
    return this.#applied;
  }

  /** The lowest slot of which, and above which, this log holds all values applied. */
  get firstKept(): Slot {
    return this.#firstKept;
  }

  /** An accept or chosen value of `slot` was logged at `location`; the latest one counts. */
  logged(slot: Slot, location: Location): void {
    if (slot > this.#applied) this.#logged.set(slot, location);
  }

  /** `slot`, the next one, was applied with the value that was logged last for it. */
  appliedSlot(slot: Slot): void {
    assert(slot === this.#applied + 1, `slot ${slot} applied after ${this.#applied}`);
    const location = this.#logged.get(slot);
    assert(location !== undefined, `slot ${slot} is applied but was never logged`);
    this.#logged.delete(slot);
    this.#applied = slot;
    const number = rowNumber(slot);
    let row = this.#open.get(number);
    if (row === undefined) {
      row = emptyRow();
      this.#open.set(number, row);
    }
    writeCell(row, slot, location);
    if (slot > (this.#highest.get(location.segment) ?? 0)) {
      this.#highest.set(location.segment, slot);
      this.#touched.add(location.segment);
    }
  }

  /** A peer's state is the live one now; its rows in the store are the index from now on. Votes above it stay. */
  installed({ applied, firstKept, row, highest }: InstalledIndex): void {
    assert(applied > this.#applied, 'state is installed above what is applied');
    this.#forgetLogged(applied);
    this.#installs++;
    this.#applied = applied;
    this.#firstKept = firstKept;
    this.#open.clear();
    this.#cached.clear();
    if (row !== undefined) this.#open.set(rowNumber(applied), row);
    this.#highest = new Map(highest);
    this.#touched = new Set();
    this.#deadKeys = [];
  }

  /** What was logged for slots through `slot` and not applied means nothing any more. */
  #forgetLogged(slot: Slot): void {
    for (const logged of this.#logged.keys()) if (logged <= slot) this.#logged.delete(logged);
  }

  /** Gives up the values in segments below `segment`: from now on nobody is led to them. */
  trim(segment: number): void {
    let lost = this.#firstKept - 1;
    for (const [older, slot] of this.#highest) {
      if (older >= segment) continue;
      lost = Math.max(lost, slot);
      this.#highest.delete(older);
      this.#touched.delete(older);
      this.#deadKeys.push(segmentRowKey(older));
    }
    const firstRow = rowNumber(this.#firstKept);
    this.#firstKept = lost + 1;
    const end = Math.min(rowNumber(this.#firstKept), rowNumber(this.#applied));
    for (let number = firstRow; number < end; number++) {
      this.#open.delete(number);
      this.#cached.delete(number);
      this.#deadKeys.push(slotRowKey(number * ROW_SLOTS));
    }
  }

  /** The oldest segment that a restart must read, if everything through `applied` is in the checkpoint. */
  replayFrom(headSegment: number, applied = this.#applied): number {
    let oldest = headSegment;
    for (const [slot, location] of this.#logged) {
      if (slot > applied) oldest = Math.min(oldest, location.segment);
    }
    return oldest;
  }

  /**
   * The rows that a checkpoint at the applied slot must hold; copies, so that later slots do not slip into it. Those of
   * segments are given once: keep them until a checkpoint is on disk.
   */
  takeDirty(): { readonly puts: Row[]; readonly deletes: Uint8Array[] } {
    const puts: Row[] = [];
    for (const [number, row] of this.#open) {
      puts.push({ key: slotRowKey(number * ROW_SLOTS), value: Buffer.from(row) });
    }
    for (const segment of this.#touched) puts.push(segmentRow(segment, this.#highest.get(segment) ?? 0));
    const deletes = this.#deadKeys;
    this.#touched = new Set();
    this.#deadKeys = [];
    return { puts, deletes };
  }

  /** A checkpoint through `slot` is on disk: rows that end at or below it need not be in memory. */
  checkpointed(slot: Slot): void {
    for (const number of this.#open.keys()) if ((number + 1) * ROW_SLOTS - 1 <= slot) this.#open.delete(number);
  }

  /**
   * The locations of the slots from … upto, at most `limit` and at least one; undefined where this log does not hold
   * the value. All slots must be applied.
   */
  locate(
    from: Slot,
    upto: Slot,
    limit: number,
    done: (error: Error | undefined, found: (Location | undefined)[]) => void,
  ): void {
    assert(from >= 1 && from <= upto && upto <= this.#applied, `slots ${from}..${upto} of ${this.#applied}`);
    const number = rowNumber(from);
    const last = Math.min(upto, from + limit - 1, (number + 1) * ROW_SLOTS - 1);
    this.#row(number, (error, row) => {
      if (error !== undefined) done(error, []);
      else done(undefined, cells(row, from, last));
    });
  }

  #row(number: number, done: (error: Error | undefined, row: Buffer | undefined) => void): void {
    const held = this.#open.get(number) ?? this.#cached.get(number);
    if (held !== undefined) {
      done(undefined, held);
      return;
    }
    const installs = this.#installs;
    this.#rows().get(slotRowKey(number * ROW_SLOTS), (error, value) => {
      if (error !== undefined || value === undefined) {
        done(error, undefined);
        return;
      }
      const row = Buffer.from(value);
      if (installs === this.#installs) this.#cached.set(number, row);
      if (this.#cached.size > ROWS_CACHED) this.#cached.delete(this.#cached.keys().next().value as number);
      done(undefined, row);
    });
  }
}

function cells(row: Buffer | undefined, from: Slot, upto: Slot): (Location | undefined)[] {
  const found: (Location | undefined)[] = [];
  for (let slot = from; slot <= upto; slot++) found.push(row === undefined ? undefined : readCell(row, slot));
  return found;
}
