/**
 * How much of the log is kept: its oldest segments are given up as a whole when the others hold enough. A segment goes
 * only when a checkpoint that is on disk neither needs it for a replay (PAXOS.md, What must be on disk) nor leads
 * readers to it, and never while a transfer of state has it pinned.
 */
import { type Logger, silentLogger } from '../base/index.js';
import type { CheckpointMeta } from './checkpoint.js';
import type { SlotIndex } from './slot-index.js';
import type { Wal } from './wal.js';

export interface RetentionParts {
  readonly wal: Pick<Wal, 'segments' | 'removeBelow'>;
  readonly index: Pick<SlotIndex, 'trim'>;
  /** Bytes of log kept at least; undefined: all of it. */
  readonly retainBytes: number | undefined;
  readonly logger?: Logger;
}

/** Given up with one checkpoint: a full one of small values takes 2,600 rows of the slot index with it. */
const SEGMENTS_AT_ONCE = 8;

/** Segments from this one on stay until it is released. */
export interface Pin {
  release(): void;
}

export class Retention {
  readonly #parts: RetentionParts;
  readonly #pins = new Set<{ readonly segment: number }>();
  /** The first segment that is not given up. */
  #keepFrom = 1;
  #removing = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /** Everything that the index leads to now stays, until the pin is released. */
  pin(): Pin {
    const pin = { segment: this.#keepFrom };
    this.#pins.add(pin);
    return { release: () => void this.#pins.delete(pin) };
  }

  /**
   * Gives up the oldest segments, if the log is longer than it need be, and returns the first one that is kept.
   * `replayFrom` is that of the checkpoint on disk. It goes with the next checkpoint, of which the rows about the slots
   * that are lost are a part: not too many at once.
   */
  trim(replayFrom: number): number {
    const { wal, index, retainBytes } = this.#parts;
    if (retainBytes === undefined) return this.#keepFrom;
    let limit = replayFrom;
    for (const { segment } of this.#pins) limit = Math.min(limit, segment);
    const kept = wal.segments.filter(({ segment }) => segment >= this.#keepFrom);
    let bytes = kept.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
    let keepFrom = this.#keepFrom;
    for (const [at, { usedBytes }] of kept.slice(0, SEGMENTS_AT_ONCE).entries()) {
      const next = kept[at + 1]?.segment;
      bytes -= usedBytes;
      if (next === undefined || next > limit || bytes < retainBytes) break;
      keepFrom = next;
    }
    if (keepFrom > this.#keepFrom) index.trim(keepFrom);
    this.#keepFrom = keepFrom;
    return keepFrom;
  }

  /** A checkpoint is on disk (also: was found there): the segments that it gives up are deleted. */
  checkpointed({ keepFrom }: Pick<CheckpointMeta, 'keepFrom'>): void {
    const { wal, logger = silentLogger } = this.#parts;
    if (keepFrom > this.#keepFrom) this.#keepFrom = keepFrom;
    const oldest = wal.segments[0]?.segment ?? keepFrom;
    if (this.#removing || oldest >= keepFrom) return;
    this.#removing = true;
    wal.removeBelow(keepFrom, (error) => {
      this.#removing = false;
      if (error !== undefined) {
        logger.warn('segments-not-deleted', {
          below: keepFrom,
          error: error.message,
          text: 'they are not needed any more and are tried again at the next start',
        });
      }
    });
  }
}
