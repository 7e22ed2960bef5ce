/** Checks after every step, in tests and in production: stopping is safer than going on wrongly. */
import { assert, limits } from '../base/index.js';
import type { Ballot, Slot } from '../wire/index.js';
import { compareBallots, sameBallot, zeroBallot } from './ballot.js';

/** The part of a replica's state over which the invariants speak. */
export interface Observed {
  readonly promised: Ballot;
  readonly commit: Slot;
  readonly logSize: number;
  readonly leads: Ballot | undefined;
  readonly campaigns: Ballot | undefined;
  readonly inFlight: number;
}

export class Invariants {
  #promised: Ballot = zeroBallot;
  #commit: Slot = 0;

  /** @throws InvariantError naming what no longer holds */
  check(seen: Observed): void {
    assert(compareBallots(seen.promised, this.#promised) >= 0, 'the promise never falls');
    assert(seen.commit >= this.#commit, 'the commit index never falls');
    assert(seen.leads === undefined || seen.campaigns === undefined, 'nobody leads and campaigns at once');
    assert(seen.leads === undefined || sameBallot(seen.leads, seen.promised), 'a leader has promised nobody higher');
    assert(
      seen.campaigns === undefined || sameBallot(seen.campaigns, seen.promised),
      'a candidate has promised nobody higher',
    );
    assert(seen.logSize <= limits.uncommittedSlotsMax, 'the uncommitted log stays within its bound');
    assert(seen.inFlight <= limits.windowSlots + 2 * limits.acceptAheadSlots, 'the window stays within its bound');
    this.#promised = seen.promised;
    this.#commit = seen.commit;
  }
}
