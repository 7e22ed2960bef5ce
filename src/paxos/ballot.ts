/** Ballots: their total order and how the next one is made (PAXOS.md, State). */
import type { Ballot, Incarnation, ServerId } from '../wire/index.js';

/** Below every real ballot: "none". */
export const zeroBallot: Ballot = Object.freeze({ round: 0, server: 0, incarnation: 0 });

/**
 * Negative, zero or positive as `a` is below, equal to or above `b`. All three fields count: without the incarnation
 * two lives of one server would share a ballot and two values could pass at it.
 */
export function compareBallots(a: Ballot, b: Ballot): number {
  return a.round - b.round || a.server - b.server || a.incarnation - b.incarnation;
}

export function sameBallot(a: Ballot, b: Ballot): boolean {
  return a.round === b.round && a.server === b.server && a.incarnation === b.incarnation;
}

export function isZero(ballot: Ballot): boolean {
  return ballot.round === 0;
}

/** The lowest ballot of `server` in this life above every ballot of a round up to `round`. */
export function ballotAbove(round: number, server: ServerId, incarnation: Incarnation): Ballot {
  return { round: round + 1, server, incarnation };
}

/** For people: `7.2` is round 7 of server 2. */
export function ballotText(ballot: Ballot): string {
  return isZero(ballot) ? '-' : `${ballot.round}.${ballot.server}`;
}
