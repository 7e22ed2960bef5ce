/**
 * Keeps one segment ready behind the one that is being written, so that no batch waits while a file is filled with
 * zeros. Where the disk is too full for it, it is tried again until there is space.
 */
import type { Timer } from '../base/index.js';
import { type Disk, isDiskFull } from './disk.js';
import { SegmentMaker } from './segment-maker.js';
import type { CompleteOptions } from './wal-options.js';

/**
 * `segment` is ready, or why not: a full disk is waited out by {@link NextSegment}, any other error is the log's end.
 */
export type Prepared = (segment: number, error: Error | undefined) => void;

export class NextSegment {
  readonly #maker: SegmentMaker;
  readonly #options: CompleteOptions;
  readonly #prepared: Prepared;
  /** The newest segment whose file is there at its full length. */
  #ready: number;
  #retry: Timer | undefined;

  /** `ready` is the segment that is being written. `prepared` is called after each try, not after {@link stop}. */
  constructor(disk: Disk, options: CompleteOptions, ready: number, prepared: Prepared) {
    this.#maker = new SegmentMaker(disk);
    this.#options = options;
    this.#ready = ready;
    this.#prepared = prepared;
  }

  isReady(segment: number): boolean {
    return this.#ready === segment;
  }

  /** The disk was too full for the segment; the next try is due. */
  get waitsForSpace(): boolean {
    return this.#retry !== undefined;
  }

  /** Makes the file of `segment`, the one behind what is being written, unless it is ready or under way. */
  prepare(segment: number): void {
    if (this.#maker.busy || this.#maker.stopped || this.#ready >= segment || this.waitsForSpace) return;
    this.#maker.make(segment, this.#options.segmentBytes, (error) => {
      if (error === undefined) this.#ready = segment;
      else if (isDiskFull(error)) this.#waitForSpace(segment);
      this.#prepared(segment, error);
    });
  }

  #waitForSpace(segment: number): void {
    const { clock, logger, fullRetryMs } = this.#options;
    logger.warn('segment-no-space', {
      segment,
      text: 'free some space on the disk: this server stops taking messages when the current segment is full',
    });
    this.#retry = clock.setTimeout(() => {
      this.#retry = undefined;
      this.prepare(segment);
    }, fullRetryMs);
  }

  /** Nothing more is prepared or called back. */
  stop(): void {
    this.#maker.stop();
    if (this.#retry !== undefined) this.#options.clock.clearTimeout(this.#retry);
  }
}
