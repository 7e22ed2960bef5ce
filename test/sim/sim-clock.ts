/** A server's clocks in simulated time: they run fast or slow, and stop for nobody. */
import type { Clock, Timer } from '../../src/base/index.js';
import { type EventHandle, type Kernel, tags } from './kernel.js';

interface SimTimer extends Timer {
  readonly event: EventHandle;
}

/** `rate` is the clock's speed in per mille of true time; `run` gets every timer's callback, to drop or delay it. */
export class SimClock implements Clock {
  readonly #kernel: Kernel;
  readonly #startUs: number;
  readonly #rate: number;
  readonly #wallMs: number;
  readonly #run: (act: () => void) => void;

  constructor(kernel: Kernel, options: { rate: number; wallMs: number; run: (act: () => void) => void }) {
    this.#kernel = kernel;
    this.#startUs = kernel.nowUs;
    this.#rate = options.rate;
    this.#wallMs = options.wallMs;
    this.#run = options.run;
  }

  monotonicMs(): number {
    return ((this.#kernel.nowUs - this.#startUs) * this.#rate) / 1_000_000;
  }

  wallMs(): number {
    return this.#wallMs + Math.floor(this.monotonicMs());
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
