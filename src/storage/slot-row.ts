/** A row of the slot index: the places of 256 consecutive slots' values in the log. */
import { limits, readU32, writeU32, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import type { Location } from './recovery.js';

export const ROW_SLOTS = limits.slotRowSlots;
/** Segment u32, offset u32, length u32; a segment of 0 says that the slot's value is not in this log. */
const CELL_BYTES = 12;
const ROW_BYTES = ROW_SLOTS * CELL_BYTES;

export function rowNumber(slot: Slot): number {
  return Math.floor(slot / ROW_SLOTS);
}

/** Key of the row that holds `slot`, within the index's own key space. */
export function slotRowKey(slot: Slot): Buffer {
  const key = Buffer.alloc(8);
  writeU53(key, 0, rowNumber(slot));
  return key;
}

export function emptyRow(): Buffer {
  return Buffer.alloc(ROW_BYTES);
}

/** Puts a value's place into the cell of its slot. */
export function writeCell(row: Buffer, slot: Slot, location: Location): void {
  const at = (slot % ROW_SLOTS) * CELL_BYTES;
  writeU32(row, at, location.segment);
  writeU32(row, at + 4, location.offset);
  writeU32(row, at + 8, location.length);
}

/** The place that the row has for a slot. */
export function readCell(row: Buffer, slot: Slot): Location | undefined {
  const at = (slot % ROW_SLOTS) * CELL_BYTES;
  const segment = readU32(row, at);
  if (segment === 0) return undefined;
  return { segment, offset: readU32(row, at + 4), length: readU32(row, at + 8) };
}
