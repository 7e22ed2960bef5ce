/** Who has a seat: told to balancers and operators; and an operator's wish to replace a server. */
import { limits } from '../../base/index.js';
import { clip, enumeration, ID_BYTES, readList, writeList } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';
import type { SeatAddress, ServerId } from '../types.js';
import type { Writer } from '../writer.js';

/** Operator → server: who are the members? */
export interface SeatsRequest {
  readonly type: 'seatsRequest';
  readonly request: number;
}

export const seatsRequestSpec = defineMessage<SeatsRequest>({
  type: 'seatsRequest',
  code: 67,
  from: ['operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
  },
  read: (r) => ({ type: 'seatsRequest', request: r.u53() }),
});

/** The members as a server has applied them: the answer to an operator; unasked (request 0) to balancers. */
export interface Seats {
  readonly type: 'seats';
  readonly request: number;
  readonly epoch: number;
  /** They govern the next slot already; else they were decided on and will. */
  readonly governing: boolean;
  /** The server that says so has a vote on its next slot itself. */
  readonly votes: boolean;
  readonly seats: readonly SeatAddress[];
}

/** id, birth id, vote, whose seat, an empty address. */
const SEAT_BYTES = 2 + ID_BYTES + 1 + 2 + 2;

export const seatsSpec = defineMessage<Seats>({
  type: 'seats',
  code: 68,
  from: ['server'],
  to: ['operator', 'balancer'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.epoch);
    w.bool(m.governing);
    w.bool(m.votes);
    writeList(w, m.seats, writeSeat);
  },
  read: (r) => ({
    type: 'seats',
    request: r.u53(),
    epoch: r.u53(),
    governing: r.bool(),
    votes: r.bool(),
    seats: readList(r, SEAT_BYTES, readSeat),
  }),
});

function writeSeat(w: Writer, seat: SeatAddress): void {
  w.u16(seat.id);
  w.fixed(seat.birthId, ID_BYTES);
  w.bool(seat.votes);
  w.u16(seat.takes);
  w.string(seat.address, limits.addressBytesMax);
}

function readSeat(r: Reader): SeatAddress {
  return {
    id: r.u16(),
    birthId: r.fixed(ID_BYTES),
    votes: r.bool(),
    takes: r.u16(),
    address: r.string(limits.addressBytesMax),
  };
}

/** Operator → server: let server `invited`, which is no member yet, take the seat of server `replaced`. */
export interface ReplaceServer {
  readonly type: 'replaceServer';
  readonly request: number;
  readonly replaced: ServerId;
  readonly invited: ServerId;
}

export const replaceServerSpec = defineMessage<ReplaceServer>({
  type: 'replaceServer',
  code: 69,
  from: ['operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.u16(m.replaced);
    w.u16(m.invited);
  },
  read: (r) => ({ type: 'replaceServer', request: r.u53(), replaced: r.u16(), invited: r.u16() }),
});

/** `taken`: on its way into the log, or there already; `later`: ask again in a moment; `refused`: never. */
export type WishOutcome = 'taken' | 'later' | 'refused';

export const wishOutcomes = enumeration<WishOutcome>(['taken', 'later', 'refused']);

/** Server → operator: what becomes of the wish; how far it got, `seats` tells. */
export interface ReplaceAnswer {
  readonly type: 'replaceAnswer';
  readonly request: number;
  readonly outcome: WishOutcome;
  /** Why, ending in what to do; "" if there is nothing to say. */
  readonly text: string;
}

export const replaceAnswerSpec = defineMessage<ReplaceAnswer>({
  type: 'replaceAnswer',
  code: 70,
  from: ['server'],
  to: ['operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    wishOutcomes.write(w, m.outcome);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({ type: 'replaceAnswer', request: r.u53(), outcome: wishOutcomes.read(r), text: r.string() }),
});
