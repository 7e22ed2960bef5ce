/** A fake clock whose timers may fire a little before their time, as Node's do on fractional delays. */
import type { Timer } from '../../../src/base/index.js';
import { FakeClock } from '../../support/fake-clock.js';

export class EarlyClock extends FakeClock {
  /** How many timers were set. */
  set = 0;
  readonly #earlyMs: () => number;

  /** `earlyMs` says for each timer how much too early it fires. */
  constructor(earlyMs: () => number) {
    super();
    this.#earlyMs = earlyMs;
  }

  override setTimeout(callback: () => void, delayMs: number): Timer {
    this.set++;
    return super.setTimeout(callback, Math.max(0, Math.ceil(delayMs) - this.#earlyMs()));
  }
}
