/**
 * Reads a log back and judges how it ends. What it must tell apart: a tail that was torn by a crash (lawful, nobody was
 * told that it is durable) and damage to something that was durable (a server must not vote on what is left).
 *
 * Records are written in batches; the next batch begins only when the one before is synced. So every record names the
 * first record of its own batch, and all before that one were durable when it was written. Where the chain of records
 * breaks at record n, the rest of the segment and all later segments are searched for proof that n was durable:
 *   - a record, valid on its own, whose batch began behind n;
 *   - a later segment with a valid header, because headers are written only when everything before is durable;
 *   - a newest segment that is shorter than it was when it was prepared;
 *   - the checkpoint's floor: a sequence that was durable when the checkpoint was written.
 * With proof it is damage, without it a torn batch, whose remaining sectors may well hold later records intact.
 * What no local rule can tell from a tear is damage to the very last batch; a mark behind it, written within 100 ms of
 * idleness and at an orderly stop, ends that window.
 */
import { isAllZero } from '../base/index.js';
import type { Ballot, Slot } from '../wire/index.js';
import type { Disk } from './disk.js';
import { DamagedLog } from './errors.js';
import { HEADER_BYTES, type SegmentHeader, segmentName } from './segment.js';
import { headerOf, type SegmentsOptions, segmentsBefore, segmentsToRead } from './segment-files.js';
import type { ReadRecord } from './wal-record.js';
import { ballotAbove, COMMIT_BYTES, PROMISE_BYTES, RECORD_HEAD_BYTES, readRecord, segmentSeed } from './wal-record.js';

/** Where a value's bytes stand in the log. */
export interface Location {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
}

/** The last word of the log about a slot above the applied one. */
export interface RecoveredEntry {
  readonly slot: Slot;
  readonly ballot: Ballot;
  /** Learned as chosen: outranks every ballot. */
  readonly chosen: boolean;
  readonly value: Uint8Array;
  readonly location: Location;
}

/** An entry whose value is still in its segment only. */
type Found = Omit<RecoveredEntry, 'value'>;

/** What was cut off as a torn, never acknowledged tail. */
export interface CutTail {
  readonly segment: number;
  readonly offset: number;
  /** Intact records that stood in the torn batch and go with it. */
  readonly records: number;
}

export interface Recovered {
  readonly promised: Ballot;
  /** The commit hint; the replica starts at the higher of this and the store's applied slot. */
  readonly commit: Slot;
  /** In slot order, only slots above the `appliedSlot` asked for. */
  readonly entries: readonly RecoveredEntry[];
  readonly lastSequence: number;
  readonly cut: CutTail | undefined;
}

export interface ScanOptions extends SegmentsOptions {
  /** Values of slots up to this one are in the checkpoint and are not kept. */
  readonly appliedSlot?: Slot;
  /** The log must reach this sequence: it was durable when the checkpoint was written. */
  readonly durableFloor?: number;
  /**
   * Takes, in slot order, what the log itself says is chosen above `appliedSlot`, as soon as it says so; it is not
   * among the entries then. So a log of any length is replayed in the memory of a few values.
   */
  readonly onChosen?: (entry: RecoveredEntry) => void;
  /** Sees every record in order. */
  readonly visit?: (segment: number, read: ReadRecord) => void;
}

/** A scan's result with what the writer needs to go on behind it. */
export interface ScannedLog extends Recovered {
  /** All segments in the directory that hold or held records, in order. */
  readonly segments: readonly { readonly segment: number; readonly usedBytes: number; readonly fileBytes: number }[];
  readonly headCrc: number;
  /** A prepared, unused segment file right behind the head, or undefined. */
  readonly blank: number | undefined;
  /**
   * Where in the head segment its last batch begins (0: with the header). No later batch proves that it was ever
   * durable: it may stand in the page cache only, and after a failed sync even a new sync would not write it.
   */
  readonly unprovenFrom: number;
  /** Segment files behind the head whose header never became durable; they hold nothing. */
  readonly discard: readonly number[];
}

const NO_BALLOT: Ballot = { round: 0, server: 0, incarnation: 0 };

/**
 * Reads the log from `replayFrom` on without changing anything. Throws StorageError, mostly {@link DamagedLog}.
 */
export function scanLog(disk: Disk, options: ScanOptions): ScannedLog {
  return new Scan(disk, options).run();
}

class Scan {
  readonly #disk: Disk;
  readonly #options: ScanOptions;
  #buffer = Buffer.alloc(0);
  #promised = NO_BALLOT;
  #commit: Slot = 0;
  readonly #entries = new Map<Slot, Found>();
  /** The next slot for `onChosen`. */
  #nextChosen: Slot;
  /** The segment that `#buffer` holds. */
  #loaded = 0;
  #sequence = 0;
  #crc = 0;
  #cut: CutTail | undefined;
  /** Where the last batch of the segment being read begins. */
  #batchStart = 0;

  constructor(disk: Disk, options: ScanOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#nextChosen = (options.appliedSlot ?? 0) + 1;
  }

  run(): ScannedLog {
    const { identity, replayFrom = 0, expectLog = false, onChosen } = this.#options;
    const numbers = segmentsToRead(this.#disk, this.#options, onChosen !== undefined);
    const headers = numbers.map((segment) => ({ segment, header: headerOf(this.#disk, segment, identity) }));
    let head = headers.length - 1;
    while (head >= 0 && headers[head]?.header === undefined) head--;
    const first = numbers[0];
    if (head < 0 && first !== undefined && (replayFrom > 0 || expectLog || first > 1)) {
      throw new DamagedLog(first, 0, 'its header is unreadable, and this server has voted with it');
    }
    const segments: { segment: number; usedBytes: number; fileBytes: number }[] = [];
    for (const segment of segmentsBefore(this.#disk, replayFrom)) {
      const fileBytes = this.#disk.size(segmentName(segment)) ?? 0;
      segments.push({ segment, usedBytes: fileBytes, fileBytes });
    }
    for (let i = 0; i <= head; i++) {
      const { segment, header } = headers[i] as (typeof headers)[number];
      if (header === undefined)
        throw new DamagedLog(segment, 0, 'its header is unreadable, and a later segment exists');
      if (i === 0) {
        this.#sequence = header.firstSequence - 1;
        this.#crc = header.previousCrc;
      }
      const next = headers[i + 1]?.header;
      const usedBytes = this.#scanSegment(header, i === head ? undefined : next);
      segments.push({ segment, usedBytes, fileBytes: this.#disk.size(segmentName(segment)) ?? 0 });
    }
    const above = [...this.#entries.values()].sort((a, b) => a.slot - b.slot);
    const entries = above.map((found) => this.#withValue(found));
    const { blank, discard } = this.#behindHead(headers.slice(head + 1).map((entry) => entry.segment));
    this.#checkFloor(segments.at(-1));
    return {
      promised: this.#promised,
      commit: this.#commit,
      entries,
      lastSequence: this.#sequence,
      cut: this.#cut,
      segments,
      headCrc: this.#crc,
      unprovenFrom: this.#batchStart,
      blank,
      discard,
    };
  }

  /** Reads one segment's records and returns where they end. `next` is the header behind it, unless it is the head. */
  #scanSegment(header: SegmentHeader, next: SegmentHeader | undefined): number {
    const { segment } = header;
    const fits = header.firstSequence === this.#sequence + 1 && header.previousCrc === this.#crc;
    if (!fits) throw new DamagedLog(segment, 0, 'its header does not continue the segment before it');
    const bytes = this.#load(segment);
    const seed = segmentSeed(header.birthId, segment);
    this.#batchStart = 0;
    let at = HEADER_BYTES;
    for (;;) {
      if (next !== undefined && this.#sequence === next.firstSequence - 1) {
        if (this.#crc === next.previousCrc) return at;
        throw new DamagedLog(segment, at, `its last record is not the one that segment ${next.segment} continues`);
      }
      const read = readRecord(bytes, at, 0, seed);
      if (read === undefined) break;
      const { place } = read;
      if (
        place.sequence !== this.#sequence + 1 ||
        place.previousCrc !== this.#crc ||
        place.batchFirst > place.sequence
      ) {
        throw new DamagedLog(segment, at, `record ${place.sequence} stands where record ${this.#sequence + 1} belongs`);
      }
      this.#take(segment, read);
      at += read.length;
    }
    if (next !== undefined) {
      throw new DamagedLog(
        segment,
        at,
        `record ${this.#sequence + 1} is unreadable, and segment ${next.segment} follows it`,
      );
    }
    if (bytes.length < header.capacityBytes) {
      throw new DamagedLog(
        segment,
        bytes.length,
        `the file has lost its end, it was ${header.capacityBytes} bytes long`,
      );
    }
    this.#judgeTail(segment, bytes, at, seed);
    return at;
  }

  /** The chain ended at `at` of the newest segment: nothing there, a lawful tear, or damage. */
  #judgeTail(segment: number, bytes: Buffer, at: number, seed: number): void {
    const missing = this.#sequence + 1;
    if (isZero(bytes, at)) return;
    let intact = 0;
    for (const read of search(bytes, at, seed)) {
      if (read.place.batchFirst > missing) {
        const proof = `record ${read.place.sequence} at byte ${read.place.offset} was written when it was durable`;
        throw new DamagedLog(segment, at, `record ${missing} is unreadable, and ${proof}`);
      }
      intact++;
    }
    this.#cut = { segment, offset: at, records: intact };
  }

  /**
   * Files behind the newest valid header: a blank one prepared ahead, or one whose header was torn while the log
   * rolled. Records behind the first two (which are written with the header) prove that the header had been durable.
   */
  #behindHead(numbers: readonly number[]): { blank: number | undefined; discard: number[] } {
    let blank: number | undefined;
    const discard: number[] = [];
    for (const [i, segment] of numbers.entries()) {
      const bytes = this.#load(segment);
      const birthId = this.#options.identity?.birthId;
      if (bytes.length < HEADER_BYTES + PROMISE_BYTES + COMMIT_BYTES) {
        throw new DamagedLog(
          segment,
          bytes.length,
          'the file has lost its end; segments are full-sized from the beginning',
        );
      }
      const isBlank = isZero(bytes, 0);
      if (!isBlank && birthId !== undefined) {
        for (const read of search(bytes, 0, segmentSeed(birthId, segment))) {
          if (read.place.offset < HEADER_BYTES + PROMISE_BYTES + COMMIT_BYTES) continue;
          throw new DamagedLog(segment, 0, `its header is unreadable, and record ${read.place.sequence} follows it`);
        }
      }
      if (isBlank && i === 0) blank = segment;
      else discard.push(segment);
    }
    return { blank, discard };
  }

  #checkFloor(head: { segment: number; usedBytes: number } | undefined): void {
    const { durableFloor = 0 } = this.#options;
    if (this.#sequence >= durableFloor) return;
    const what = `the log ends with record ${this.#sequence}, but the checkpoint saw record ${durableFloor} durable`;
    throw new DamagedLog(head?.segment ?? 0, head?.usedBytes ?? 0, what);
  }

  #take(segment: number, read: ReadRecord): void {
    const { record, place, crc } = read;
    this.#sequence = place.sequence;
    this.#crc = crc;
    if (place.batchFirst === place.sequence && place.offset > HEADER_BYTES) this.#batchStart = place.offset;
    this.#options.visit?.(segment, read);
    switch (record.kind) {
      case 'promise':
        if (ballotAbove(record.ballot, this.#promised)) this.#promised = record.ballot;
        break;
      case 'commit':
        this.#commit = Math.max(this.#commit, record.upto);
        this.#handOut();
        break;
      case 'accept':
      case 'chosen':
        if (record.kind === 'accept' && ballotAbove(record.ballot, this.#promised)) this.#promised = record.ballot;
        if (record.slot >= this.#nextChosen) this.#keep(segment, read);
        break;
      default:
    }
  }

  /** Chosen outranks every vote; among votes the highest ballot wins, and of equals the later record. */
  #keep(segment: number, read: ReadRecord): void {
    const { record } = read;
    if (record.kind !== 'accept' && record.kind !== 'chosen') return;
    const chosen = record.kind === 'chosen';
    const held = this.#entries.get(record.slot);
    if (held !== undefined && !chosen && (held.chosen || ballotAbove(held.ballot, record.ballot))) return;
    const length = record.value.length;
    this.#entries.set(record.slot, {
      slot: record.slot,
      ballot: record.ballot,
      chosen,
      location: { segment, offset: read.place.offset + read.length - length, length },
    });
  }

  /** A commit hint stands behind every value that it covers, so these will not change any more. */
  #handOut(): void {
    const { onChosen } = this.#options;
    if (onChosen === undefined) return;
    for (; this.#nextChosen <= this.#commit; this.#nextChosen++) {
      const found = this.#entries.get(this.#nextChosen);
      // What is missing here is damage, which whoever applies the slots will find.
      if (found === undefined) return;
      this.#entries.delete(found.slot);
      onChosen(this.#withValue(found));
    }
  }

  /** The value's bytes, which were checked when the scan passed them. */
  #withValue(found: Found): RecoveredEntry {
    const { segment, offset, length } = found.location;
    const value = Buffer.allocUnsafe(length);
    if (segment === this.#loaded) this.#buffer.copy(value, 0, offset, offset + length);
    else {
      const read = this.#disk.readSync(segmentName(segment), offset, value);
      if (read < length) throw new DamagedLog(segment, offset + read, 'the file became shorter while it was read');
    }
    return { ...found, value };
  }

  /** A whole segment in the one buffer that all of them share. */
  #load(segment: number): Buffer {
    const name = segmentName(segment);
    const size = this.#disk.size(name) ?? 0;
    if (this.#buffer.length < size) this.#buffer = Buffer.allocUnsafe(size);
    this.#loaded = segment;
    return this.#buffer.subarray(0, this.#disk.readSync(name, 0, this.#buffer.subarray(0, size)));
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

/** Only zero bytes from `from` to the end. */
function isZero(bytes: Buffer, from: number): boolean {
  let at = from;
  for (; at + ZEROS.length <= bytes.length; at += ZEROS.length) {
    if (ZEROS.compare(bytes, at, at + ZEROS.length) !== 0) return false;
  }
  return isAllZero(bytes.subarray(at));
}

/** Every record from `from` on that is valid on its own, wherever it begins. */
function* search(bytes: Buffer, from: number, seed: number): Generator<ReadRecord> {
  for (let at = from; at + RECORD_HEAD_BYTES <= bytes.length; ) {
    const read = readRecord(bytes, at, 0, seed);
    if (read !== undefined) yield read;
    at += read?.length ?? 1;
  }
}
