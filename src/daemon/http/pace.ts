/** How many requests are answered: so many of each address in each second, and none of a flood. */
import type { Clock } from '../../base/index.js';

/** A second with so many times its share is a flood. */
const floodFactor = 2;
const secondMs = 1_000;
/** Who comes after so many addresses in one second shares one share with all others that do. */
const addressesMax = 32;
const others = '';

export class Pace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #sinceMs = Number.NEGATIVE_INFINITY;
  /** Requests of this second by address. */
  readonly #taken = new Map<string, number>();
  /** Called once in a second that is a flood from one of these addresses. */
  onFlood: (floods: (address: string) => boolean) => void = () => undefined;

  /** `perSecond`: the share of one address. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Counts one request; false when the address has had its share of this second. */
  take(address: string): boolean {
    this.#turn();
    const key = this.#keyOf(address);
    const taken = (this.#taken.get(key) ?? 0) + 1;
    this.#taken.set(key, taken);
    if (taken === floodFactor * this.#perSecond) this.onFlood((each) => this.#keyOf(each) === key);
    return taken <= this.#perSecond;
  }

  /** This second is a flood from there: that address is not let in before it is over. */
  floods(address: string): boolean {
    this.#turn();
    return (this.#taken.get(this.#keyOf(address)) ?? 0) >= floodFactor * this.#perSecond;
  }

  #keyOf(address: string): string {
    return this.#taken.has(address) || this.#taken.size < addressesMax ? address : others;
  }

  /** A second begins with the first request after the one before. */
  #turn(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs < secondMs) return;
    this.#sinceMs = nowMs;
    this.#taken.clear();
  }
}
