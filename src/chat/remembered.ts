/** The answers of one session that its client may still ask for again (PAXOS.md, Sessions). */
import type { Outcome, Slot } from '../wire/index.js';
import { outcomeCount, sliceOutcomes } from './outcomes.js';

/** What became of consecutive messages in one slot. */
export interface RememberedAnswer {
  readonly firstSeq: number;
  readonly slot: Slot;
  readonly outcomes: readonly Outcome[];
}

/**
 * Answers in seq order, as ranges. Whole answers leave from the front once the client has them all, so nothing is
 * copied on the way; what lies below {@link below} inside the first one counts as forgotten.
 */
export class Remembered {
  #answers: RememberedAnswer[] = [];
  #head = 0;
  #below = 1;

  /** The lowest seq whose answer is remembered, if it was applied at all. */
  get below(): number {
    return this.#below;
  }

  /** The answers held, oldest first, including one that may reach below {@link below}. */
  *[Symbol.iterator](): Generator<RememberedAnswer> {
    for (let i = this.#head; i < this.#answers.length; i++) yield this.#answers[i] as RememberedAnswer;
  }

  /** Adds the newest answer; its firstSeq must follow the last seq remembered. */
  push(answer: RememberedAnswer): void {
    // An empty array that is pushed to takes room for 17: most sessions remember one answer for hours.
    if (this.#answers.length === 0) this.#answers = [answer];
    else this.#answers.push(answer);
  }

  /** Forgets every answer with a seq less than `below`. */
  forget(below: number): void {
    if (below <= this.#below) return;
    this.#below = below;
    while (this.#head < this.#answers.length) {
      const first = this.#answers[this.#head] as RememberedAnswer;
      if (first.firstSeq + outcomeCount(first.outcomes) > below) break;
      this.#head += 1;
    }
    if (this.#head > 64 || this.#head === this.#answers.length) {
      this.#answers = this.#answers.slice(this.#head);
      this.#head = 0;
    }
  }

  /** The remembered answers for the seqs in [from, to). */
  find(from: number, to: number): RememberedAnswer[] {
    const found: RememberedAnswer[] = [];
    const low = Math.max(from, this.#below);
    for (let i = this.#head; i < this.#answers.length; i++) {
      const answer = this.#answers[i] as RememberedAnswer;
      if (answer.firstSeq >= to) break;
      const outcomes = sliceOutcomes(answer.outcomes, answer.firstSeq, low, to);
      if (outcomes.length > 0) found.push({ firstSeq: Math.max(low, answer.firstSeq), slot: answer.slot, outcomes });
    }
    return found;
  }
}
