/**
 * How a lagging server fetches chosen slots, or the whole state when the slots are gone. Server → server, fault class
 * g.
 */
import { assert, crc32, U53_MAX } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import { HASH_BYTES, readBallot, writeBallot } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Ballot, Slot } from '../types.js';

/** A position names a row's key or a slot. */
const STATE_POSITION_BYTES_MAX = 1024;

/** Lagging server → any peer: send me the chosen slots from … upto; upto 0 asks up to the responder's commit index. */
export interface Learn {
  readonly type: 'learn';
  /** Rising per asker; replies to older requests are ignored. */
  readonly request: number;
  readonly from: Slot;
  readonly upto: Slot;
}

export const learnSpec = defineMessage<Learn>({
  type: 'learn',
  code: 32,
  from: ['server'],
  to: ['server'],
  faultClass: 'g',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.from, 1);
    w.u53(m.upto);
  },
  read: (r) => ({ type: 'learn', request: r.u53(), from: r.u53(1), upto: r.u53() }),
});

/** The answer: consecutive chosen values from slot `from` on, none beyond what was asked. */
export interface LearnReply {
  readonly type: 'learnReply';
  readonly request: number;
  /** The responder's commit index when it answered. */
  readonly commit: Slot;
  readonly promised: Ballot;
  /** The lowest slot that the responder can give to a learner; above `from` it tells the asker to fetch state. */
  readonly firstSlot: Slot;
  readonly from: Slot;
  readonly values: readonly Uint8Array[];
}

export const learnReplySpec = defineMessage<LearnReply>({
  type: 'learnReply',
  code: 33,
  from: ['server'],
  to: ['server'],
  faultClass: 'g',
  limitClass: 'server',
  write(w, m) {
    assert(m.from <= U53_MAX - m.values.length, `${m.values.length} values from slot ${m.from}`);
    w.u53(m.request);
    w.u53(m.commit);
    writeBallot(w, m.promised);
    w.u53(m.firstSlot);
    w.u53(m.from, 1);
    w.u32(m.values.length);
    for (const value of m.values) w.bytes32(value);
  },
  read(r) {
    const request = r.u53();
    const commit = r.u53();
    const promised = readBallot(r);
    const firstSlot = r.u53();
    const from = r.u53(1);
    const count = r.count32(4);
    if (from > U53_MAX - count) throw new ProtocolError('outOfRange', `${count} values from slot ${from}`);
    const values: Uint8Array[] = [];
    for (let i = 0; i < count; i++) values.push(r.bytes32());
    return { type: 'learnReply', request, commit, promised, firstSlot, from, values };
  },
});

/**
 * Lagging server → peer: send me the part of your state that begins at `position`. Slot 0 begins a new transfer; so
 * does any that the peer does not hold (any more) for us.
 */
export interface StateRequest {
  readonly type: 'stateRequest';
  /** Rising per asker. */
  readonly request: number;
  readonly slot: Slot;
  /** What the chunk before called `next`; empty: from the beginning. Only its sender knows what it means. */
  readonly position: Uint8Array;
  /** The sum of the chunk before, 0 at the beginning. */
  readonly sum: number;
}

export const stateRequestSpec = defineMessage<StateRequest>({
  type: 'stateRequest',
  code: 34,
  from: ['server'],
  to: ['server'],
  faultClass: 'g',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.slot);
    w.bytes16(m.position, STATE_POSITION_BYTES_MAX);
    w.u32(m.sum);
  },
  read: (r) => ({
    type: 'stateRequest',
    request: r.u53(),
    slot: r.u53(),
    position: r.bytes16(STATE_POSITION_BYTES_MAX),
    sum: r.u32(),
  }),
});

/** One chunk of the state as applied through `slot`: rows first, then values of the history that is kept. */
export interface StateChunk {
  readonly type: 'stateChunk';
  readonly request: number;
  readonly promised: Ballot;
  readonly slot: Slot;
  /** The state hash at `slot`, 8 bytes. */
  readonly hash: Uint8Array;
  /** The values that come are those of the slots firstKept … slot. */
  readonly firstKept: Slot;
  readonly position: Uint8Array;
  /** Where the next chunk begins; empty: this was the last one. */
  readonly next: Uint8Array;
  /** {@link stateSum} over all chunks up to this one: nothing is damaged, missing or out of its order. */
  readonly sum: number;
  /** Items, see state-items.ts. */
  readonly bytes: Uint8Array;
}

export const stateChunkSpec = defineMessage<StateChunk>({
  type: 'stateChunk',
  code: 35,
  from: ['server'],
  to: ['server'],
  faultClass: 'g',
  limitClass: 'server',
  write(w, m) {
    w.u53(m.request);
    writeBallot(w, m.promised);
    w.u53(m.slot, 1);
    w.fixed(m.hash, HASH_BYTES);
    w.u53(m.firstKept, 1);
    w.bytes16(m.position, STATE_POSITION_BYTES_MAX);
    w.bytes16(m.next, STATE_POSITION_BYTES_MAX);
    w.u32(m.sum);
    w.bytes32(m.bytes);
  },
  read: (r) => ({
    type: 'stateChunk',
    request: r.u53(),
    promised: readBallot(r),
    slot: r.u53(1),
    hash: r.fixed(HASH_BYTES),
    firstKept: r.u53(1),
    position: r.bytes16(STATE_POSITION_BYTES_MAX),
    next: r.bytes16(STATE_POSITION_BYTES_MAX),
    sum: r.u32(),
    bytes: r.bytes32(),
  }),
});

/** The sum of a chunk: of its place and content, seeded with the sum of the chunk before it. */
export function stateSum(before: number, chunk: Pick<StateChunk, 'position' | 'next' | 'bytes'>): number {
  return crc32(chunk.bytes, crc32(chunk.next, crc32(chunk.position, before)));
}
