/** One timer for all connections: every quarter second it lets each one count its deadlines. */
import type { Clock, Timer } from '../base/index.js';

/** Deadlines are kept to this precision; a timer per connection would cost 10,000 timers on a full server. */
export const SWEEP_MS = 250;

export interface Swept {
  /** `elapsedMs` have passed since the last sweep, counted as at most two sweeps when this process stalled. */
  onSweep(elapsedMs: number): void;
}

export class Sweeper {
  readonly #clock: Clock;
  readonly #members = new Set<Swept>();
  #timer: Timer | undefined;
  #lastMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(member: Swept): void {
    this.#members.add(member);
    if (this.#timer === undefined) this.#arm();
  }

  remove(member: Swept): void {
    this.#members.delete(member);
    if (this.#members.size > 0 || this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#timer = this.#clock.setTimeout(() => {
      const elapsedMs = Math.min(this.#clock.monotonicMs() - this.#lastMs, 2 * SWEEP_MS);
      this.#timer = undefined;
      for (const member of this.#members) member.onSweep(elapsedMs);
      if (this.#members.size > 0 && this.#timer === undefined) this.#arm();
    }, SWEEP_MS);
  }
}
