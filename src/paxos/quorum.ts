/** Majorities: how many servers make one, and counting distinct voters so that a quorum is reached exactly once. */
import { assert } from '../base/index.js';
import type { ServerId } from '../wire/index.js';

/** The smallest number of servers of which any two groups share a member. */
export function majorityOf(servers: number): number {
  const majority = Math.floor(servers / 2) + 1;
  assert(majority * 2 > servers, 'two majorities must overlap');
  return majority;
}

/** Distinct voters for one question. A vote repeated, however often, counts once. */
export class Votes {
  readonly #voters: ServerId[] = [];
  readonly #needed: number;
  #reached = false;

  /** `needed` distinct voters make the quorum. */
  constructor(needed: number) {
    this.#needed = needed;
  }

  /**
   * Counts `server`; true exactly once, with the vote that completes the quorum. `twice` plants a bug: see plants.ts.
   */
  add(server: ServerId, twice = false): boolean {
    if (!twice && this.#voters.includes(server)) return false;
    this.#voters.push(server);
    if (this.#reached || this.#voters.length < this.#needed) return false;
    this.#reached = true;
    return true;
  }

  has(server: ServerId): boolean {
    return this.#voters.includes(server);
  }

  get reached(): boolean {
    return this.#reached;
  }

  get count(): number {
    return this.#voters.length;
  }
}
