/**
 * A clock that tests own: timers fire in order of their time, ends of turns run between them, nothing is ever slept.
 */
import type { Clock, Timer } from '../../src/base/index.js';
import { Turn } from '../../src/net/index.js';

interface FakeTimer extends Timer {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Turns in a row without time passing; more means that two parts keep each other busy for ever. */
const TURNS_MAX = 100_000;

export class FakeClock implements Clock {
  /** Ends of turns happen when this clock says so. */
  readonly turn = new Turn((run) => this.immediate(run));
  #nowMs = 1_000;
  #order = 0;
  readonly #timers = new Set<FakeTimer>();
  #immediates: (() => void)[] = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_767_225_600_000 + this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    const timer: FakeTimer = { dueMs: this.#nowMs + delayMs, order: ++this.#order, callback, unref: () => timer };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    this.#timers.delete(timer as FakeTimer);
  }

  /** As setImmediate: after what runs now, before any time passes. */
  immediate(callback: () => void): void {
    this.#immediates.push(callback);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Runs what happens without time passing. */
  settle(): void {
    for (let turns = 0; this.#immediates.length > 0; turns++) {
      if (turns > TURNS_MAX) throw new Error('the turns never end');
      const batch = this.#immediates;
      this.#immediates = [];
      for (const callback of batch) callback();
    }
  }

  /** Lets `ms` pass: every timer due fires at its own time, with all that follows from it. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    this.settle();
    for (;;) {
      let next: FakeTimer | undefined;
      for (const timer of this.#timers) {
        if (timer.dueMs > untilMs) continue;
        if (next === undefined || timer.dueMs < next.dueMs || (timer.dueMs === next.dueMs && timer.order < next.order))
          next = timer;
      }
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.callback();
      this.settle();
    }
    this.#nowMs = untilMs;
  }

  /** Passes time in small steps until the condition holds; throws after `limitMs`. */
  advanceUntil(condition: () => boolean, limitMs: number, what: string): number {
    const startMs = this.#nowMs;
    this.settle();
    while (!condition()) {
      if (this.#nowMs - startMs >= limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
      this.advance(1);
    }
    return this.#nowMs - startMs;
  }
}
