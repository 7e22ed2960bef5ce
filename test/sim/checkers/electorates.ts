/**
 * Who votes on which slots, as the log has decided: the checkers' own reckoning, from what any server applied first.
 */
import { toHex } from '../../../src/base/index.js';
import type { MembersChange } from '../../../src/chat/index.js';
import { type Electorate, isQuorum } from '../../../src/paxos/index.js';
import type { Member, Slot } from '../../../src/wire/index.js';

/** A server with one of its directories: `3:0a0a…`. What it says counts for this directory only. */
export type Holder = string;

export function holderOf({ id, birthId }: Member): Holder {
  return `${id}:${toHex(birthId)}`;
}

interface Governing {
  readonly epoch: number;
  readonly from: Slot;
  readonly seats: number;
  readonly voters: readonly Holder[];
}

export class Electorates {
  readonly #known: Governing[];

  constructor(sealed: readonly Member[]) {
    this.#known = [{ epoch: 1, from: 1, seats: sealed.length, voters: sealed.map(holderOf) }];
  }

  /** A server applied a change; only the first to do so tells something new. */
  changed({ epoch, from, seats }: MembersChange): void {
    if (epoch <= (this.#known.at(-1) as Governing).epoch) return;
    this.#known.push({
      epoch,
      from,
      seats: seats.filter(({ takes }) => takes === 0).length,
      voters: seats.filter(({ votes }) => votes).map(holderOf),
    });
  }

  /** True if `voters` are a majority of those who govern `slot`. */
  isQuorum(slot: Slot, has: (voter: Holder) => boolean): boolean {
    const governing = this.#known.findLast(({ from }) => from <= slot) as Governing;
    return isMajority(governing, has);
  }

  /** True if `has` holds for a majority of everybody who governs slots above `applied`. */
  isQuorumAbove(applied: Slot, has: (voter: Holder) => boolean): boolean {
    const next = this.#known.findLastIndex(({ from }) => from <= applied + 1);
    return this.#known.slice(next).every((governing) => isMajority(governing, has));
  }
}

function isMajority({ seats, voters }: Governing, has: (voter: Holder) => boolean): boolean {
  const numbers: Electorate = { seats, voters: voters.map((_, at) => at) };
  return isQuorum(numbers, (at) => has(voters[at] as Holder));
}
