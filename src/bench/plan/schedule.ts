/**
 * When an open loop means to send: a schedule fixed beforehand, of which nothing is ever skipped. What the system
 * cannot take stays due, and its latency counts from then (coordinated omission: Gil Tene, wrk2).
 */
import type { Prng } from '../../base/index.js';

/** How intended times follow each other: evenly, or as independent people would send. */
export type Arrivals = 'uniform' | 'poisson';

export interface Schedule {
  /** When the next message is meant to be sent, in ms since the load began. */
  readonly dueMs: number;
  /** Goes on to the one after it. */
  advance(): void;
}

/**
 * One schedule for each of `clients`, which together send `perSecond`. Evenly: one every 1 / `perSecond`, the clients
 * in turn. Poisson: each client's gaps are exponential and its own, which makes the sum of them a Poisson process as
 * well.
 */
export function schedules(
  arrivals: Arrivals,
  { clients, perSecond }: { readonly clients: number; readonly perSecond: number },
  random: Prng,
): Schedule[] {
  return Array.from({ length: clients }, (_, client) =>
    arrivals === 'uniform'
      ? new EvenSchedule(client, clients, perSecond)
      : new PoissonSchedule((1_000 * clients) / perSecond, random.fork()),
  );
}

/** Each time is worked out anew, so that nothing adds up over hours. */
class EvenSchedule implements Schedule {
  readonly #stride: number;
  readonly #perSecond: number;
  #number: number;
  dueMs: number;

  constructor(first: number, stride: number, perSecond: number) {
    this.#number = first;
    this.#stride = stride;
    this.#perSecond = perSecond;
    this.dueMs = (first * 1_000) / perSecond;
  }

  advance(): void {
    this.#number += this.#stride;
    this.dueMs = (this.#number * 1_000) / this.#perSecond;
  }
}

class PoissonSchedule implements Schedule {
  readonly #meanGapMs: number;
  readonly #random: Prng;
  dueMs = 0;

  constructor(meanGapMs: number, random: Prng) {
    this.#meanGapMs = meanGapMs;
    this.#random = random;
    this.advance();
  }

  advance(): void {
    // In (0, 1]: a logarithm of nothing would never come due.
    const chance = (this.#random.u32() + 1) / 0x1_0000_0000;
    this.dueMs -= this.#meanGapMs * Math.log(chance);
  }
}

/** How many of a schedule's times lie before `endMs`; leaves it behind them. */
export function countBefore(schedule: Schedule, endMs: number): number {
  let count = 0;
  for (; schedule.dueMs < endMs; schedule.advance()) count += 1;
  return count;
}
