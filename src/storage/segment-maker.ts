/**
 * Prepares the next segment's file in the background: zero-filled, synced, named and its name synced, so that a file
 * that has a segment's name always has its full length, and a sync of it writes data only (PERFORMANCE.md, choice 5).
 */
import { assert, failStep } from '../base/index.js';
import { type Disk, type Done, isDiskFull } from './disk.js';
import { segmentName } from './segment.js';
import { runSteps, type Step } from './steps.js';

/** The name a segment has until it is whole; whatever has it at a start is rubbish. */
export const UNFINISHED_NAME = 'wal-next.tmp';

/**
 * Written and synced at once: whatever syncs meanwhile waits for it, some 2 ms, and the file system never holds a
 * mountain that a log sync would have to carry off.
 */
const PIECE_BYTES = 512 * 1024;

export class SegmentMaker {
  readonly #disk: Disk;
  #busy = false;
  #stopped = false;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /**
   * Makes `segment`, `bytes` long. On a full disk the unfinished file is removed first, so that it does not keep the
   * space that others need. One at a time.
   */
  make(segment: number, bytes: number, done: Done): void {
    assert(!this.#busy, 'one segment is prepared at a time');
    this.#busy = true;
    const disk = this.#disk;
    const steps: Step[] = [failStep('segment.before-fill')];
    const zeros = Buffer.alloc(Math.min(PIECE_BYTES, bytes));
    for (let at = 0; at < bytes; at += zeros.length) {
      const part = at + zeros.length <= bytes ? zeros : zeros.subarray(0, bytes - at);
      steps.push((next) => this.#unlessStopped(next, () => disk.write(UNFINISHED_NAME, at, [part], next)));
      if (at + zeros.length < bytes) steps.push((next) => disk.sync(UNFINISHED_NAME, next));
    }
    steps.push(
      failStep('segment.after-fill'),
      (next) => disk.sync(UNFINISHED_NAME, next),
      failStep('segment.after-sync'),
      (next) => this.#unlessStopped(next, () => disk.rename(UNFINISHED_NAME, segmentName(segment), next)),
      failStep('segment.after-rename'),
      (next) => disk.syncDirectory(next),
      failStep('segment.after-directory-sync'),
    );
    runSteps(steps, (error) => {
      const finish = (): void => {
        this.#busy = false;
        if (!this.#stopped) done(error);
      };
      // A broken disk is told of at once: nothing may leave while a file is tidied away on it.
      const tidies = error !== undefined && isDiskFull(error) && !this.#stopped;
      if (tidies && disk.size(UNFINISHED_NAME) !== undefined) disk.remove(UNFINISHED_NAME, finish);
      else finish();
    });
  }

  /** Nothing more is written or called back; what is unfinished is removed at the next start. */
  stop(): void {
    this.#stopped = true;
  }

  #unlessStopped(next: Done, act: () => void): void {
    if (this.#stopped) next(new Error('stopped'));
    else act();
  }
}
