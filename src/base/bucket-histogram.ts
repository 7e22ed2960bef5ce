/**
 * A histogram of a few fixed buckets, for metrics: counting one value is a short search in an array that is there
 * already. The bench's own (bench/plan/histogram.ts) is a thousand times finer and as much larger.
 */
import { assert } from './assert.js';

/** Upper bounds for times in seconds: a third apart where commits and syncs lie, wider beyond. */
export const secondsBounds: readonly number[] = Object.freeze([
  0.0001, 0.00015, 0.0002, 0.0003, 0.0004, 0.0006, 0.0008, 0.0012, 0.0016, 0.0025, 0.004, 0.006, 0.01, 0.016, 0.025,
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]);

/** Upper bounds for sizes in bytes, four times apart: from one short record to the largest batch. */
export const bytesBounds: readonly number[] = Object.freeze([
  64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304,
]);

/** Upper bounds for small numbers of things, each twice the one before. */
export const countBounds: readonly number[] = Object.freeze([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]);

export class BucketHistogram {
  /** Rising; a value falls into the first bucket whose bound it does not exceed. */
  readonly bounds: readonly number[];
  readonly #bounds: Float64Array;
  readonly #counts: Float64Array;
  #count = 0;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    assert(bounds.length > 0 && bounds.every((bound, at) => at === 0 || bound > (bounds[at - 1] as number)), 'rising');
    this.bounds = bounds;
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Values per bucket, each counted once; the last bucket is for those above all bounds. A copy. */
  get counts(): number[] {
    return Array.from(this.#counts);
  }

  /** Counts `value`, as if seen so many times. */
  observe(value: number, times = 1): void {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#counts[low] = (this.#counts[low] as number) + times;
    this.#count += times;
    this.#sum += value * times;
  }
}

/**
 * The value that `share` (0 to 1) of all values do not exceed, between the bounds of its bucket as Prometheus does it;
 * the highest bound for what lies above all, NaN when nothing was counted. `counts` as {@link BucketHistogram.counts}.
 */
export function quantileOf(bounds: readonly number[], counts: readonly number[], share: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  const wanted = share * total;
  let below = 0;
  for (const [at, count] of counts.entries()) {
    const upper = bounds[at];
    if (upper === undefined) break;
    if (count > 0 && below + count >= wanted) {
      const lower = at === 0 ? 0 : (bounds[at - 1] as number);
      return lower + (upper - lower) * ((wanted - below) / count);
    }
    below += count;
  }
  return bounds.at(-1) as number;
}
