/**
 * The highest applied slot in each segment, in rows beside those of the slot index: what tells which slots go with a
 * segment that is deleted. Places in the log do not rise with the slots (a vote may come before that for a lower slot),
 * so that no look at the lowest ones could tell.
 */
import { readU64, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { ROW_SLOTS, readCell } from './slot-row.js';
import type { Row, RowReader } from './state-store.js';

export type HighestSlots = Map<number, Slot>;

/** Behind all rows of slots, whose keys begin with a zero byte. */
const SEGMENT_KEYS = 0xff;
/** Rows of slots read at once where there are no rows of segments yet. */
const SURVEY_ROWS = 64;

export function segmentRowKey(segment: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = SEGMENT_KEYS;
  writeU53(key, 1, segment);
  return key;
}

export function segmentRow(segment: number, highest: Slot): Row {
  const value = Buffer.alloc(8);
  writeU53(value, 0, highest);
  return { key: segmentRowKey(segment), value };
}

/** Reads the rows of segments. A store of a version that wrote none is surveyed slot by slot, once. */
export function surveySegments(rows: RowReader, done: (error: Error | undefined, highest: HighestSlots) => void): void {
  const highest: HighestSlots = new Map();
  rows.iterate({ from: segmentRowKey(0) }, (error, found) => {
    for (const { key, value } of found) highest.set(readU64(key, 1), readU64(value, 0));
    if (error !== undefined || found.length > 0) done(error, highest);
    else surveyRows(rows, Buffer.alloc(8), highest, done);
  });
}

function surveyRows(
  rows: RowReader,
  from: Buffer,
  highest: HighestSlots,
  done: (error: Error | undefined, highest: HighestSlots) => void,
): void {
  rows.iterate({ from, to: segmentRowKey(0), limit: SURVEY_ROWS }, (error, found) => {
    for (const { key, value } of found) addRow(readU64(key, 0), Buffer.from(value), highest);
    const last = found.at(-1);
    if (error !== undefined || last === undefined || found.length < SURVEY_ROWS) return done(error, highest);
    surveyRows(rows, Buffer.concat([last.key, Buffer.alloc(1)]), highest, done);
  });
}

function addRow(number: number, row: Buffer, highest: HighestSlots): void {
  for (let slot = number * ROW_SLOTS; slot < (number + 1) * ROW_SLOTS; slot++) {
    const segment = readCell(row, slot)?.segment;
    if (segment !== undefined && slot > (highest.get(segment) ?? 0)) highest.set(segment, slot);
  }
}
