/**
 * A clock whose timers are late by some hundredths of a millisecond. Node's count whole milliseconds of the loop's own
 * time, which makes each up to 1.2 ms late (bench/README.md); the last stretch of a timer is slept by a thread instead.
 */
import type { Clock, Logger, Timer } from '../../base/index.js';
import { Alarm } from './alarm.js';

/** What is left to a timer when the thread takes over: more than any timer of Node's is late. */
const stretchMs = 2;
/** Between two rings: thousands of delays may end in one millisecond, and each ring costs a turn of the loop. */
const gapMs = 0.5;

class FineTimer implements Timer {
  readonly callback: () => void;
  readonly dueMs: number;
  /** Until its last stretch. */
  coarse: Timer | undefined;

  constructor(callback: () => void, dueMs: number) {
    this.callback = callback;
    this.dueMs = dueMs;
  }

  unref(): this {
    this.coarse?.unref();
    return this;
  }
}

/** Its timers do not keep the process alive in their last stretch. The thread starts with the first timer. */
export class FineClock implements Clock {
  readonly #base: Clock;
  readonly #logger: Logger;
  #alarm: Alarm | undefined;
  #isOff = false;
  /** Timers in their last stretch: of the few that run at once, these are fewer. */
  readonly #last = new Set<FineTimer>();
  /** When the alarm rings, or rang last. */
  #ringsMs = Number.NEGATIVE_INFINITY;
  #isSet = false;

  constructor(base: Clock, logger: Logger) {
    this.#base = base;
    this.#logger = logger;
  }

  monotonicMs(): number {
    return this.#base.monotonicMs();
  }

  wallMs(): number {
    return this.#base.wallMs();
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    this.#alarm ??= this.#newAlarm();
    const timer = new FineTimer(callback, this.monotonicMs() + delayMs);
    this.#approach(timer);
    return timer;
  }

  clearTimeout(timer: Timer): void {
    const { coarse } = timer as FineTimer;
    if (coarse !== undefined) this.#base.clearTimeout(coarse);
    this.#last.delete(timer as FineTimer);
  }

  /** Ends the thread; timers are as good as the base's from now on. */
  async stop(): Promise<void> {
    this.#isOff = true;
    await this.#alarm?.stop();
    this.#fallBack();
  }

  #newAlarm(): Alarm {
    return new Alarm({
      onRing: () => this.#onRing(),
      onBroken: (error) => {
        this.#logger.error('fine-timers-ended', {
          text: 'the thread for fine timers has ended: delays are up to 2 ms late from now on',
          error: String(error),
        });
        this.#isOff = true;
        this.#fallBack();
      },
    });
  }

  #approach(timer: FineTimer): void {
    const leftMs = timer.dueMs - this.monotonicMs();
    const isFine = !this.#isOff && this.#alarm?.isReady === true;
    if (isFine && leftMs <= stretchMs) {
      timer.coarse = undefined;
      this.#last.add(timer);
      this.#setAlarm(timer.dueMs);
    } else if (isFine) timer.coarse = this.#base.setTimeout(() => this.#approach(timer), leftMs - stretchMs);
    else timer.coarse = this.#base.setTimeout(timer.callback, leftMs);
  }

  #setAlarm(dueMs: number): void {
    const lastMs = this.#ringsMs;
    if (this.#isSet && lastMs <= dueMs) return;
    const nowMs = this.monotonicMs();
    // One that is set is replaced by an earlier one, which need not wait for it.
    const atMs = this.#isSet ? Math.max(dueMs, nowMs) : Math.max(dueMs, lastMs + gapMs);
    this.#isSet = true;
    this.#ringsMs = atMs;
    this.#alarm?.set(Math.max(0, atMs - nowMs));
  }

  #onRing(): void {
    this.#isSet = false;
    const nowMs = this.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    const due: FineTimer[] = [];
    for (const timer of this.#last) {
      if (timer.dueMs <= nowMs) due.push(timer);
      else nextMs = Math.min(nextMs, timer.dueMs);
    }
    due.sort((a, b) => a.dueMs - b.dueMs);
    for (const timer of due) {
      // One that ran may have cleared another.
      if (this.#last.delete(timer)) timer.callback();
    }
    if (nextMs < Number.POSITIVE_INFINITY) this.#setAlarm(nextMs);
  }

  #fallBack(): void {
    const timers = [...this.#last];
    this.#last.clear();
    for (const timer of timers) this.#approach(timer);
  }
}
