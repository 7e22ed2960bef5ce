/**
 * What is posted: texts of one size or of sizes drawn from the seed, made beforehand so that sending allocates nothing.
 */
import type { Prng } from '../../base/index.js';

/** Sizes in bytes; equal for one size. */
export interface SizeRange {
  readonly min: number;
  readonly max: number;
}

/** A power of two, so that going round is cheap; enough for every size of a range to turn up. */
const differentMax = 1_024;
const words = 'the quick brown fox jumps over the lazy dog and ';

/** The texts, to be sent in turn; a power of two of them. */
export function payloads({ min, max }: SizeRange, random: Prng): readonly Uint8Array[] {
  const longest = Buffer.alloc(max, words);
  if (min === max) return [longest];
  return Array.from({ length: differentMax }, () => longest.subarray(0, random.between(min, max)));
}

/** What a text of the range has on average, rounded. */
export function meanBytes({ min, max }: SizeRange): number {
  return Math.round((min + max) / 2);
}
