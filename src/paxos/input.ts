/** Everything that can happen to a replica. Time comes as ticks and as a stamp; chance and bytes come from outside. */
import type {
  Accept,
  Accepted,
  Campaign,
  Chosen,
  Commit,
  Forward,
  ForwardOk,
  Heartbeat,
  HeartbeatReply,
  Incarnation,
  Learn,
  LearnReply,
  Nack,
  Prepare,
  PromiseReply,
  ReadIndex,
  ReadIndexOk,
  ServerId,
  Serves,
  Slot,
  StateChunk,
  StateRequest,
} from '../wire/index.js';
import type { Configuration } from './configuration.js';

/** The messages a replica understands; learn replies reach it with values, learn requests leave it as effects. */
export type PaxosMessage =
  | Prepare
  | PromiseReply
  | Accept
  | Accepted
  | Nack
  | Commit
  | Chosen
  | Heartbeat
  | HeartbeatReply
  | Forward
  | ForwardOk
  | Campaign
  | ReadIndex
  | ReadIndexOk
  | Serves
  | Learn
  | LearnReply
  | StateRequest
  | StateChunk;

/**
 * What the shell's clocks show when a step begins. `monotonicMs` may be fractional and never falls; `wallMs` is only
 * shown.
 */
export interface Now {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export type Input =
  /** One tick (limits.tickMs) has passed. After a stall the shell gives few ticks, never the whole backlog. */
  | { readonly kind: 'tick' }
  /** A frame from a peer that passed hello, in the order of its connection. */
  | { readonly kind: 'message'; readonly from: ServerId; readonly message: PaxosMessage }
  /** Frames can be sent to `peer` (our outbound link is open) and it answered hello with this incarnation. */
  | { readonly kind: 'peerUp'; readonly peer: ServerId; readonly incarnation: Incarnation }
  /** A connection to or from `peer` closed: it counts as unheard at once. */
  | { readonly kind: 'peerDown'; readonly peer: ServerId }
  /** This server's clients want these items logged. `batch` rises by one per submit within one process life. */
  | { readonly kind: 'submit'; readonly batch: number; readonly bytes: Uint8Array }
  /** Every item of this batch has its answer: it need not be forwarded again. */
  | { readonly kind: 'answered'; readonly batch: number }
  /** The first `records` records ever persisted by this process are on disk. */
  | { readonly kind: 'durable'; readonly records: number }
  /** A read that must be fresh; answered by a `read` effect. */
  | { readonly kind: 'read'; readonly id: number }
  /**
   * State through `slot` was fetched from a peer, synced and switched to. One that is not above the commit index says
   * that fetching was given up; else it says who the members are.
   */
  | { readonly kind: 'installed'; readonly slot: Slot; readonly configurations?: readonly Configuration[] }
  /** The disk is full (true) or has space again (false): a full one neither leads nor votes. */
  | { readonly kind: 'disk'; readonly full: boolean }
  /** Clients are connected (as is taken for granted until the shell speaks), or none is. */
  | { readonly kind: 'serves'; readonly serves: boolean }
  /** SIGTERM: hand leadership over; the `stopped` effect follows within about a second. */
  | { readonly kind: 'stop' };
