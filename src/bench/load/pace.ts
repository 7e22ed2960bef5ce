/** When a client may send: a closed loop at once, an open loop by its schedule. The two are never mixed in one load. */
import type { Clock, Timer } from '../../base/index.js';
import type { Histogram } from '../plan/histogram.js';
import { countBefore, type Schedule } from '../plan/schedule.js';

/** One client's. */
export interface Pace {
  /** From when the latency of a message counts that is sent now, by the load's clock; negative: none may be sent. */
  take(nowMs: number): number;
  /** Nothing is due. */
  isIdle(nowMs: number): boolean;
  /** Something is due, and the client's window is full. */
  blocked(): void;
}

/** The next message leaves when one comes home: it counts from now. */
export const closedPace: Pace = {
  take: (nowMs) => nowMs,
  isIdle: () => true,
  blocked: () => undefined,
};

/** How well an open loop kept its schedule, all of it by its own fault or by the window of its clients. */
export interface Punctuality {
  /** Messages that could not be sent when they were due because their client's window was full. */
  late: number;
  /** How long after its time each of the others was sent. */
  readonly lag: Histogram;
}

/** Only what is meant within [start, end) is judged. */
export interface Judged {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * One client's part of the schedule. What is due and has no room stays due: it is counted from its time all the same.
 */
export class OpenPace implements Pace {
  readonly #schedule: Schedule;
  readonly #punctuality: Punctuality;
  readonly #judge: () => Judged;
  #originMs = Number.POSITIVE_INFINITY;
  #wasBlocked = false;

  constructor(schedule: Schedule, punctuality: Punctuality, judge: () => Judged) {
    this.#schedule = schedule;
    this.#punctuality = punctuality;
    this.#judge = judge;
  }

  /** The schedule's time 0. */
  begin(originMs: number): void {
    this.#originMs = originMs;
  }

  get dueMs(): number {
    return this.#originMs + this.#schedule.dueMs;
  }

  take(nowMs: number): number {
    const dueMs = this.dueMs;
    if (dueMs > nowMs) {
      this.#wasBlocked = false;
      return -1;
    }
    this.#schedule.advance();
    const { startMs, endMs } = this.#judge();
    if (dueMs >= startMs && dueMs < endMs) {
      if (this.#wasBlocked) this.#punctuality.late += 1;
      else this.#punctuality.lag.recordMs(nowMs - dueMs);
    }
    return dueMs;
  }

  isIdle(nowMs: number): boolean {
    return this.dueMs > nowMs;
  }

  blocked(): void {
    this.#wasBlocked = true;
  }

  /** How many were meant within the window and not sent; to be asked once, at the end. */
  unsent(): number {
    const { startMs, endMs } = this.#judge();
    if (!(this.#originMs < Number.POSITIVE_INFINITY && endMs > startMs)) return 0;
    countBefore(this.#schedule, startMs - this.#originMs);
    return countBefore(this.#schedule, endMs - this.#originMs);
  }
}

/** As much of a client as the pacer wakes. */
interface Paced {
  pump(nowMs: number): void;
}

/**
 * Wakes whoever has something due. With several clients it looks at all of them, which is cheaper than to sort them.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #clients: readonly { readonly pace: OpenPace; readonly sender: Paced }[];
  #timer: Timer | undefined;
  #stopped = false;

  constructor(clock: Clock, clients: readonly { readonly pace: OpenPace; readonly sender: Paced }[]) {
    this.#clock = clock;
    this.#clients = clients;
  }

  start(originMs: number): void {
    for (const { pace } of this.#clients) pace.begin(originMs);
    this.#wake();
  }

  /** What came due since the last look and before `endMs` is sent if there is room. */
  stop(endMs: number): void {
    if (this.#stopped) return;
    this.#stopped = true;
    const lastMs = Math.min(endMs, this.#clock.monotonicMs());
    for (const { sender } of this.#clients) sender.pump(lastMs);
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
  }

  readonly #wake = (): void => {
    if (this.#stopped) return;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = nowMs + idleMs;
    for (const { pace, sender } of this.#clients) {
      if (pace.dueMs <= nowMs) sender.pump(nowMs);
      // Who is behind goes on by itself when an answer comes, and may have caught up a moment later.
      nextMs = Math.min(nextMs, pace.dueMs <= nowMs ? nowMs + behindMs : pace.dueMs);
    }
    this.#timer = this.#clock.setTimeout(this.#wake, Math.max(0, nextMs - this.#clock.monotonicMs()));
  };
}

/** So often it looks at clients that are behind their schedule. */
const behindMs = 1;
/** … and at all when nobody has anything due for long. */
const idleMs = 1_000;
