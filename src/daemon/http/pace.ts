/** How many requests are answered: so many in each second, and none of a flood. */
import type { Clock } from '../../base/index.js';

/** A second with so many times its share is a flood. */
const floodFactor = 2;
const secondMs = 1_000;

export class Pace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #taken = 0;
  /** Called once in a second that is a flood. */
  onFlood: () => void = () => undefined;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Counts one request; false when this second has had its share. */
  take(): boolean {
    this.#turn();
    this.#taken++;
    if (this.#taken === floodFactor * this.#perSecond) this.onFlood();
    return this.#taken <= this.#perSecond;
  }

  /** This second is a flood: nobody is let in before it is over. */
  get floods(): boolean {
    this.#turn();
    return this.#taken >= floodFactor * this.#perSecond;
  }

  /** A second begins with the first request after the one before. */
  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs < secondMs) return;
    this.#sinceMs = nowMs;
    this.#taken = 0;
  }
}
