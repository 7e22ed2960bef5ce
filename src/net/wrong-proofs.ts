/** Counts wrong proofs by address, so that whoever sends many is no longer answered; in bounded memory. */
import { type Clock, limits } from '../base/index.js';

interface Count {
  wrong: number;
  readonly sinceMs: number;
}

/**
 * Only answers are withheld: a right proof from the same address is always heard, or a stranger behind the same router,
 * or on the same machine, could keep servers and users out by proving badly.
 */
export class WrongProofs {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Addresses remembered now. */
  get size(): number {
    return this.#counts.size;
  }

  /** One more from `host`. True if it is to be told why it was turned away. */
  add(host: string): boolean {
    const nowMs = this.#clock.monotonicMs();
    let count = this.#counts.get(host);
    if (count === undefined || nowMs - count.sinceMs >= limits.wrongProofsMs) {
      this.#counts.delete(host);
      if (this.#counts.size >= limits.wrongProofHostsMax) this.#forgetOldest();
      count = { wrong: 0, sinceMs: nowMs };
      this.#counts.set(host, count);
    }
    count.wrong++;
    return count.wrong <= limits.wrongProofsMax;
  }

  /** Insertion order is the order of `sinceMs`. */
  #forgetOldest(): void {
    for (const host of this.#counts.keys()) {
      this.#counts.delete(host);
      return;
    }
  }
}
