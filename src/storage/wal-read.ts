/**
 * Reads values back from segments: several neighbours in one piece, each checked against its record's checksum. What is
 * not written yet is read as soon as it is.
 */
import { assert } from '../base/index.js';
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

export class ValueReader {
  readonly #disk: Disk;
  readonly #birthId: Uint8Array;
  #writtenSegment = 0;
  #writtenOffset = 0;
  #waiting: (() => void)[] = [];

  constructor(disk: Disk, birthId: Uint8Array) {
    this.#disk = disk;
    this.#birthId = birthId;
  }

  /** The newest segment of which something is written. */
  get writtenSegment(): number {
    return this.#writtenSegment;
  }

  /** `locations` rise within one segment; everything from the first to the last is read at once. */
  read(locations: readonly Location[], done: ValuesDone): void {
    const last = locations.at(-1);
    assert(last !== undefined, 'at least one location');
    const written =
      last.segment < this.#writtenSegment ||
      (last.segment === this.#writtenSegment && last.offset + last.length <= this.#writtenOffset);
    if (written) readLogged(this.#disk, this.#birthId, locations, done);
    else this.#waiting.push(() => this.read(locations, done));
  }

  /** The log is written up to `offset` of `segment`, if not synced: what was asked for too early can be read. */
  written(segment: number, offset: number): void {
    this.#writtenSegment = segment;
    this.#writtenOffset = offset;
    if (this.#waiting.length === 0) return;
    const reads = this.#waiting;
    this.#waiting = [];
    for (const read of reads) read();
  }
}

function readLogged(disk: Disk, birthId: Uint8Array, locations: readonly Location[], done: ValuesDone): void {
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
