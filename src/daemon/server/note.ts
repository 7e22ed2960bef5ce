/** What an operator should know of a server besides the numbers: one line in `synod status`, and in its log. Pure. */
import { equalBytes } from '../../base/index.js';
import { majorityOf } from '../../paxos/index.js';
import type { ServerId } from '../../wire/index.js';
import type { Own, Seats } from './roster.js';

export interface NoteFacts {
  readonly isFull: boolean;
  readonly fetchesState: boolean;
  /** The newest members decided on, as this server has applied them. */
  readonly latest: Seats;
  readonly self: Own;
  /** It has a vote on the next slot. */
  readonly votes: boolean;
  /** Whom it follows, itself included; 0 if nobody. */
  readonly leader: ServerId;
  /** Servers linked whose directories are not those of members. */
  readonly newcomers: readonly ServerId[];
  /** Nothing of it is on disk (`--memory`). */
  readonly keepsNothing: boolean;
}

/** "" if all is well. */
export function noteOf(facts: NoteFacts): string {
  if (facts.isFull) return 'disk full: free some space; until then this server only reads';
  if (facts.fetchesState) return 'away for longer than the log is kept: takes over the state of another server';
  const { latest, self, votes, leader } = facts;
  const seat = latest.seats.find(({ id, birthId }) => id === self.id && equalBytes(birthId, self.birthId));
  if (seat === undefined) return waiting(facts);
  if (!seat.votes) return seat.takes === 0 ? learning : `${learning}; then it takes the seat of server ${seat.takes}`;
  if (!votes) return 'votes from one of the next slots on';
  return leader === 0 ? lostMajority(facts) : '';
}

const learning = 'admitted, learns what it lacks: has no vote yet';

/** Its directory is not the one that its id is known by. The others do not answer it: who leads it cannot know. */
function waiting({ keepsNothing }: NoteFacts): string {
  const needs = 'waits to be admitted: that takes a leader and a majority of servers that still have their votes';
  return keepsNothing
    ? `${needs}; with memory-only servers a majority lost at once cannot come back: start a new cluster then`
    : `${needs}; start those that are down with their own data`;
}

/** Nobody leads, and some came back without what they had: they are no help until they are admitted. */
function lostMajority({ latest, newcomers }: NoteFacts): string {
  if (newcomers.length === 0) return '';
  const own = latest.seats.filter(({ takes }) => takes === 0);
  const left = own.filter(({ id, votes }) => votes && !newcomers.includes(id));
  const ids = [...newcomers].sort((a, b) => a - b);
  const who = ids.length === 1 ? `server ${ids[0]} is` : `servers ${ids.join(', ')} are`;
  return left.length >= majorityOf(own.length)
    ? `no leader: ${who} admitted once a majority of the others is up`
    : `no majority: ${who} back without the data that had a vote; only with that data this cluster goes on, ` +
        'else start a new one';
}
