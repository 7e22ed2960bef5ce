/** One timer for all connections: every quarter second it lets each one count its deadlines, some at a time. */
import type { Clock, Timer } from '../base/index.js';

/** Deadlines are kept to this precision; a timer per connection would cost 10,000 timers on a full server. */
export const SWEEP_MS = 250;

/** Ending a connection costs some 50 µs: thousands that are due together must not hold up those who talk. */
const AT_ONCE = 64;

export interface Swept {
  /** `elapsedMs` have passed since the last sweep, counted as at most two sweeps when this process stalled. */
  onSweep(elapsedMs: number): void;
}

export class Sweeper {
  readonly #clock: Clock;
  readonly #members = new Set<Swept>();
  #timer: Timer | undefined;
  #lastMs = 0;
  /** Some are being swept just now: whoever is added meanwhile is swept next time. */
  #sweeping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(member: Swept): void {
    this.#members.add(member);
    if (this.#timer !== undefined || this.#sweeping) return;
    this.#lastMs = this.#clock.monotonicMs();
    this.#arm(SWEEP_MS, () => this.#sweep());
  }

  remove(member: Swept): void {
    this.#members.delete(member);
    if (this.#members.size > 0 || this.#timer === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(delayMs: number, then: () => void): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      then();
    }, delayMs);
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = Math.min(nowMs - this.#lastMs, 2 * SWEEP_MS);
    this.#lastMs = nowMs;
    this.#sweepFrom(0, [...this.#members], elapsedMs);
  }

  /** The rest of `members` follows after whatever waits for this process. */
  #sweepFrom(from: number, members: readonly Swept[], elapsedMs: number): void {
    this.#sweeping = true;
    const upto = from + AT_ONCE;
    for (const member of members.slice(from, upto)) if (this.#members.has(member)) member.onSweep(elapsedMs);
    this.#sweeping = false;
    if (this.#members.size === 0) return;
    if (upto < members.length) this.#arm(1, () => this.#sweepFrom(upto, members, elapsedMs));
    else this.#arm(Math.max(1, this.#lastMs + SWEEP_MS - this.#clock.monotonicMs()), () => this.#sweep());
  }
}
