/**
 * The end of the log as it will be once everything appended has been written: gives each record its place, encodes it
 * and gathers records into batches. A batch is what one write and one sync carry; it never spans two segments, and the
 * next one is written only when it is synced, which is what the records' claim of durability rests on.
 */
import { assert } from '../base/index.js';
import type { Ballot, Slot } from '../wire/index.js';
import type { Location } from './recovery.js';
import { encodeHeader, HEADER_BYTES, type WalIdentity } from './segment.js';
import type { HistoryRecord, LogRecord, RecordPlace } from './wal-record.js';
import {
  assertLoggable,
  ballotAbove,
  COMMIT_BYTES,
  encodeMark,
  encodeRecord,
  MARK_BYTES,
  PROMISE_BYTES,
  recordBytes,
  segmentSeed,
  VALUE_OFFSET,
} from './wal-record.js';

/** Bytes with which every segment begins: header, promised, commit hint. */
export const PREAMBLE_BYTES = HEADER_BYTES + PROMISE_BYTES + COMMIT_BYTES;

/** A batch is closed at this size: about 30 ms of a 250 MB/s disk, so that no waiting record waits longer than that. */
const BATCH_BYTES_MAX = 8 * 1024 * 1024;
const SLAB_BYTES = 64 * 1024;
/** Slabs kept for reuse: what is collected and what is in flight, twice. */
const SLABS_KEPT = 8;
/** Values up to this size are copied behind their head: cheaper than one more buffer in the write. */
const COPY_BYTES_MAX = 2048;

/** What one write and one sync carry. */
export interface Batch {
  readonly segment: number;
  readonly offset: number;
  /** True for a segment's header with its first two records: the write that begins a segment. */
  readonly begins: boolean;
  /** Capacity of its segment's file, for the one that begins it. */
  readonly capacityBytes: number;
  readonly firstSequence: number;
  lastSequence: number;
  /** Appended records (no marks, preambles and history) of this process life up to the end of this batch. */
  records: number;
  bytes: number;
  readonly buffers: Uint8Array[];
  readonly slabs: Buffer[];
}

/** Where a log ends, as recovery found it. */
export interface TailStart {
  readonly sequence: number;
  readonly crc: number;
  readonly promised: Ballot;
  readonly commit: Slot;
}

export class LogTail {
  readonly #identity: WalIdentity;
  readonly #segmentBytes: number;
  readonly #closed: Batch[] = [];
  readonly #freeSlabs: Buffer[] = [];
  #collecting: Batch | undefined;
  #slab: Buffer | undefined;
  #slabFrom = 0;
  #slabAt = 0;
  #segment = 0;
  #offset = 0;
  #capacityBytes = 0;
  #seed = 0;
  #sequence: number;
  #crc: number;
  #promised: Ballot;
  #commit: Slot;
  #records = 0;
  #pendingBytes = 0;
  #appendedBytes = 0;

  constructor(identity: WalIdentity, segmentBytes: number, start: TailStart) {
    this.#identity = identity;
    this.#segmentBytes = segmentBytes;
    this.#sequence = start.sequence;
    this.#crc = start.crc;
    this.#promised = start.promised;
    this.#commit = start.commit;
  }

  /** Records appended in this process life. */
  get records(): number {
    return this.#records;
  }

  /** Sequence of the last record, marks and preambles included. */
  get sequence(): number {
    return this.#sequence;
  }

  /** The segment that the next record goes to, if it fits. */
  get segment(): number {
    return this.#segment;
  }

  /** Bytes appended and not yet released by {@link LogTail.release}. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Bytes of records appended in this process life. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** Gives the record its place; one with a value gets the location of it. History is not counted. */
  append(record: LogRecord | HistoryRecord): Location | undefined {
    assertLoggable(record);
    const bytes = recordBytes(record);
    const batch = this.#batchFor(bytes);
    if (record.kind !== 'history') this.#records++;
    batch.records = this.#records;
    const hasValue = 'value' in record;
    const headBytes = hasValue ? VALUE_OFFSET : bytes;
    const place = this.#place(batch);
    const copy = hasValue && record.value.length <= COPY_BYTES_MAX;
    const at = this.#room(batch, copy ? bytes : headBytes);
    const slab = this.#slab as Buffer;
    this.#crc = encodeRecord(slab, at, place, record, this.#seed);
    this.#advance(batch, bytes);
    this.#appendedBytes += bytes;
    if (record.kind === 'promise' || record.kind === 'accept') {
      if (ballotAbove(record.ballot, this.#promised)) this.#promised = record.ballot;
    } else if (record.kind === 'commit') {
      this.#commit = Math.max(this.#commit, record.upto);
    }
    if (!hasValue) return undefined;
    if (copy) {
      slab.set(record.value, at + VALUE_OFFSET);
    } else {
      this.#cutSlab(batch);
      batch.buffers.push(record.value);
    }
    return { segment: this.#segment, offset: place.offset + VALUE_OFFSET, length: record.value.length };
  }

  /** Appends a mark, whose only content is that everything before it is durable. */
  appendMark(): void {
    const batch = this.#batchFor(MARK_BYTES);
    const at = this.#room(batch, MARK_BYTES);
    this.#crc = encodeMark(this.#slab as Buffer, at, this.#place(batch), this.#seed);
    this.#advance(batch, MARK_BYTES);
  }

  /** The oldest batch that was not taken yet; none if nothing was appended since the last. */
  take(): Batch | undefined {
    if (this.#closed.length === 0) this.#close();
    return this.#closed.shift();
  }

  /** The batch that `take` would give next, if it is complete already. */
  peek(): Batch | undefined {
    return this.#closed[0];
  }

  get isEmpty(): boolean {
    return this.#closed.length === 0 && this.#collecting === undefined;
  }

  /** The batch is durable: its memory may be used again. */
  release(batch: Batch): void {
    this.#pendingBytes -= batch.bytes;
    for (const slab of batch.slabs) if (this.#freeSlabs.length < SLABS_KEPT) this.#freeSlabs.push(slab);
    batch.slabs.length = 0;
    batch.buffers.length = 0;
  }

  /** Makes everything appended from now on go to a new segment, whose preamble is a batch of its own. */
  beginSegment(segment: number, capacityBytes: number): void {
    this.#close();
    this.#segment = segment;
    this.#capacityBytes = capacityBytes;
    this.#seed = segmentSeed(this.#identity.birthId, segment);
    this.#offset = 0;
    const header = encodeHeader({
      ...this.#identity,
      segment,
      capacityBytes,
      firstSequence: this.#sequence + 1,
      previousCrc: this.#crc,
    });
    const batch = this.#newBatch(true);
    batch.buffers.push(header);
    batch.bytes += HEADER_BYTES;
    this.#pendingBytes += HEADER_BYTES;
    this.#offset = HEADER_BYTES;
    const preamble: LogRecord[] = [
      { kind: 'promise', ballot: this.#promised },
      { kind: 'commit', upto: this.#commit },
    ];
    for (const record of preamble) {
      const at = this.#room(batch, recordBytes(record));
      this.#crc = encodeRecord(this.#slab as Buffer, at, this.#place(batch), record, this.#seed);
      this.#advance(batch, recordBytes(record));
    }
    this.#close();
  }

  /** The collecting batch, or a new one, in a segment that has room for `bytes` more. */
  #batchFor(bytes: number): Batch {
    if (this.#offset + bytes > this.#capacityBytes) {
      assert(PREAMBLE_BYTES + bytes <= this.#segmentBytes, `a record of ${bytes} bytes is larger than a segment`);
      this.beginSegment(this.#segment + 1, this.#segmentBytes);
    }
    if (this.#collecting !== undefined && this.#collecting.bytes + bytes > BATCH_BYTES_MAX) this.#close();
    this.#collecting ??= this.#newBatch(false);
    return this.#collecting;
  }

  #newBatch(begins: boolean): Batch {
    const batch: Batch = {
      segment: this.#segment,
      offset: this.#offset,
      begins,
      capacityBytes: this.#capacityBytes,
      firstSequence: this.#sequence + 1,
      lastSequence: this.#sequence,
      records: this.#records,
      bytes: 0,
      buffers: [],
      slabs: [],
    };
    this.#collecting = batch;
    return batch;
  }

  #place(batch: Batch): RecordPlace {
    return {
      offset: this.#offset,
      previousCrc: this.#crc,
      sequence: this.#sequence + 1,
      batchFirst: batch.firstSequence,
    };
  }

  #advance(batch: Batch, bytes: number): void {
    this.#sequence++;
    this.#offset += bytes;
    this.#pendingBytes += bytes;
    batch.lastSequence = this.#sequence;
    batch.bytes += bytes;
  }

  /** Reserves `bytes` of slab and returns where they begin. */
  #room(batch: Batch, bytes: number): number {
    if (this.#slab === undefined || this.#slabAt + bytes > SLAB_BYTES) {
      this.#cutSlab(batch);
      this.#slab = this.#freeSlabs.pop() ?? Buffer.allocUnsafe(SLAB_BYTES);
      this.#slabFrom = 0;
      this.#slabAt = 0;
      batch.slabs.push(this.#slab);
    }
    const at = this.#slabAt;
    this.#slabAt += bytes;
    return at;
  }

  /** What the slab holds so far becomes one buffer of the write. */
  #cutSlab(batch: Batch): void {
    if (this.#slab === undefined || this.#slabAt === this.#slabFrom) return;
    batch.buffers.push(this.#slab.subarray(this.#slabFrom, this.#slabAt));
    this.#slabFrom = this.#slabAt;
  }

  #close(): void {
    const batch = this.#collecting;
    if (batch === undefined) return;
    this.#cutSlab(batch);
    this.#slab = undefined;
    this.#collecting = undefined;
    this.#closed.push(batch);
  }
}
