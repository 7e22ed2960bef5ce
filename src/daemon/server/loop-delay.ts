/** How late the event loop comes to a timer: from one firing to the next, beyond the interval. */
import type { BucketHistogram } from '../../base/index.js';

export class LoopDelay {
  readonly #intervalMs: number;
  /** One value a firing, from the second on. */
  readonly seconds: BucketHistogram;
  #firedMs: number | undefined;

  constructor(intervalMs: number, seconds: BucketHistogram) {
    this.#intervalMs = intervalMs;
    this.seconds = seconds;
  }

  fired(nowMs: number): void {
    // The firing after a late one may come early, which is no delay.
    if (this.#firedMs !== undefined) this.seconds.observe(Math.max(0, nowMs - this.#firedMs - this.#intervalMs) / 1000);
    this.#firedMs = nowMs;
  }
}
