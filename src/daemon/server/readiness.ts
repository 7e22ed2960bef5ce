/** What a server lacks before it does its work: the one line of /readyz. Pure. */
import { limits } from '../../base/index.js';
import type { ServerId } from '../../wire/index.js';

export interface ReadinessFacts {
  readonly isFull: boolean;
  readonly fetchesState: boolean;
  /** It knows a leader that a majority follows. */
  readonly happy: boolean;
  /** It has been where the others were when it started. */
  readonly caughtUp: boolean;
  /** Slots that some server heard from has committed and this one has not applied. */
  readonly lag: number;
  /** Other servers heard. */
  readonly heard: readonly ServerId[];
  /** The other members. */
  readonly others: readonly ServerId[];
}

/** "" if nothing is missing: it has a leader and is caught up. */
export function missingOf(facts: ReadinessFacts): string {
  const { heard, others, lag } = facts;
  if (facts.isFull) return 'disk full: free some space';
  if (facts.fetchesState) return 'not caught up: takes over the state of another server';
  if (!facts.happy) {
    const silent = others.filter((id) => !heard.includes(id));
    return silent.length === 0
      ? 'no leader: all servers are heard, an election is due'
      : `no leader: nothing is heard of ${silent.length === 1 ? 'server' : 'servers'} ${silent.join(', ')}`;
  }
  // Under load a follower is always a few slots behind.
  if (!facts.caughtUp || lag > limits.learnerBehindSlotsMax) return `not caught up: ${lag} slots behind`;
  return '';
}
