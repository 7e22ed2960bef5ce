/** Whose word on the members counts, when several servers were asked. Pure. */
import type { Seats } from '../wire/index.js';

/**
 * The newest: whoever has applied more of the log knows more. One without a vote may know them from a balancer only,
 * who tells of seats and not of invitations; it counts when nobody else answers.
 */
export function newestSeats(said: readonly Seats[]): Seats | undefined {
  return [...said].sort(byAuthority).at(-1);
}

function byAuthority(a: Seats, b: Seats): number {
  return Number(a.votes) - Number(b.votes) || a.epoch - b.epoch || Number(a.governing) - Number(b.governing);
}
