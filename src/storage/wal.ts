/**
 * The write-ahead log: appends are gathered while one batch is being synced, then written in one go and synced
 * together. It alone says what is durable; the driver's gate releases nothing before `onDurable` has counted it.
 */
import { assert, failpoint, failStep, type Timer } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { type Disk, type Done, errorCode, isDiskFull } from './disk.js';
import { diskError } from './errors.js';
import type { Batch, LogTail } from './log-tail.js';
import { NextSegment } from './next-segment.js';
import type { Location, Recovered } from './recovery.js';
import { segmentName, type WalIdentity } from './segment.js';
import { runSteps, type Step } from './steps.js';
import { WalFigures } from './wal-figures.js';
import { type OpenedLog, openLog, shortenOldHead } from './wal-open.js';
import { type CompleteOptions, type WalOptions, withDefaults } from './wal-options.js';
import { ValueReader, type ValuesDone } from './wal-read.js';
import type { LogRecord } from './wal-record.js';

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

/** Above this multiple of `pendingBytesMax` the driver has ignored `saturated`: our own mistake. */
const PENDING_HARD_FACTOR = 2;

export class Wal {
  /** Of the syncs of this process life. */
  readonly figures = new WalFigures();
  readonly #disk: Disk;
  readonly #identity: WalIdentity;
  readonly #options: CompleteOptions;
  readonly #tail: LogTail;
  readonly #nextSegment: NextSegment;
  readonly #reader: ValueReader;
  readonly #segments: { segment: number; usedBytes: number }[];
  #writeRetry: Timer | undefined;
  #markTimer: Timer | undefined;
  #inFlight: Batch | undefined;
  #durableRecords = 0;
  #durableSequence = 0;
  #markedSequence = 0;
  #full = false;
  #failed = false;
  #closing: Done | undefined;
  #closed = false;
  /** Calls that wait until the record of this sequence is durable, in its order. */
  #waitingSyncs: { readonly sequence: number; readonly act: () => void }[] = [];

  private constructor(disk: Disk, identity: WalIdentity, options: CompleteOptions, { scanned, tail, head }: OpenedLog) {
    this.#disk = disk;
    this.#identity = identity;
    this.#options = options;
    this.#tail = tail;
    this.#segments = scanned.segments.map(({ segment, usedBytes }) => ({ segment, usedBytes }));
    this.#nextSegment = new NextSegment(disk, options, head.segment, (segment, error) =>
      this.#onPrepared(segment, error),
    );
    this.#reader = new ValueReader(disk, identity.birthId);
    this.#reader.written(head.segment, head.bytes);
    this.#settle(head);
  }

  /**
   * Reads the log back, makes what it read durable (it may have been in the page cache only), cuts a torn tail, and
   * begins a new segment. Idempotent: a crash anywhere in it leaves a log that opens to the same result. Fails with a
   * {@link StorageError}; nothing was lost by trying.
   */
  static open(disk: Disk, identity: WalIdentity, options: WalOptions, done: OpenDone): void {
    const complete = withDefaults(options);
    openLog(disk, identity, complete, (error, opened) => {
      if (opened === undefined) {
        done(error);
        return;
      }
      const wal = new Wal(disk, identity, complete, opened);
      done(undefined, { wal, recovered: opened.scanned });
      shortenOldHead(disk, opened.scanned, complete.logger);
      wal.#nextSegment.prepare(opened.head.segment + 1);
    });
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
    if (next?.begins === true && !this.#nextSegment.isReady(next.segment)) {
      this.#nextSegment.prepare(next.segment);
      if (!this.#nextSegment.waitsForSpace) return;
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
      this.#reader.written(batch.segment, batch.offset + batch.bytes);
      const begunMs = this.#options.clock.monotonicMs();
      const sync: Step = (next) =>
        this.#disk.sync(name, (syncError) => {
          this.figures.synced(batch, this.#options.clock.monotonicMs() - begunMs);
          next(syncError);
        });
      runSteps([sync, failStep('wal.after-sync')], (syncError) => this.#synced(batch, syncError));
    });
  }

  #waitForSpace(batch: Batch): void {
    this.#setFull(true);
    if (this.#closing !== undefined) {
      this.#finishClose(undefined);
      return;
    }
    this.#writeRetry = this.#options.clock.setTimeout(() => {
      if (!this.#closed && !this.#failed) this.#write(batch);
    }, this.#options.fullRetryMs);
  }

  #synced(batch: Batch, error: Error | undefined): void {
    if (this.#closed) return;
    if (error !== undefined) {
      this.#fail(`syncing ${segmentName(batch.segment)}`, error);
      return;
    }
    this.#inFlight = undefined;
    this.#settle(batch);
    if (batch.begins) this.#nextSegment.prepare(batch.segment + 1);
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
    const usedBytes = batch.offset + batch.bytes;
    if (batch.begins) {
      this.#segments.push({ segment: batch.segment, usedBytes });
      this.#markedSequence = batch.lastSequence;
    }
    const newest = this.#segments.at(-1);
    assert(newest?.segment === batch.segment, 'a batch is written to the newest segment');
    newest.usedBytes = usedBytes;
    this.#tail.release(batch);
  }

  #onPrepared(segment: number, error: Error | undefined): void {
    if (error === undefined) {
      if (this.#inFlight === undefined) this.#setFull(false);
    } else if (!isDiskFull(error)) {
      this.#fail(`preparing ${segmentName(segment)}`, error);
    }
    this.#pump();
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#options.onFull(full);
  }

  #fail(doing: string, error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#nextSegment.stop();
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
    this.#reader.read(locations, done);
  }

  /** One value. An error means that the disk or the record is bad: a {@link DamagedLog} or a DISK_ERROR. */
  read(location: Location, done: (error: Error | undefined, value: Buffer | undefined) => void): void {
    this.readValues([location], (error, values) => done(error, values[0]?.value));
  }

  /** Deletes all segments below `segment` (retention): only what lies below the checkpoint's `replayFrom` may go. */
  removeBelow(segment: number, done: Done): void {
    assert(segment <= this.#reader.writtenSegment, 'the newest segment is never removed');
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
    this.#nextSegment.stop();
    for (const timer of [this.#writeRetry, this.#markTimer]) {
      if (timer !== undefined) this.#options.clock.clearTimeout(timer);
    }
    this.#closing?.(error);
  }
}
