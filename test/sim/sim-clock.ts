/** A server's clocks in simulated time: they run fast or slow, and stop for nobody. */
import type { Clock, Timer } from '../../src/base/index.js';
import { type EventHandle, type Kernel, tags } from './kernel.js';

interface SimTimer extends Timer {
  readonly event: EventHandle;
}

/** `rate` is the clock's speed in per mille of true time; `run` gets every timer's callback, to drop or delay it. */
export class SimClock implements Clock {
  readonly #kernel: Kernel;
  readonly #ownRate: number;
  readonly #run: (act: () => void) => void;
  /** The clock showed `#ms` at true time `#sinceUs` and has run at `#rate` from then on. */
  #sinceUs: number;
  #ms = 0;
  #rate: number;
  /** What the wall clock is ahead of the monotonic one. */
  #wallAheadMs: number;
  #frozenWallMs: number | undefined;

  constructor(kernel: Kernel, options: { rate: number; wallMs: number; run: (act: () => void) => void }) {
    this.#kernel = kernel;
    this.#sinceUs = kernel.nowUs;
    this.#ownRate = options.rate;
    this.#rate = options.rate;
    this.#wallAheadMs = options.wallMs;
    this.#run = options.run;
  }

  monotonicMs(): number {
    return this.#ms + ((this.#kernel.nowUs - this.#sinceUs) * this.#rate) / 1_000_000;
  }

  wallMs(): number {
    return this.#frozenWallMs ?? this.#wallAheadMs + Math.floor(this.monotonicMs());
  }

  /** Runs at this speed from now on; undefined: at its own. Timers that run keep their time. */
  setRate(rate: number | undefined): void {
    this.#ms = this.monotonicMs();
    this.#sinceUs = this.#kernel.nowUs;
    this.#rate = rate ?? this.#ownRate;
  }

  jumpWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  freezeWall(frozen: boolean): void {
    this.#frozenWallMs = frozen ? this.wallMs() : undefined;
  }

  /** True microseconds that this clock takes for `ms`. */
  trueUs(ms: number): number {
    return Math.round((ms * 1_000_000) / this.#rate);
  }

  setTimeout(callback: () => void, delayMs: number): SimTimer {
    const event = this.#kernel.after(this.trueUs(delayMs), tags.tick, () => this.#run(callback));
    return { event, unref: () => undefined };
  }

  clearTimeout(timer: Timer): void {
    this.#kernel.cancel((timer as SimTimer).event);
  }
}
