/**
 * Opening a log: it is read back, its end is made durable or cut off, and a new segment begins behind it. A crash
 * anywhere in it leaves a log that opens to the same result.
 */
import { assert, failpoint, failStep, type Logger } from '../base/index.js';
import type { Disk } from './disk.js';
import { diskError } from './errors.js';
import { type Batch, LogTail, PREAMBLE_BYTES } from './log-tail.js';
import { type ScannedLog, scanLog } from './recovery.js';
import { segmentName, type WalIdentity } from './segment.js';
import { SegmentMaker, UNFINISHED_NAME } from './segment-maker.js';
import { runSteps, type Step } from './steps.js';
import type { CompleteOptions } from './wal-options.js';

/** What an opened log goes on with. */
export interface OpenedLog {
  readonly scanned: ScannedLog;
  /** Behind `head`. */
  readonly tail: LogTail;
  /** What begins the new segment; it is durable. */
  readonly head: Batch;
}

/** Bytes written in one piece. */
const pieceBytes = 1024 * 1024;

/** Fails with a {@link StorageError}; nothing was lost by trying. */
export function openLog(
  disk: Disk,
  identity: WalIdentity,
  options: CompleteOptions,
  done: (error: Error | undefined, opened?: OpenedLog) => void,
): void {
  const { segmentBytes, firstSegmentBytes, logger } = options;
  assert(segmentBytes > PREAMBLE_BYTES && firstSegmentBytes > PREAMBLE_BYTES, 'segments must hold a record');
  let scanned: ScannedLog;
  try {
    failpoint('open.before-scan');
    scanned = scanLog(disk, { ...options, identity });
    failpoint('open.after-scan');
  } catch (error) {
    done(error as Error);
    return;
  }
  const tail = new LogTail(identity, segmentBytes, {
    sequence: scanned.lastSequence,
    crc: scanned.headCrc,
    promised: scanned.promised,
    commit: scanned.commit,
  });
  const failed = (error: Error): void => done(diskError(`opening the log in segment ${tail.segment}`, error));
  const segment = (scanned.segments.at(-1)?.segment ?? 0) + 1;
  const reusable = scanned.blank === segment && disk.size(segmentName(segment)) === segmentBytes;
  const capacityBytes = reusable ? segmentBytes : firstSegmentBytes;
  const steps = tidySteps(disk, scanned, reusable, logger);
  if (!reusable) steps.push((next) => new SegmentMaker(disk).make(segment, capacityBytes, next));
  runSteps(steps, (error) => {
    if (error !== undefined) return failed(error);
    tail.beginSegment(segment, capacityBytes);
    const head = tail.take() as Batch;
    runSteps(headSteps(disk, head), (headError) => {
      if (headError === undefined) done(undefined, { scanned, tail, head });
      else failed(headError);
    });
  });
}

function headSteps(disk: Disk, head: Batch): Step[] {
  const name = segmentName(head.segment);
  return [
    failStep('open.before-head-write'),
    (next) => disk.write(name, 0, head.buffers, next),
    failStep('open.after-head-write'),
    (next) => disk.sync(name, next),
    failStep('open.after-head-sync'),
  ];
}

/** In the background: gives back the zeros behind the old head, whose end the new segment's header now proves. */
export function shortenOldHead(disk: Disk, scanned: ScannedLog, logger: Logger): void {
  const old = scanned.segments.at(-1);
  if (old === undefined || old.fileBytes <= old.usedBytes) return;
  disk.truncate(segmentName(old.segment), old.usedBytes, (error) => {
    if (error !== undefined) logger.warn('segment-not-shortened', { segment: old.segment, error: error.message });
  });
}

/**
 * What an old log needs before a new segment follows it: its tail cut, its last batch made durable, rubbish removed.
 * `keepBlank`: the blank segment behind the head will be used.
 */
function tidySteps(disk: Disk, scanned: ScannedLog, keepBlank: boolean, logger: Logger): Step[] {
  const head = scanned.segments.at(-1);
  const steps: Step[] = [];
  if (scanned.cut !== undefined) {
    const { segment, offset, records } = scanned.cut;
    logger.warn('log-tail-torn', {
      segment,
      offset,
      records,
      text: 'a batch that was never acknowledged is cut off, as after every crash; nothing to do',
    });
    steps.push(...zeroSteps(disk, segmentName(segment), offset, head?.fileBytes ?? offset));
  }
  if (head !== undefined) {
    const name = segmentName(head.segment);
    steps.push(...rewriteSteps(disk, name, scanned.unprovenFrom, head.usedBytes), (next) => disk.sync(name, next));
  }
  const rubbish = scanned.discard.map(segmentName);
  if (scanned.blank !== undefined && !keepBlank) rubbish.push(segmentName(scanned.blank));
  if (disk.size(UNFINISHED_NAME) !== undefined) rubbish.push(UNFINISHED_NAME);
  for (const name of rubbish) steps.push((next) => disk.remove(name, next));
  if (rubbish.length > 0) steps.push((next) => disk.syncDirectory(next));
  return steps;
}

/**
 * Writes again what no later batch proves durable. If the life before ended because a sync failed, the pages are marked
 * clean although the disk never got them, and a sync alone would "succeed" (RELIABILITY.md, pitfall 6).
 */
function rewriteSteps(disk: Disk, name: string, from: number, to: number): Step[] {
  const steps: Step[] = [];
  for (let at = from; at < to; at += pieceBytes) {
    steps.push((next) => {
      const part = Buffer.allocUnsafe(Math.min(pieceBytes, to - at));
      const read = disk.readSync(name, at, part);
      disk.write(name, at, [part.subarray(0, read)], next);
    });
  }
  return steps;
}

function zeroSteps(disk: Disk, name: string, from: number, to: number): Step[] {
  const zeros = Buffer.alloc(Math.min(pieceBytes, to - from));
  const steps: Step[] = [];
  for (let at = from; at < to; at += zeros.length) {
    const part = zeros.subarray(0, Math.min(zeros.length, to - at));
    steps.push((next) => disk.write(name, at, [part], next));
  }
  return steps;
}
