/**
 * How a lagging server fetches chosen slots, or the whole state when the slots are gone. Server → server, fault class
 * g.
 */
import { assert, U53_MAX } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import { HASH_BYTES, readBallot, writeBallot } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Ballot, Slot } from '../types.js';

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
  /** The lowest slot the responder's log still holds; above `from` it tells the asker to fetch state. */
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

/** Lagging server → peer: send me the bytes of your state from `offset`; slot 0 starts a new transfer. */
export interface StateRequest {
  readonly type: 'stateRequest';
  readonly request: number;
  readonly slot: Slot;
  readonly offset: number;
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
    w.u53(m.offset);
  },
  read: (r) => ({ type: 'stateRequest', request: r.u53(), slot: r.u53(), offset: r.u53() }),
});

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

export const stateChunkSpec = defineMessage<StateChunk>({
  type: 'stateChunk',
  code: 35,
  from: ['server'],
  to: ['server'],
  faultClass: 'g',
  limitClass: 'server',
  write(w, m) {
    assert(m.offset + m.bytes.length <= m.totalBytes, `chunk ${m.offset}+${m.bytes.length} of ${m.totalBytes}`);
    w.u53(m.request);
    writeBallot(w, m.promised);
    w.u53(m.slot);
    w.u53(m.totalBytes);
    w.u53(m.offset);
    w.fixed(m.hash, HASH_BYTES);
    w.bytes32(m.bytes);
  },
  read(r) {
    const request = r.u53();
    const promised = readBallot(r);
    const slot = r.u53();
    const totalBytes = r.u53();
    const offset = r.u53();
    const hash = r.fixed(HASH_BYTES);
    const bytes = r.bytes32();
    if (offset > totalBytes - bytes.length) {
      throw new ProtocolError('outOfRange', `chunk ${offset}+${bytes.length} of ${totalBytes}`);
    }
    return { type: 'stateChunk', request, promised, slot, totalBytes, offset, hash, bytes };
  },
});
