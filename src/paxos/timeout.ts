/** A repeating alarm counted in ticks, with optional doubling. It fires at most once per look. */
import { assert } from '../base/index.js';

export class Alarm {
  readonly #everyTicks: number;
  #dueTick: number;

  /** Due for the first time `everyTicks` after `startTick`. */
  constructor(everyTicks: number, startTick: number) {
    assert(everyTicks > 0, 'an alarm needs a period');
    this.#everyTicks = everyTicks;
    this.#dueTick = startTick + everyTicks;
  }

  /** True when due; it is then set again, counted from now. */
  due(tick: number): boolean {
    if (tick < this.#dueTick) return false;
    this.#dueTick = tick + this.#everyTicks;
    return true;
  }

  /** Counts a full period from now. */
  restart(tick: number): void {
    this.#dueTick = tick + this.#everyTicks;
  }
}
