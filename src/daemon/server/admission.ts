/**
 * When the leader proposes to change the members (PAXOS.md, Memory-only servers; Changing the members). A server that
 * comes with an unknown directory learns first and votes then: an emptied disk and a memory-only server under its own
 * id, a new server in the seat that it was invited to take. Pure.
 */
import { equalBytes, isAllZero, limits } from '../../base/index.js';
import { majorityOf } from '../../paxos/index.js';
import type { MembersItem, Seat, ServerId } from '../../wire/index.js';
import type { Seats } from './roster.js';

/** A server whose link is open and whose directory is not the one its id is known by. */
export interface Newcomer {
  readonly id: ServerId;
  readonly birthId: Uint8Array;
  /** Monotonic ms since when it has been there. */
  readonly sinceMs: number;
}

export interface AdmissionFacts {
  readonly latest: Seats;
  /** The latest members govern already: another change may be proposed. */
  readonly settled: boolean;
  readonly newcomers: readonly Newcomer[];
  /** Members heard that have come near the leader's commit index. */
  readonly caughtUp: readonly ServerId[];
  readonly nowMs: number;
}

/** The change that is due, undefined if none is. At most one thing changes at a time. */
export function admissionDue({ latest, settled, newcomers, caughtUp, nowMs }: AdmissionFacts): MembersItem | undefined {
  if (!settled) return undefined;
  const epoch = latest.epoch + 1;
  for (const { id, birthId, sinceMs } of newcomers) {
    const seat = latest.seats.find((held) => held.id === id);
    // Whoever is gone after a moment would cost the cluster a change for nothing.
    if (seat === undefined || equalBytes(seat.birthId, birthId) || nowMs - sinceMs < limits.newcomerMs) continue;
    const learner = { ...seat, birthId, votes: false };
    const seats = latest.seats.map((held) => (held === seat ? learner : held));
    // Never so many at once that those who are left could decide nothing.
    if (isMajority(seats)) return { epoch, seats };
  }
  const ready = latest.seats.find(({ id, votes, birthId }) => !votes && !isAllZero(birthId) && caughtUp.includes(id));
  return ready === undefined ? undefined : { epoch, seats: promoted(latest.seats, ready) };
}

/** Those who vote are a majority of the seats. */
function isMajority(seats: readonly Seat[]): boolean {
  const own = seats.filter(({ takes }) => takes === 0);
  return own.filter(({ votes }) => votes).length >= majorityOf(own.length);
}

/** `learner` votes from now on; whose seat it takes is no member any more. */
function promoted(seats: readonly Seat[], learner: Seat): Seat[] {
  const left = seats.filter(({ id }) => id !== learner.takes);
  return left.map((seat) => (seat === learner ? { ...seat, votes: true, takes: 0 } : seat));
}

/** What `synod server replace` asks for: the change that invites `invited`, or why it cannot be. */
export function invitation(
  { epoch, seats }: Pick<Seats, 'epoch' | 'seats'>,
  replaced: ServerId,
  invited: ServerId,
): { readonly item: MembersItem } | { readonly refused: string } | { readonly done: string } {
  const seat = seats.find(({ id }) => id === replaced);
  const known = seats.find(({ id }) => id === invited);
  if (invited < 1 || replaced < 1 || invited === replaced)
    return { refused: `server ${replaced} cannot be replaced by server ${invited}: give a new id` };
  if (known?.takes === replaced) return { done: `server ${invited} is invited already` };
  if (seat === undefined && known?.takes === 0 && known.votes)
    return { done: `server ${invited} votes, and server ${replaced} is no member` };
  if (seat === undefined || seat.takes !== 0) {
    const ids = seats.filter(({ takes }) => takes === 0).map(({ id }) => id);
    return { refused: `server ${replaced} is no member: name one of ${ids.join(', ')}` };
  }
  if (known !== undefined) return { refused: `server ${invited} is a member already: give the new server another id` };
  const others = seats
    .filter(({ takes }) => takes !== replaced)
    .map(({ id, birthId, votes, takes }) => ({ id, birthId, votes, takes }));
  const learner: Seat = { id: invited, birthId: new Uint8Array(16), votes: false, takes: replaced };
  return { item: { epoch: epoch + 1, seats: [...others, learner].sort((a, b) => a.id - b.id) } };
}
