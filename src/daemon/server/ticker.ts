/** Ticks of the replica, by the clock however late the event loop comes to them. */
import { BucketHistogram, type Clock, limits, secondsBounds } from '../../base/index.js';
import { Stage, type Turn } from '../../net/index.js';
import { LoopDelay } from './loop-delay.js';

/** `ticks` of `limits.tickMs` are due. */
export type OnTicks = (ticks: number, nowMs: number) => void;

export class Ticker {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #turn: Turn;
  readonly #onTicks: OnTicks;
  readonly #loopDelay = new LoopDelay(limits.tickMs, new BucketHistogram(secondsBounds));
  #interval: NodeJS.Timeout | undefined;
  #tickedMs = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, turn: Turn, onTicks: OnTicks) {
    this.#clock = clock;
    this.#turn = turn;
    this.#onTicks = onTicks;
  }

  /** How late the event loop comes to what is due every `limits.tickMs`, in seconds. */
  get loopDelay(): BucketHistogram {
    return this.#loopDelay.seconds;
  }

  start(): void {
    this.#tickedMs = this.#clock.monotonicMs();
    this.#interval = setInterval(() => this.#onInterval(), limits.tickMs);
  }

  /** Ticks that are due in this turn still come. */
  stop(): void {
    if (this.#interval !== undefined) clearInterval(this.#interval);
  }

  /**
   * After a stall the replica gets a few ticks, never the backlog, and only after the frames that arrived meanwhile: it
   * must not take its own stall for the silence of others (RELIABILITY.md 37).
   */
  #onInterval(): void {
    const nowMs = this.#clock.monotonicMs();
    const due = Math.floor((nowMs - this.#tickedMs) / limits.tickMs);
    this.#loopDelay.fired(nowMs);
    if (due === 0) return;
    const ticks = Math.min(due, limits.ticksPerFiring);
    this.#tickedMs = ticks < due ? nowMs : this.#tickedMs + due * limits.tickMs;
    this.#turn.defer(() => this.#onTicks(ticks, nowMs), Stage.closed);
  }
}
