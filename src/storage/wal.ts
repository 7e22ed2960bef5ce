/**
 * The write-ahead log: appends are gathered while one batch is being synced, then written in one go and synced
 * together. It alone says what is durable; the driver's gate releases nothing before `onDurable` has counted it.
 */
import {
  assert,
  type Clock,
  failpoint,
  failStep,
  type Logger,
  limits,
  silentLogger,
  type Timer,
} from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { type Disk, type Done, errorCode, isDiskFull } from './disk.js';
import { diskError, type StorageError } from './errors.js';
import { type Batch, LogTail, PREAMBLE_BYTES } from './log-tail.js';
import { type Location, type Recovered, type ScannedLog, type ScanOptions, scanLog } from './recovery.js';
import { segmentName, type WalIdentity } from './segment.js';
import { SegmentMaker } from './segment-maker.js';
import { runSteps, type Step } from './steps.js';
import { WalFigures } from './wal-figures.js';
import { tidySteps } from './wal-open.js';
import { readLogged, type ValuesDone } from './wal-read.js';
import type { LogRecord } from './wal-record.js';

export interface WalOptions extends Omit<ScanOptions, 'identity' | 'visit'> {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Length of a segment's file. Larger than any record plus {@link PREAMBLE_BYTES}. */
  readonly segmentBytes?: number;
  /** Length of a segment that must be made while the start waits for it: small, so that a start takes no second. */
  readonly firstSegmentBytes?: number;
  /** `saturated` is true above this many appended, undurable bytes. */
  readonly pendingBytesMax?: number;
  /** After this much idleness a mark ends the window in which damage to the last batch looks like a tear. */
  readonly markAfterMs?: number;
  /** A full disk is tried again this often. */
  readonly fullRetryMs?: number;
  /** The first `records` records appended in this process life are on disk. */
  readonly onDurable: (records: number) => void;
  /** Nothing more can be made durable until it is called with false: step down, serve reads. */
  readonly onFull: (full: boolean) => void;
  /** The disk failed; nothing becomes durable any more. Stop the process with the error's exit code. */
  readonly onFatal: (error: StorageError) => void;
}

export type OpenDone = (
  error: Error | undefined,
  opened?: { readonly wal: Wal; readonly recovered: Recovered },
) => void;

/** What is known of one segment's file. */
export interface SegmentInfo {
  readonly segment: number;
  /** Bytes up to the end of its last record; for the newest up to what was written. */
  readonly usedBytes: number;
}

const DEFAULTS = Object.freeze({
  segmentBytes: limits.segmentBytes,
  /** 4 MiB are zero-filled and synced in about 15 ms, and last until the first full-sized segment is ready. */
  firstSegmentBytes: 4 * 1024 * 1024,
  /** Twice what a lawful leader has in flight (limits.acceptAheadBytes). */
  pendingBytesMax: 2 * limits.acceptAheadBytes,
  markAfterMs: 100,
  fullRetryMs: 500,
});
type FullOptions = WalOptions & Required<Pick<WalOptions, keyof typeof DEFAULTS>>;

/** Above this multiple of `pendingBytesMax` the driver has ignored `saturated`: our own mistake. */
const PENDING_HARD_FACTOR = 2;

export class Wal {
  /** Of the syncs of this process life. */
  readonly figures = new WalFigures();
  readonly #disk: Disk;
  readonly #identity: WalIdentity;
  readonly #options: FullOptions;
  readonly #logger: Logger;
  readonly #tail: LogTail;
  readonly #maker: SegmentMaker;
  readonly #segments: { segment: number; usedBytes: number }[];
  #preparedSegment = 0;
  #writeRetry: Timer | undefined;
  #makeRetry: Timer | undefined;
  #markTimer: Timer | undefined;
  #inFlight: Batch | undefined;
  #writtenSegment = 0;
  #writtenOffset = 0;
  #durableRecords = 0;
  #durableSequence: number;
  #markedSequence = 0;
  #full = false;
  #failed = false;
  #closing: Done | undefined;
  #closed = false;
  #waitingReads: (() => void)[] = [];
  /** Calls that wait until the record of this sequence is durable, in its order. */
  #waitingSyncs: { readonly sequence: number; readonly act: () => void }[] = [];

  private constructor(disk: Disk, identity: WalIdentity, options: FullOptions, scanned: ScannedLog) {
    this.#disk = disk;
    this.#identity = identity;
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#maker = new SegmentMaker(disk);
    this.#segments = scanned.segments.map(({ segment, usedBytes }) => ({ segment, usedBytes }));
    this.#durableSequence = scanned.lastSequence;
    this.#tail = new LogTail(identity, options.segmentBytes, {
      sequence: scanned.lastSequence,
      crc: scanned.headCrc,
      promised: scanned.promised,
      commit: scanned.commit,
    });
  }

  /**
   * Reads the log back, makes what it read durable (it may have been in the page cache only), cuts a torn tail, and
   * begins a new segment. Idempotent: a crash anywhere in it leaves a log that opens to the same result. Fails with a
   * {@link StorageError}; nothing was lost by trying.
   */
  static open(disk: Disk, identity: WalIdentity, options: WalOptions, done: OpenDone): void {
    const all: FullOptions = { ...DEFAULTS, ...options };
    assert(all.segmentBytes > PREAMBLE_BYTES && all.firstSegmentBytes > PREAMBLE_BYTES, 'segments must hold a record');
    let scanned: ScannedLog;
    try {
      failpoint('open.before-scan');
      scanned = scanLog(disk, { ...all, identity });
      failpoint('open.after-scan');
    } catch (error) {
      done(error as Error);
      return;
    }
    const wal = new Wal(disk, identity, all, scanned);
    runSteps(wal.#openSteps(scanned), (error) => {
      if (error !== undefined) done(diskError(`opening the log in segment ${wal.#tail.segment}`, error));
      else done(undefined, { wal, recovered: scanned });
      if (error === undefined) wal.#afterOpen(scanned);
    });
  }

  #openSteps(scanned: ScannedLog): Step[] {
    const disk = this.#disk;
    const head = scanned.segments.at(-1);
    const number = (head?.segment ?? 0) + 1;
    const reusable = scanned.blank === number && disk.size(segmentName(number)) === this.#options.segmentBytes;
    const capacityBytes = reusable ? this.#options.segmentBytes : this.#options.firstSegmentBytes;
    const steps = tidySteps(disk, scanned, reusable, this.#logger);
    if (!reusable) steps.push((next) => this.#maker.make(number, capacityBytes, next));
    steps.push((next) => {
      this.#tail.beginSegment(number, capacityBytes);
      this.#preparedSegment = number;
      const batch = this.#tail.take() as Batch;
      const written: Step[] = [
        failStep('open.before-head-write'),
        (then) => disk.write(segmentName(number), 0, batch.buffers, then),
        failStep('open.after-head-write'),
        (then) => disk.sync(segmentName(number), then),
        failStep('open.after-head-sync'),
      ];
      runSteps(written, (error) => {
        if (error === undefined) this.#settle(batch);
        next(error);
      });
    });
    return steps;
  }

  /**
   * In the background: give back the zeros behind the old head, whose end the new header now proves; prepare the next.
   */
  #afterOpen(scanned: ScannedLog): void {
    const old = scanned.segments.at(-1);
    if (old !== undefined && old.fileBytes > old.usedBytes) {
      this.#disk.truncate(segmentName(old.segment), old.usedBytes, (error) => {
        if (error !== undefined)
          this.#logger.warn('segment-not-shortened', { segment: old.segment, error: error.message });
      });
    }
    this.#prepareNext();
  }

  /** Of the data directory, 16 bytes. */
  get birthId(): Uint8Array {
    return this.#identity.birthId;
  }

  /** Records appended in this process life; what `onDurable` and `Send.after` count. */
  get appendedRecords(): number {
    return this.#tail.records;
  }

  get durableRecords(): number {
    return this.#durableRecords;
  }

  /** Sequence of the last durable record: records are numbered through the life of the directory. */
  get durableSequence(): number {
    return this.#durableSequence;
  }

  /** The segment of the last durable record. */
  get durableSegment(): number {
    return this.#segments.at(-1)?.segment ?? 0;
  }

  /** Bytes of records appended in this process life. */
  get appendedBytes(): number {
    return this.#tail.appendedBytes;
  }

  get pendingBytes(): number {
    return this.#tail.pendingBytes;
  }

  /**
   * More is waiting for the disk than should: ignore accepts from peers and answer clients "busy" until it is false.
   * (A slow disk must not fill the memory; peers send again.)
   */
  get saturated(): boolean {
    return this.#tail.pendingBytes > this.#options.pendingBytesMax;
  }

  get full(): boolean {
    return this.#full;
  }

  /** The segment that appended records go to. */
  get headSegment(): number {
    return this.#tail.segment;
  }

  /** All segments that hold records, oldest first. */
  get segments(): readonly SegmentInfo[] {
    return this.#segments;
  }

  /**
   * Puts a record at the end; nothing is written before `flush`. The record's value is kept by reference and must never
   * change. Returns where the value will stand (accept and chosen), which may be read at once.
   */
  append(record: LogRecord): Location | undefined {
    failpoint('wal.append');
    assert(!this.#closed && this.#closing === undefined, 'append to a closed log');
    assert(
      this.#tail.pendingBytes <= PENDING_HARD_FACTOR * this.#options.pendingBytesMax,
      'the driver appends although the log is saturated',
    );
    return this.#tail.append(record);
  }

  /**
   * Puts a value at the end that came with a peer's state. It is not counted among the records that `onDurable` counts:
   * whoever needs to know that it is on disk asks {@link Wal.whenDurable}.
   */
  appendHistory(slot: Slot, value: Uint8Array): Location {
    assert(!this.#closed && this.#closing === undefined, 'append to a closed log');
    const location = this.#tail.append({ kind: 'history', slot, value });
    assert(location !== undefined, 'a logged value has a place');
    return location;
  }

  /** Calls `act` once what was just appended is on disk; never before it returns, and not after a failure. */
  whenDurable(act: () => void): void {
    assert(!this.#tail.isEmpty, 'something was just appended');
    this.#waitingSyncs.push({ sequence: this.#tail.sequence, act });
  }

  /** Something was appended that {@link Wal.flush} would write or is waiting to write. */
  get hasUnwritten(): boolean {
    return !this.#tail.isEmpty;
  }

  /**
   * Writes what was appended, unless a batch is on its way to the disk: then it goes as soon as that one is synced,
   * together with whatever is appended meanwhile.
   */
  flush(): void {
    this.#pump();
  }

  #pump(): void {
    if (this.#failed || this.#closed || this.#inFlight !== undefined) return;
    if (this.#tail.isEmpty) {
      this.#idle();
      return;
    }
    const next = this.#tail.peek();
    if (next?.begins === true && this.#preparedSegment !== next.segment) {
      this.#prepareNext();
      if (this.#makeRetry === undefined) return;
      this.#setFull(true);
      if (this.#closing !== undefined) this.#finishClose(undefined);
      return;
    }
    const batch = this.#tail.take() as Batch;
    this.#inFlight = batch;
    if (batch.begins) failpoint('wal.before-roll');
    this.#write(batch);
  }

  /** A full disk is tried again with the same bytes at the same place; what was written of them is a lawful tear. */
  #write(batch: Batch): void {
    const name = segmentName(batch.segment);
    const steps: Step[] = [
      failStep('wal.before-write'),
      (next) => this.#disk.write(name, batch.offset, batch.buffers, next),
      failStep('wal.before-sync'),
    ];
    runSteps(steps, (error) => {
      if (this.#closed) return;
      if (error !== undefined) {
        if (isDiskFull(error)) this.#waitForSpace(batch);
        else this.#fail(`writing ${name}`, error);
        return;
      }
      this.#setFull(false);
      this.#writtenSegment = batch.segment;
      this.#writtenOffset = batch.offset + batch.bytes;
      this.#runWaitingReads();
      const begunMs = this.#options.clock.monotonicMs();
      const sync: Step = (next) =>
        this.#disk.sync(name, (syncError) => {
          this.#measure(batch, begunMs);
          next(syncError);
        });
      runSteps([sync, failStep('wal.after-sync')], (syncError) => this.#synced(batch, syncError));
    });
  }

  #measure({ bytes, firstSequence, lastSequence }: Batch, begunMs: number): void {
    this.figures.syncSeconds.observe((this.#options.clock.monotonicMs() - begunMs) / 1000);
    this.figures.batchBytes.observe(bytes);
    this.figures.batchRecords.observe(lastSequence - firstSequence + 1);
  }

  #waitForSpace(batch: Batch): void {
    this.#setFull(true);
    if (this.#closing === undefined) this.#writeRetry = this.#retryLater(() => this.#write(batch));
    else this.#finishClose(undefined);
  }

  #synced(batch: Batch, error: Error | undefined): void {
    if (this.#closed) return;
    if (error !== undefined) {
      this.#fail(`syncing ${segmentName(batch.segment)}`, error);
      return;
    }
    this.#inFlight = undefined;
    this.#settle(batch);
    if (batch.begins) this.#prepareNext();
    const { records } = batch;
    const grown = records > this.#durableRecords;
    if (grown) this.#durableRecords = records;
    this.#pump();
    failpoint('wal.before-durable');
    // A disk that answers at once may have taken the next batch meanwhile, and that was told.
    const isNewest = records === this.#durableRecords;
    if (grown && isNewest && !this.#failed && !this.#closed) this.#options.onDurable(records);
    failpoint('wal.after-durable');
    this.#runWaitingSyncs();
  }

  #runWaitingSyncs(): void {
    const due = this.#waitingSyncs.findIndex(({ sequence }) => sequence > this.#durableSequence);
    const done = this.#waitingSyncs.splice(0, due < 0 ? this.#waitingSyncs.length : due);
    for (const { act } of done) if (!this.#failed && !this.#closed) act();
  }

  #settle(batch: Batch): void {
    this.#durableSequence = batch.lastSequence;
    this.#writtenSegment = batch.segment;
    this.#writtenOffset = batch.offset + batch.bytes;
    if (batch.begins) {
      this.#segments.push({ segment: batch.segment, usedBytes: this.#writtenOffset });
      this.#markedSequence = batch.lastSequence;
    }
    const newest = this.#segments.at(-1);
    assert(newest?.segment === batch.segment, 'a batch is written to the newest segment');
    newest.usedBytes = this.#writtenOffset;
    this.#tail.release(batch);
  }

  /** Keeps one segment ready behind the one that is being written. */
  #prepareNext(): void {
    const next = this.#writtenSegment + 1;
    if (this.#maker.busy || this.#preparedSegment >= next || this.#makeRetry !== undefined || this.#failed) return;
    this.#maker.make(next, this.#options.segmentBytes, (error) => {
      if (this.#closed || this.#failed) return;
      if (error === undefined) {
        this.#preparedSegment = next;
        if (this.#inFlight === undefined) this.#setFull(false);
      } else if (isDiskFull(error)) {
        this.#logger.warn('segment-no-space', {
          segment: next,
          text: 'free some space on the disk: this server stops taking messages when the current segment is full',
        });
        this.#makeRetry = this.#retryLater(() => {
          this.#makeRetry = undefined;
          this.#prepareNext();
        });
      } else {
        this.#fail(`preparing ${segmentName(next)}`, error);
      }
      this.#pump();
    });
  }

  #retryLater(again: () => void): Timer {
    return this.#options.clock.setTimeout(() => {
      if (!this.#closed && !this.#failed) again();
    }, this.#options.fullRetryMs);
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#options.onFull(full);
  }

  #fail(doing: string, error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#maker.stop();
    const failure = diskError(doing, error);
    this.#options.onFatal(failure);
    if (this.#closing !== undefined && !this.#closed) this.#finishClose(failure);
  }

  /** Nothing is left to write: close if asked to, else put a mark behind the last batch before long. */
  #idle(): void {
    const unmarked = this.#durableSequence > this.#markedSequence;
    if (this.#closing !== undefined) {
      if (unmarked) this.#mark();
      else this.#finishClose(undefined);
      return;
    }
    if (!unmarked || this.#markTimer !== undefined) return;
    const seen = this.#durableSequence;
    this.#markTimer = this.#options.clock.setTimeout(() => {
      this.#markTimer = undefined;
      if (this.#closed || this.#failed || this.#inFlight !== undefined || !this.#tail.isEmpty) return;
      if (this.#durableSequence === seen) this.#mark();
      else this.#idle();
    }, this.#options.markAfterMs);
    this.#markTimer.unref();
  }

  #mark(): void {
    failpoint('wal.mark');
    this.#tail.appendMark();
    this.#markedSequence = this.#tail.sequence;
    this.#pump();
  }

  /**
   * Reads values back and checks each against its record's checksum. The locations must rise within one segment and
   * should be near each other: they are read in one piece. What is not written yet is read as soon as it is.
   */
  readValues(locations: readonly Location[], done: ValuesDone): void {
    const last = locations.at(-1);
    assert(last !== undefined, 'at least one location');
    const written =
      last.segment < this.#writtenSegment ||
      (last.segment === this.#writtenSegment && last.offset + last.length <= this.#writtenOffset);
    if (written) readLogged(this.#disk, this.#identity.birthId, locations, done);
    else this.#waitingReads.push(() => this.readValues(locations, done));
  }

  /** One value. An error means that the disk or the record is bad: a {@link DamagedLog} or a DISK_ERROR. */
  read(location: Location, done: (error: Error | undefined, value: Buffer | undefined) => void): void {
    this.readValues([location], (error, values) => done(error, values[0]?.value));
  }

  #runWaitingReads(): void {
    if (this.#waitingReads.length === 0) return;
    const reads = this.#waitingReads;
    this.#waitingReads = [];
    for (const read of reads) read();
  }

  /** Deletes all segments below `segment` (retention): only what lies below the checkpoint's `replayFrom` may go. */
  removeBelow(segment: number, done: Done): void {
    assert(segment <= this.#writtenSegment, 'the newest segment is never removed');
    const gone = this.#segments.filter((info) => info.segment < segment);
    this.#segments.splice(0, gone.length);
    const steps: Step[] = [failStep('retention.before-remove')];
    for (const { segment } of gone) {
      steps.push((next) => this.#disk.remove(segmentName(segment), next), failStep('retention.after-remove'));
    }
    steps.push((next) => this.#disk.syncDirectory(next), failStep('retention.after-directory-sync'));
    runSteps(steps, (error) => {
      if (this.#closed) return;
      if (error !== undefined && errorCode(error) === 'EIO') this.#fail('deleting old segments', error);
      else done(error);
    });
  }

  /**
   * Writes and syncs what was appended, with a mark behind it, and stops; an error of the disk on the way is the
   * result. A log that is full or has failed stops at once; what it could not write was never called durable.
   */
  close(done: Done): void {
    assert(this.#closing === undefined && !this.#closed, 'closed twice');
    failpoint('wal.close');
    this.#closing = done;
    if (this.#failed || this.#full) this.#finishClose(undefined);
    else this.#pump();
  }

  #finishClose(error: Error | undefined): void {
    this.#closed = true;
    this.#maker.stop();
    for (const timer of [this.#writeRetry, this.#makeRetry, this.#markTimer]) {
      if (timer !== undefined) this.#options.clock.clearTimeout(timer);
    }
    this.#closing?.(error);
  }
}
