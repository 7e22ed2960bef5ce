/**
 * How a server stands, in the fields of `synod status --json`: a row of the table, and what the server's /status says.
 */
import { isAllZero } from '../base/index.js';
import type { Seats } from './messages/members.js';
import type { Status } from './messages/status.js';
import type { SeatAddress } from './types.js';

/**
 * What a server is among the members: one with a vote, one that learns and gets its vote then, one that waits to be
 * admitted to the seat of its id, or none (any more).
 */
export type SeatState = 'votes' | 'learns' | 'waits' | 'none';

/** A row of `status --json`; null where a server that is down can't be asked. */
export interface ServerRow {
  readonly id: number;
  readonly address: string;
  readonly state: 'up' | 'down';
  readonly role: 'leader' | 'follower' | 'recovering' | null;
  readonly ballot: string | null;
  readonly committed: number | null;
  readonly applied: number | null;
  /** Slots that the most advanced server has committed and this one has not applied. */
  readonly lag: number | null;
  /** It knows a leader that a majority follows. */
  readonly hasLeader: boolean | null;
  readonly clients: number | null;
  /** Null, too, where a server tells of itself. */
  readonly rttMs: number | null;
  readonly http: string | null;
  readonly faults: string | null;
  readonly note: string;
  /** Null when no server that answers tells. */
  readonly seat: SeatState | null;
  /** The server whose seat it gets with its vote; 0: none, or its own. */
  readonly takes: number;
}

/** What a row has besides the server's own word. */
export type RowContext = Pick<ServerRow, 'address' | 'rttMs' | 'seat' | 'takes'> & {
  /** The highest slot that any server asked has committed. */
  readonly committedMax: number;
};

/** The row of a server that has answered. */
export function upRow(status: Status, { address, rttMs, seat, takes, committedMax }: RowContext): ServerRow {
  return {
    id: status.serverId,
    address,
    state: 'up',
    // A candidate follows nobody yet and leads nobody either; scripts know three roles.
    role: status.role === 'candidate' ? 'follower' : status.role,
    ballot: `${status.ballot.round}.${status.ballot.server}`,
    committed: status.committed,
    applied: status.applied,
    lag: Math.max(0, committedMax - status.applied),
    hasLeader: status.happy,
    clients: status.clients,
    rttMs,
    http: status.http,
    faults: status.faults,
    note: status.note,
    seat,
    takes,
  };
}

/** `own`: what the server itself says, which may have come with another directory than the one that votes. */
export function seatState(
  id: number,
  own: Seats | undefined,
  newest: readonly SeatAddress[] | undefined,
): SeatState | null {
  const seat = newest?.find((candidate) => candidate.id === id);
  if (newest === undefined || id === 0) return null;
  if (seat === undefined) return 'none';
  if (!seat.votes) return isAllZero(seat.birthId) ? 'waits' : 'learns';
  return own?.votes === false ? 'waits' : 'votes';
}

/** The server whose seat `id` gets with its vote. */
export function takesOf(id: number, seats: readonly SeatAddress[] | undefined): number {
  return seats?.find((seat) => seat.id === id)?.takes ?? 0;
}
