/** How a lagging server fetches chosen slots, or the whole state when the slots are gone. Server → server, fault class g. */
import type { Ballot, Slot } from '../types.js';

/** Lagging server → any peer: send me the chosen slots from … upto; upto 0 asks up to the responder's commit index. */
export interface Learn {
  readonly type: 'learn';
  /** Rising per asker; replies to older requests are ignored. */
  readonly request: number;
  readonly from: Slot;
  readonly upto: Slot;
}

/** The answer: consecutive chosen values from slot `from` on, none beyond what was asked. */
export interface LearnReply {
  readonly type: 'learnReply';
  readonly request: number;
  /** The responder's commit index when it answered. */
  readonly commit: Slot;
  readonly promised: Ballot;
  /** The lowest slot the responder's log still holds; above `from` it tells the asker to fetch state. */
  readonly firstSlot: Slot;
  readonly from: Slot;
  readonly values: readonly Uint8Array[];
}

/** Lagging server → peer: send me the bytes of your state from `offset`; slot 0 starts a new transfer. */
export interface StateRequest {
  readonly type: 'stateRequest';
  readonly request: number;
  readonly slot: Slot;
  readonly offset: number;
}

/** One chunk of the state as applied through `slot`. */
export interface StateChunk {
  readonly type: 'stateChunk';
  readonly request: number;
  readonly promised: Ballot;
  readonly slot: Slot;
  readonly totalBytes: number;
  readonly offset: number;
  /** The state hash at `slot`, 8 bytes. */
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}
