/** Gathering the outcomes of consecutive messages into ranges, and taking ranges apart. */
import type { Outcome, OutcomeCode } from '../wire/index.js';

/**
 * Collects the outcomes of consecutive messages as ranges: one object for a whole run of ok posts, not one a message.
 */
export class OutcomeRanges {
  /** Begun with its first element: pushed to, an empty array takes room for 17, and it is kept for a session's life. */
  #ranges: Outcome[] | undefined;
  #code: OutcomeCode = 'ok';
  #count = 0;
  #n = 0;

  /** The next message was refused, or did something that has no number. */
  add(code: OutcomeCode): void {
    if (this.#count > 0 && this.#code === code && this.#n === 0) {
      this.#count += 1;
      return;
    }
    this.#begin(code, 1, 0);
  }

  /** The next `count` messages are posts that got the numbers n, n + 1 …. */
  addPosts(count: number, n: number): void {
    if (this.#count > 0 && this.#n > 0 && this.#n + this.#count === n) {
      this.#count += count;
      return;
    }
    this.#begin('ok', count, n);
  }

  finish(): readonly Outcome[] {
    this.#flush();
    return this.#ranges ?? [];
  }

  #begin(code: OutcomeCode, count: number, n: number): void {
    this.#flush();
    this.#code = code;
    this.#count = count;
    this.#n = n;
  }

  #flush(): void {
    if (this.#count === 0) return;
    const range = { code: this.#code, count: this.#count, n: this.#n };
    if (this.#ranges === undefined) this.#ranges = [range];
    else this.#ranges.push(range);
    this.#count = 0;
  }
}

/** The part of `outcomes` (which begins at seq `firstSeq`) that lies in [from, to), as ranges of their own. */
export function sliceOutcomes(outcomes: readonly Outcome[], firstSeq: number, from: number, to: number): Outcome[] {
  const slice: Outcome[] = [];
  let seq = firstSeq;
  for (const range of outcomes) {
    const begin = Math.max(seq, from);
    const end = Math.min(seq + range.count, to);
    if (begin < end) {
      const n = range.n === 0 ? 0 : range.n + (begin - seq);
      slice.push({ code: range.code, count: end - begin, n });
    }
    seq += range.count;
  }
  return slice;
}

/** Messages covered by `outcomes`. */
export function outcomeCount(outcomes: readonly Outcome[]): number {
  let count = 0;
  for (const range of outcomes) count += range.count;
  return count;
}
