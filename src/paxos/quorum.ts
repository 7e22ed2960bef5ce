/** Majorities: how many servers make one, and counting distinct voters so that a quorum is reached exactly once. */
import { assert } from '../base/index.js';
import type { ServerId } from '../wire/index.js';

/** Who may vote, and of how many seats a majority is needed. */
export interface Electorate {
  readonly seats: number;
  readonly voters: readonly ServerId[];
}

/** The smallest number of servers of which any two groups share a member. */
export function majorityOf(servers: number): number {
  const majority = Math.floor(servers / 2) + 1;
  assert(majority * 2 > servers, 'two majorities must overlap');
  return majority;
}

/** True if `has` holds for voters that make a majority of the seats. */
export function isQuorum({ seats, voters }: Electorate, has: (server: ServerId) => boolean): boolean {
  let count = 0;
  for (const voter of voters) if (has(voter)) count += 1;
  return count >= majorityOf(seats);
}

/**
 * Distinct voters for one question, which is settled by a majority of each electorate. A vote repeated, however often,
 * counts once; one of a stranger not at all.
 */
export class Votes {
  readonly #electorates: readonly Electorate[];
  readonly #given: ServerId[] = [];
  #reached = false;

  constructor(...electorates: readonly Electorate[]) {
    this.#electorates = electorates;
  }

  /**
   * Counts `server`; true exactly once, with the vote that completes the quorum. `twice` plants a bug: see plants.ts.
   */
  add(server: ServerId, twice = false): boolean {
    if (!twice && this.#given.includes(server)) return false;
    this.#given.push(server);
    if (this.#reached) return false;
    for (const electorate of this.#electorates) if (!this.#isMajorityOf(electorate)) return false;
    this.#reached = true;
    return true;
  }

  #isMajorityOf({ seats, voters }: Electorate): boolean {
    let count = 0;
    for (const server of this.#given) if (voters.includes(server)) count += 1;
    return count >= majorityOf(seats);
  }

  has(server: ServerId): boolean {
    return this.#given.includes(server);
  }

  get reached(): boolean {
    return this.#reached;
  }
}
