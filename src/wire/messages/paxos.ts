/**
 * The messages by which servers vote: prepare to nack, commit, heartbeats, forwarding, hand-over. All server → server.
 */
import { assert, limits, U53_MAX } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import { HASH_BYTES, readBallot, readRealBallot, writeBallot, writeRealBallot } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';
import type { Ballot, Incarnation, Slot } from '../types.js';
import type { Writer } from '../writer.js';

/** Candidate → acceptors. Fault class p. */
export interface Prepare {
  readonly type: 'prepare';
  readonly ballot: Ballot;
  /** The candidate's own commit index: what it need not be told. */
  readonly commit: Slot;
}

export const prepareSpec = defineMessage<Prepare>({
  type: 'prepare',
  code: 16,
  from: ['server'],
  to: ['server'],
  faultClass: 'p',
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.ballot);
    w.u53(m.commit);
  },
  read: (r) => ({ type: 'prepare', ballot: readRealBallot(r), commit: r.u53() }),
});

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

/** slot, ballot, flag and an empty value. */
const PROMISE_ENTRY_BYTES = 8 + 18 + 1 + 4;

function writePromiseEntry(w: Writer, entry: PromiseEntry): void {
  assert(entry.chosen || entry.ballot.round > 0, 'a vote without a ballot');
  w.u53(entry.slot, 1);
  writeBallot(w, entry.ballot);
  w.bool(entry.chosen);
  w.bytes32(entry.value);
}

function readPromiseEntry(r: Reader): PromiseEntry {
  const entry = { slot: r.u53(1), ballot: readBallot(r), chosen: r.bool(), value: r.bytes32() };
  if (!entry.chosen && entry.ballot.round === 0) throw new ProtocolError('outOfRange', 'a vote without a ballot');
  return entry;
}

export const promiseSpec = defineMessage<PromiseReply>({
  type: 'promise',
  code: 17,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    assert(m.part < m.parts && m.parts <= limits.promisePartsMax, `promise part ${m.part} of ${m.parts}`);
    writeRealBallot(w, m.ballot);
    w.u53(m.incarnation);
    w.u53(m.commit);
    w.u16(m.part);
    w.u16(m.parts);
    w.u32(m.entries.length);
    for (const entry of m.entries) writePromiseEntry(w, entry);
  },
  read(r) {
    const ballot = readRealBallot(r);
    const incarnation = r.u53();
    const commit = r.u53();
    const part = r.u16();
    const parts = r.u16();
    if (part >= parts || parts > limits.promisePartsMax) {
      throw new ProtocolError('outOfRange', `promise part ${part} of ${parts}`);
    }
    const count = r.count32(PROMISE_ENTRY_BYTES);
    const entries: PromiseEntry[] = [];
    for (let i = 0; i < count; i++) entries.push(readPromiseEntry(r));
    return { type: 'promise', ballot, incarnation, commit, part, parts, entries };
  },
});

/** Leader → acceptors. Fault class a. `value` is an entry (wire/entry.ts), opaque to paxos. */
export interface Accept {
  readonly type: 'accept';
  readonly ballot: Ballot;
  readonly slot: Slot;
  readonly value: Uint8Array;
}

export const acceptSpec = defineMessage<Accept>({
  type: 'accept',
  code: 18,
  from: ['server'],
  to: ['server'],
  faultClass: 'a',
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.ballot);
    w.u53(m.slot, 1);
    w.bytes32(m.value);
  },
  read: (r) => ({ type: 'accept', ballot: readRealBallot(r), slot: r.u53(1), value: r.bytes32() }),
});

/** Acceptor → leader: a durable vote for each of the slots slot … slot+count-1 at `ballot`. */
export interface Accepted {
  readonly type: 'accepted';
  readonly ballot: Ballot;
  readonly incarnation: Incarnation;
  readonly slot: Slot;
  /** 1..4096. */
  readonly count: number;
}

export const acceptedSpec = defineMessage<Accepted>({
  type: 'accepted',
  code: 19,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    assert(isVoteRange(m.slot, m.count), 'votes for slots that cannot be');
    writeRealBallot(w, m.ballot);
    w.u53(m.incarnation);
    w.u53(m.slot, 1);
    w.u16(m.count);
  },
  read(r) {
    const ballot = readRealBallot(r);
    const incarnation = r.u53();
    const slot = r.u53(1);
    const count = r.u16();
    if (!isVoteRange(slot, count)) throw new ProtocolError('outOfRange', `votes for ${count} slots from ${slot}`);
    return { type: 'accepted', ballot, incarnation, slot, count };
  },
});

function isVoteRange(slot: Slot, count: number): boolean {
  return count >= 1 && count <= limits.acceptedCountMax && slot <= U53_MAX - (count - 1);
}

/** Acceptor → proposer: `refused` is below my promise. */
export interface Nack {
  readonly type: 'nack';
  readonly refused: Ballot;
  readonly promised: Ballot;
}

export const nackSpec = defineMessage<Nack>({
  type: 'nack',
  code: 20,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.refused);
    writeRealBallot(w, m.promised);
  },
  read: (r) => ({ type: 'nack', refused: readRealBallot(r), promised: readRealBallot(r) }),
});

/** Leader → followers: every slot up to `upto` is chosen. Carries no values. Fault class c. */
export interface Commit {
  readonly type: 'commit';
  readonly ballot: Ballot;
  readonly upto: Slot;
}

export const commitSpec = defineMessage<Commit>({
  type: 'commit',
  code: 21,
  from: ['server'],
  to: ['server'],
  faultClass: 'c',
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.ballot);
    w.u53(m.upto);
  },
  read: (r) => ({ type: 'commit', ballot: readRealBallot(r), upto: r.u53() }),
});

/** Acceptor → proposer, instead of a vote at or below its commit index. Fault class c. */
export interface Chosen {
  readonly type: 'chosen';
  readonly upto: Slot;
}

export const chosenSpec = defineMessage<Chosen>({
  type: 'chosen',
  code: 22,
  from: ['server'],
  to: ['server'],
  faultClass: 'c',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.upto);
  },
  read: (r) => ({ type: 'chosen', upto: r.u53() }),
});

/** Any server → every other, each 100 ms. */
export interface Heartbeat {
  readonly type: 'heartbeat';
  /** The sender's round counter; rounds advance only when sent. */
  readonly round: number;
}

export const heartbeatSpec = defineMessage<Heartbeat>({
  type: 'heartbeat',
  code: 23,
  from: ['server'],
  to: ['server'],
  faultClass: 'h',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.round);
  },
  read: (r) => ({ type: 'heartbeat', round: r.u53() }),
});

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

export const heartbeatReplySpec = defineMessage<HeartbeatReply>({
  type: 'heartbeatReply',
  code: 24,
  from: ['server'],
  to: ['server'],
  faultClass: 'h',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.round);
    writeBallot(w, m.promised);
    writeBallot(w, m.leads);
    w.bool(m.majority);
    w.bool(m.abdicated);
    w.bool(m.happy);
    w.u53(m.commit);
    w.u53(m.hashSlot);
    w.fixed(m.hash, HASH_BYTES);
  },
  read: (r) => ({
    type: 'heartbeatReply',
    round: r.u53(),
    promised: readBallot(r),
    leads: readBallot(r),
    majority: r.bool(),
    abdicated: r.bool(),
    happy: r.bool(),
    commit: r.u53(),
    hashSlot: r.u53(),
    hash: r.fixed(HASH_BYTES),
  }),
});

/** Follower → leader: propose this batch for me. Fault class r. */
export interface Forward {
  readonly type: 'forward';
  /** Numbered by the origin's life, rising. */
  readonly batch: number;
  readonly bytes: Uint8Array;
}

export const forwardSpec = defineMessage<Forward>({
  type: 'forward',
  code: 25,
  from: ['server'],
  to: ['server'],
  faultClass: 'r',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.batch);
    w.bytes32(m.bytes);
  },
  read: (r) => ({ type: 'forward', batch: r.u53(), bytes: r.bytes32() }),
});

/** Leader → origin: batch is proposed in `slot` at `ballot`; it says nothing about being chosen. */
export interface ForwardOk {
  readonly type: 'forwardOk';
  readonly ballot: Ballot;
  readonly batch: number;
  readonly slot: Slot;
}

export const forwardOkSpec = defineMessage<ForwardOk>({
  type: 'forwardOk',
  code: 26,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.ballot);
    w.u53(m.batch);
    w.u53(m.slot, 1);
  },
  read: (r) => ({ type: 'forwardOk', ballot: readRealBallot(r), batch: r.u53(), slot: r.u53(1) }),
});

/** Leader that stops → its most advanced follower: campaign at once. */
export interface Campaign {
  readonly type: 'campaign';
  readonly ballot: Ballot;
}

export const campaignSpec = defineMessage<Campaign>({
  type: 'campaign',
  code: 27,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    writeRealBallot(w, m.ballot);
  },
  read: (r) => ({ type: 'campaign', ballot: readRealBallot(r) }),
});

/** Follower → leader: a client of mine wants a fresh read; which index must I have applied? Never delayed. */
export interface ReadIndex {
  readonly type: 'readIndex';
  readonly request: number;
}

export const readIndexSpec = defineMessage<ReadIndex>({
  type: 'readIndex',
  code: 28,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    w.u53(m.request);
  },
  read: (r) => ({ type: 'readIndex', request: r.u53() }),
});

/** Leader → follower: a majority confirmed my ballot after your request came; serve once `index` is applied. */
export interface ReadIndexOk {
  readonly type: 'readIndexOk';
  readonly request: number;
  readonly index: Slot;
}

export const readIndexOkSpec = defineMessage<ReadIndexOk>({
  type: 'readIndexOk',
  code: 29,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.index);
  },
  read: (r) => ({ type: 'readIndexOk', request: r.u53(), index: r.u53() }),
});

/**
 * Any server → every other: clients are connected to me, or nobody is, which is said again with every heartbeat. Who
 * serves nobody need not hear of commits at once. Only to peers whose `features` know it (handshake.ts). Never delayed.
 */
export interface Serves {
  readonly type: 'serves';
  readonly serves: boolean;
}

export const servesSpec = defineMessage<Serves>({
  type: 'serves',
  code: 30,
  from: ['server'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'server',
  write(w, m) {
    w.bool(m.serves);
  },
  read: (r) => ({ type: 'serves', serves: r.bool() }),
});
