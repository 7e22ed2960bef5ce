/** The messages by which servers vote: prepare to nack, commit, heartbeats, forwarding, hand-over. All server → server. */
import type { Ballot, Incarnation, Slot } from '../types.js';

/** Candidate → acceptors. Fault class p. */
export interface Prepare {
  readonly type: 'prepare';
  readonly ballot: Ballot;
  /** The candidate's own commit index: what it need not be told. */
  readonly commit: Slot;
}

/** One slot an acceptor has voted for, or knows to be chosen. */
export interface PromiseEntry {
  readonly slot: Slot;
  readonly ballot: Ballot;
  /** True for a learned entry: it is chosen and outranks every ballot. */
  readonly chosen: boolean;
  readonly value: Uint8Array;
}

/** Acceptor → candidate. May come in parts below the frame limit; it counts when every part is there. Never delayed. */
export interface PromiseReply {
  readonly type: 'promise';
  readonly ballot: Ballot;
  readonly incarnation: Incarnation;
  /** The acceptor's durable commit index; `entries` lists everything it holds above it. */
  readonly commit: Slot;
  /** 0-based part number and the number of parts, at least 1. */
  readonly part: number;
  readonly parts: number;
  readonly entries: readonly PromiseEntry[];
}

/** Leader → acceptors. Fault class a. `value` is an entry (wire/entry.ts), opaque to paxos. */
export interface Accept {
  readonly type: 'accept';
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Uint8Array;
}

/** Acceptor → leader: a durable vote for each of the slots slot … slot+count-1 at `ballot`. */
export interface Accepted {
  readonly type: 'accepted';
  readonly ballot: Ballot;
  readonly incarnation: Incarnation;
  readonly slot: Slot;
  /** 1..4096. */
  readonly count: number;
}

/** Acceptor → proposer: `refused` is below my promise. */
export interface Nack {
  readonly type: 'nack';
  readonly refused: Ballot;
  readonly promised: Ballot;
}

/** Leader → followers: every slot up to `upto` is chosen. Carries no values. Fault class c. */
export interface Commit {
  readonly type: 'commit';
  readonly ballot: Ballot;
  readonly upto: Slot;
}

/** Acceptor → proposer, instead of a vote at or below its commit index. Fault class c. */
export interface Chosen {
  readonly type: 'chosen';
  readonly upto: Slot;
}

/** Any server → every other, each 100 ms. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  /** The sender's round counter; rounds advance only when sent. */
  readonly round: number;
}

/** The answer to a heartbeat, or (round 0) an announcement that the sender's state changed, which is no answer. */
export interface HeartbeatReply {
  readonly type: 'heartbeatReply';
  readonly round: number;
  /** The durable promise. */
  readonly promised: Ballot;
  /** The ballot the sender leads at, or round 0. */
  readonly leads: Ballot;
  /** A majority, the sender included, follows `leads`. */
  readonly majority: boolean;
  readonly abdicated: boolean;
  readonly happy: boolean;
  readonly commit: Slot;
  /** The last multiple of 1,000 slots applied, 0 if none, and the 8-byte state hash there. */
  readonly hashSlot: Slot;
  readonly hash: Uint8Array;
}

/** Follower → leader: propose this batch for me. Fault class r. */
export interface Forward {
  readonly type: 'forward';
  /** Numbered by the origin's life, rising. */
  readonly batch: number;
  readonly bytes: Uint8Array;
}

/** Leader → origin: batch is proposed in `slot` at `ballot`; it says nothing about being chosen. */
export interface ForwardOk {
  readonly type: 'forwardOk';
  readonly ballot: Ballot;
  readonly batch: number;
  readonly slot: Slot;
}

/** Leader that stops → its most advanced follower: campaign at once. */
export interface Campaign {
  readonly type: 'campaign';
  readonly ballot: Ballot;
}
