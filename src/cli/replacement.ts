/** How far the replacement of one server by another has come, from what servers say of the members. Pure. */
import { isAllZero } from '../base/index.js';
import type { Seats, Status } from '../wire/index.js';
import { newestSeats } from './newest-seats.js';

/** What one server said. */
export interface Word {
  readonly address: string;
  readonly seats: Seats;
  readonly status: Status;
}

export interface Pair {
  readonly replaced: number;
  readonly invited: number;
}

export type Step = 'invited' | 'learns' | 'votes' | 'done';

export interface Progress {
  /** Undefined: the log holds no invitation (any more). */
  readonly step: Step | undefined;
  /** The epoch of the newest members known. */
  readonly epoch: number;
  /** Slots that the new server has applied, and that are committed anywhere; both 0 until it can be asked. */
  readonly applied: number;
  readonly committed: number;
  /** Another server that is invited to the same seat, 0 if none. */
  readonly rival: number;
}

/**
 * The newest word counts: whoever has applied more of the log knows more. When only servers answer that know less than
 * was known `before`, that stays true.
 */
export function progressOf(words: readonly Word[], pair: Pair, before?: Progress): Progress {
  const newest = newestSeats(words.map(({ seats }) => seats));
  const own = words.find(({ status }) => status.serverId === pair.invited)?.status;
  // A server that is busy may not answer for a moment.
  const applied = own?.applied ?? before?.applied ?? 0;
  const committed = Math.max(0, ...words.map(({ status }) => status.committed));
  if (newest === undefined || !newest.votes || newest.epoch < (before?.epoch ?? 0)) {
    return { step: undefined, epoch: 0, rival: 0, ...before, applied, committed };
  }
  const rival = newest.seats.find(({ id, takes }) => takes === pair.replaced && id !== pair.invited)?.id ?? 0;
  return { step: stepOf(newest, pair), epoch: newest.epoch, rival, applied, committed };
}

function stepOf({ seats, governing }: Seats, { replaced, invited }: Pair): Step | undefined {
  const seat = seats.find(({ id }) => id === invited);
  if (seat?.takes === replaced) return isAllZero(seat.birthId) ? 'invited' : 'learns';
  const isOut = !seats.some(({ id }) => id === replaced);
  if (seat?.takes !== 0 || !seat.votes || !isOut) return undefined;
  return governing ? 'done' : 'votes';
}

/** One line for people. */
export function stepText(step: Step, { replaced, invited }: Pair, { applied, committed }: Progress): string {
  switch (step) {
    case 'invited':
      return `server ${invited} is invited to take the seat of server ${replaced}`;
    case 'learns':
      return `server ${invited} is there and learns: ${applied} of ${committed} slots`;
    case 'votes':
      return `server ${invited} votes`;
    case 'done':
      return `server ${replaced} is out: if it still runs, it ends by itself`;
  }
}

export const steps: readonly Step[] = ['invited', 'learns', 'votes', 'done'];
