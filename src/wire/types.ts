/**
 * The plain data that travels in frames: shapes only; what a ballot or a session means is decided in paxos and chat.
 */

/** A server's number, 1..65535; 0 means "none" where a field allows it. */
export type ServerId = number;

/** A position in the replicated log (the write-up's "round"), 1..2^53-1; 0 means "before the first". */
export type Slot = number;

/**
 * One life of a server process: counter * 2^32 + 32 random bits, so that plain number order is (counter, random).
 * The counter stays below 2^21, which keeps the whole a safe integer (PAXOS.md, State).
 */
export type Incarnation = number;

/** A ballot, totally ordered by (round, server, incarnation) in this order (PAXOS.md, State). Round 0 is "none". */
export interface Ballot {
  readonly round: number;
  readonly server: ServerId;
  readonly incarnation: Incarnation;
}

/** A session: the slot and the index in that slot's batch at which its `register` was applied. */
export interface SessionId {
  readonly slot: Slot;
  readonly index: number;
}

/** One member of the sealed cluster. The birth id is the random id of its data directory, 16 bytes. */
export interface Member {
  readonly id: ServerId;
  readonly birthId: Uint8Array;
}

/** A member as the log knows it. */
export interface Seat extends Member {
  /** It has a vote; else it learns, and has none yet. */
  readonly votes: boolean;
  /**
   * Of a learner: the member whose seat it will take, which votes until then. 0: the seat is its own already, and stays
   * without a vote meanwhile.
   */
  readonly takes: ServerId;
}

/** A seat and where its holder was last reached. */
export interface SeatAddress extends Seat {
  readonly address: string;
}

/** A member and where it was last reached, `host:port`; the address is advice and never part of a hash. */
export interface MemberAddress extends Member {
  readonly address: string;
}
