/**
 * What an old log needs before a new segment follows it: its tail cut, its last batch made durable, rubbish removed.
 */
import type { Logger } from '../base/index.js';
import type { Disk } from './disk.js';
import type { ScannedLog } from './recovery.js';
import { segmentName } from './segment.js';
import { UNFINISHED_NAME } from './segment-maker.js';
import type { Step } from './steps.js';

/** Bytes written in one piece. */
const pieceBytes = 1024 * 1024;

/**
 * The steps in order; idempotent, so that a crash anywhere in them leaves a log that opens to the same result.
 * `keepBlank`: the blank segment behind the head will be used.
 */
export function tidySteps(disk: Disk, scanned: ScannedLog, keepBlank: boolean, logger: Logger): Step[] {
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
