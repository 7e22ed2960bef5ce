/**
 * Gray failure: how long a server waits for its own leadership or campaign to work before it gives way (PAXOS.md,
 * Election).
 */
import { limits } from '../base/index.js';
import { type Context, ticks } from './context.js';

export class Patience {
  readonly #context: Context;
  #patienceTicks = ticks(limits.patienceMs);
  #cooldownUntil = 0;
  #cooldownStart = 0;
  #lastHappyTick = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  /** 1 s at first, doubling up to 60 s. */
  get currentTicks(): number {
    return this.#patienceTicks;
  }

  /** Something under watch since `sinceTick` has taken longer than we are willing to wait. */
  exceededSince(sinceTick: number): boolean {
    return this.#context.tick - sinceTick > this.#patienceTicks;
  }

  /** A leadership or campaign ran out: the next one may take twice as long, and others get their turn first. */
  ranOut(): void {
    this.#cooldownStart = this.#context.tick;
    this.#cooldownUntil = this.#context.tick + Math.max(ticks(limits.cooldownMs), this.#patienceTicks);
    this.#patienceTicks = Math.min(this.#patienceTicks * 2, ticks(limits.patienceMaxMs));
  }

  /** One of our own slots was chosen and reached by a majority in good time. */
  proven(): void {
    this.#patienceTicks = ticks(limits.patienceMs);
  }

  sawHappy(): void {
    this.#lastHappyTick = this.#context.tick;
  }

  /** While cooling down we do not campaign; it ends early after 2 s without anybody to be happy with. */
  get coolingDown(): boolean {
    const { tick } = this.#context;
    if (tick >= this.#cooldownUntil) return false;
    const alone = tick - Math.max(this.#cooldownStart, this.#lastHappyTick);
    return alone < ticks(limits.cooldownMs);
  }
}
