/**
 * Pauses between attempts: doubling from a first step to a maximum, jittered so that many clients do not come at once.
 */
import type { Prng } from '../base/index.js';

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #random: Prng;
  #stepMs: number;

  constructor(firstMs: number, maxMs: number, random: Prng) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#random = random;
    this.#stepMs = firstMs;
  }

  /** The next pause in whole ms: uniform in the upper half of the step, so that it never collapses to nothing. */
  next(): number {
    const pauseMs = this.#random.between(Math.ceil(this.#stepMs / 2), this.#stepMs);
    this.#stepMs = Math.min(this.#stepMs * 2, this.#maxMs);
    return pauseMs;
  }

  reset(): void {
    this.#stepMs = this.#firstMs;
  }
}
