/** The replica's read-only facts, for status, tests and the simulator's checkers. */
import type { Ballot, ReplicaRole, ServerId, Slot } from '../wire/index.js';

/** Facts for status, tests and the simulator's checkers. */
export interface ReplicaView {
  readonly role: ReplicaRole;
  readonly ballot: Ballot;
  readonly promised: Ballot;
  readonly durablePromise: Ballot;
  readonly commit: Slot;
  readonly leader: ServerId;
  readonly happy: boolean;
  readonly abdicated: boolean;
  readonly caughtUp: boolean;
  readonly inFlight: number;
  readonly pendingBatches: number;
  readonly heard: readonly ServerId[];
  /** Those heard that are not far behind this server. */
  readonly caughtUpPeers: readonly ServerId[];
  readonly disputed: boolean;
  /** Of the configuration that governs the next slot. */
  readonly epoch: number;
  /** This server has a vote in it. */
  readonly votes: boolean;
  /** A majority of those who vote can be heard, this server included. */
  readonly hearsQuorum: boolean;
}

/** How far a peer has committed, as it said last. */
export interface HeardCommit {
  readonly id: ServerId;
  readonly commit: Slot;
}
