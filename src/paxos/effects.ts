/**
 * What a replica wants done. The driver obeys in the order of the fields; whatever waits for the disk says for how
 * much.
 */
import type { Ballot, ServerId, Slot } from '../wire/index.js';
import type { PaxosMessage } from './input.js';

/** One record of voting state, to be appended to the log in the order given. */
export type Persist =
  | { readonly kind: 'promise'; readonly ballot: Ballot }
  | { readonly kind: 'accept'; readonly ballot: Ballot; readonly slot: Slot; readonly value: Uint8Array }
  /** A value learned as chosen; it never competes with ballots again. */
  | { readonly kind: 'chosen'; readonly ballot: Ballot; readonly slot: Slot; readonly value: Uint8Array }
  /** A hint: every slot up to `upto` is chosen and stands in the log before this record. */
  | { readonly kind: 'commit'; readonly upto: Slot };

/**
 * A frame for a peer. It must not leave before the first `after` records of this process life are on disk; 0: at once.
 */
export interface Send {
  readonly to: ServerId;
  readonly message: PaxosMessage;
  readonly after: number;
}

/**
 * A peer asks for chosen slots from … upto (upto never above our commit): the driver reads them and sends learnReply.
 */
export interface AnswerLearn {
  readonly to: ServerId;
  readonly request: number;
  readonly from: Slot;
  readonly upto: Slot;
  readonly commit: Slot;
  readonly promised: Ballot;
}

/** How the replica stands, sent out whenever one of these changed. */
export interface StandingChange {
  readonly leader: ServerId;
  readonly ballot: Ballot;
  readonly leading: boolean;
  readonly happy: boolean;
  /** Servers heard, this one included. */
  readonly up: number;
  /** This server hears no leader for a second while a neighbour is happy: clients should leave. */
  readonly move: boolean;
}

export interface Effects {
  /** Appended first, in order. */
  readonly persist: Persist[];
  readonly sends: Send[];
  /** Chosen slots in slot order without gaps, to be applied now. */
  readonly commits: { readonly slot: Slot; readonly value: Uint8Array }[];
  /**
   * Own batches whose place in the log has been applied (or was lost): whatever in them is still unanswered must be
   * submitted again, in order, under a new batch number. Given after `commits`.
   */
  readonly settled: number[];
  /** Own batches the replica could not take because its queue is full: tell the client "busy". */
  readonly refused: number[];
  readonly learns: AnswerLearn[];
  /** Reads that may be served once applied ≥ `slot` (which holds already), or that found no quorum in time. */
  readonly reads: { readonly id: number; readonly fresh: boolean }[];
  /** The peer's log no longer holds what we need: fetch its state. */
  readonly fetchState: ServerId[];
  standing: StandingChange | undefined;
  /** Other members govern the next slot than before this step. */
  members: boolean;
  /** The hand-over asked for by `stop` is finished. */
  stopped: boolean;
}

/** A fresh, empty set of effects. */
export function noEffects(): Effects {
  return {
    persist: [],
    sends: [],
    commits: [],
    settled: [],
    refused: [],
    learns: [],
    reads: [],
    fetchState: [],
    standing: undefined,
    members: false,
    stopped: false,
  };
}
