/**
 * Where each applied slot's value stands in the log. Full rows of 256 slots live in the state store; memory holds only
 * the
 * slots since the last checkpoint, the unfinished row and the places of slots that are logged and not yet applied.
 */
import { assert, limits, readU32, writeU32, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import type { Location } from './recovery.js';
import type { Row, StateStore } from './state-store.js';

const ROW_SLOTS = limits.slotRowSlots;
/** Segment u32, offset u32, length u32; a segment of 0 says that the slot's value is not in this log. */
const CELL_BYTES = 12;
const ROW_BYTES = ROW_SLOTS * CELL_BYTES;
/** Rows read back for history and catch-up: 64 × 3 KiB. */
const ROWS_CACHED = 64;

/** Key of the row that holds `slot`, within the index's own key space. */
export function slotRowKey(slot: Slot): Buffer {
  const key = Buffer.alloc(8);
  writeU53(key, 0, Math.floor(slot / ROW_SLOTS));
  return key;
}

export class SlotIndex {
  readonly #store: StateStore;
  /** Rows not (or not in their latest form) in the store, by row number; the last one is unfinished. */
  readonly #open = new Map<number, Buffer>();
  readonly #cached = new Map<number, Buffer>();
  readonly #logged = new Map<Slot, Location>();
  #applied: Slot = 0;

  /** `store` is the index's own key space. */
  constructor(store: StateStore) {
    this.#store = store;
  }

  /** Loads the unfinished row of a checkpoint that ends with `applied`. */
  load(applied: Slot, done: (error: Error | undefined) => void): void {
    assert(this.#applied === 0 && this.#open.size === 0, 'the index is loaded once, before slots are applied');
    this.#applied = applied;
    this.#store.get(slotRowKey(applied), (error, row) => {
      if (error === undefined && row !== undefined) this.#open.set(Math.floor(applied / ROW_SLOTS), Buffer.from(row));
      done(error);
    });
  }

  get applied(): Slot {
    return this.#applied;
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
    const number = Math.floor(slot / ROW_SLOTS);
    let row = this.#open.get(number);
    if (row === undefined) {
      row = Buffer.alloc(ROW_BYTES);
      this.#open.set(number, row);
    }
    const at = (slot % ROW_SLOTS) * CELL_BYTES;
    writeU32(row, at, location.segment);
    writeU32(row, at + 4, location.offset);
    writeU32(row, at + 8, location.length);
  }

  /** State through `slot` came from a peer: what lies below is not in this log. */
  installed(slot: Slot): void {
    assert(slot > this.#applied, 'state is installed above what is applied');
    for (const logged of this.#logged.keys()) if (logged <= slot) this.#logged.delete(logged);
    this.#applied = slot;
  }

  /** The oldest segment that a restart must read, if everything applied so far is in the checkpoint. */
  replayFrom(headSegment: number): number {
    let oldest = headSegment;
    for (const location of this.#logged.values()) oldest = Math.min(oldest, location.segment);
    return oldest;
  }

  /** The rows that a checkpoint at the applied slot must hold; copies, so that later slots do not slip into it. */
  dirtyRows(): Row[] {
    const rows: Row[] = [];
    for (const [number, row] of this.#open) {
      rows.push({ key: slotRowKey(number * ROW_SLOTS), value: Buffer.from(row) });
    }
    return rows;
  }

  /** A checkpoint through `slot` is on disk: rows that end at or below it need not be in memory. */
  checkpointed(slot: Slot): void {
    for (const number of this.#open.keys()) if ((number + 1) * ROW_SLOTS - 1 <= slot) this.#open.delete(number);
  }

  /**
   * The locations of the slots from … upto, at most `limit` and at least one; undefined where this log does not hold
   * the
   * value. All slots must be applied.
   */
  locate(
    from: Slot,
    upto: Slot,
    limit: number,
    done: (error: Error | undefined, found: (Location | undefined)[]) => void,
  ): void {
    assert(from >= 1 && from <= upto && upto <= this.#applied, `slots ${from}..${upto} of ${this.#applied}`);
    const number = Math.floor(from / ROW_SLOTS);
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
    this.#store.get(slotRowKey(number * ROW_SLOTS), (error, value) => {
      if (error !== undefined || value === undefined) {
        done(error, undefined);
        return;
      }
      const row = Buffer.from(value);
      this.#cached.set(number, row);
      if (this.#cached.size > ROWS_CACHED) this.#cached.delete(this.#cached.keys().next().value as number);
      done(undefined, row);
    });
  }
}

function cells(row: Buffer | undefined, from: Slot, upto: Slot): (Location | undefined)[] {
  const found: (Location | undefined)[] = [];
  for (let slot = from; slot <= upto; slot++) {
    const at = (slot % ROW_SLOTS) * CELL_BYTES;
    const segment = row === undefined ? 0 : readU32(row, at);
    if (row === undefined || segment === 0) found.push(undefined);
    else found.push({ segment, offset: readU32(row, at + 4), length: readU32(row, at + 8) });
  }
  return found;
}
