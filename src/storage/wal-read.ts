/** Reads values back from segments: several neighbours in one piece, each checked against its record's checksum. */
import type { Slot } from '../wire/index.js';
import type { Disk } from './disk.js';
import { DamagedLog, diskError } from './errors.js';
import type { Location } from './recovery.js';
import { segmentName } from './segment.js';
import { readRecord, segmentSeed, VALUE_OFFSET } from './wal-record.js';

/** A value read back, with the slot that its record names. The bytes belong to the caller. */
export interface LoggedValue {
  readonly slot: Slot;
  readonly value: Buffer;
}

export type ValuesDone = (error: Error | undefined, values: LoggedValue[]) => void;

/** `locations` rise within one segment; everything from the first to the last is read at once. */
export function readLogged(disk: Disk, birthId: Uint8Array, locations: readonly Location[], done: ValuesDone): void {
  const first = locations[0] as Location;
  const last = locations.at(-1) as Location;
  const { segment } = first;
  const base = first.offset - VALUE_OFFSET;
  const name = segmentName(segment);
  disk.read(name, base, last.offset + last.length - base, (error, bytes) => {
    if (error !== undefined) {
      done(diskError(`reading ${name}`, error), []);
      return;
    }
    const seed = segmentSeed(birthId, segment);
    const values: LoggedValue[] = [];
    for (const location of locations) {
      const read = readRecord(bytes, location.offset - VALUE_OFFSET - base, base, seed);
      const record = read?.record;
      if (record === undefined || !('value' in record) || record.value.length !== location.length) {
        done(new DamagedLog(segment, location.offset - VALUE_OFFSET, 'a value fails its checksum when read back'), []);
        return;
      }
      values.push({ slot: record.slot, value: record.value as Buffer });
    }
    done(undefined, values);
  });
}
