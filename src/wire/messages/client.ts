/** What a client and its server say about sessions: register, submit and the answers, how the server stands. */
import { assert, limits } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import {
  clip,
  enumeration,
  ID_BYTES,
  readBallot,
  readList,
  readSession,
  readStrings,
  writeBallot,
  writeList,
  writeSession,
  writeStrings,
} from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';
import { assertRun, checkRun } from '../run.js';
import type { Ballot, ServerId, SessionId, Slot } from '../types.js';
import type { Writer } from '../writer.js';

/**
 * Client → server: open a session through the log. The token comes with hello. A live nonce gives the same session
 * again.
 */
export interface Register {
  readonly type: 'register';
  readonly request: number;
  /** 16 random bytes, a secret. */
  readonly nonce: Uint8Array;
  readonly name: string;
  /** Unacknowledged messages the client wants to have in flight, 1..4096. */
  readonly window: number;
}

export const registerSpec = defineMessage<Register>({
  type: 'register',
  code: 48,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(isWindow(m.window), `window ${m.window}`);
    w.u53(m.request);
    w.fixed(m.nonce, ID_BYTES);
    w.string(m.name);
    w.u16(m.window);
  },
  read(r) {
    const request = r.u53();
    const nonce = r.fixed(ID_BYTES);
    const name = r.string();
    const window = r.u16();
    if (!isWindow(window)) throw new ProtocolError('outOfRange', `window ${window}`);
    return { type: 'register', request, nonce, name, window };
  },
});

function isWindow(window: number): boolean {
  return window >= 1 && window <= limits.sessionWindowMax;
}

/** What became of a registration or of one message. Everything but `ok` is certainly not in the room's log. */
export type OutcomeCode =
  | 'ok'
  | 'NAME_TAKEN'
  | 'BAD_NAME'
  | 'BAD_ROOM'
  | 'BAD_TEXT'
  | 'TOO_LONG'
  | 'NOT_ALLOWED'
  | 'BAD_NONCE'
  | 'SESSION_EXPIRED'
  | 'UNKNOWN_COMMAND'
  | 'NAME_BLOCKED';

/** Server → client: the register was applied. With a code other than ok no session exists. */
export interface Registered {
  readonly type: 'registered';
  readonly request: number;
  readonly code: OutcomeCode;
  readonly session: SessionId;
  readonly name: string;
  readonly window: number;
  /** The last seq applied, so that a client that lost its memory goes on behind it. */
  readonly lastSeq: number;
}

/** The codes in the order of their numbers on the wire; append only. */
export const outcomeCodes = enumeration<OutcomeCode>([
  'ok',
  'NAME_TAKEN',
  'BAD_NAME',
  'BAD_ROOM',
  'BAD_TEXT',
  'TOO_LONG',
  'NOT_ALLOWED',
  'BAD_NONCE',
  'SESSION_EXPIRED',
  'UNKNOWN_COMMAND',
  'NAME_BLOCKED',
]);

export const registeredSpec = defineMessage<Registered>({
  type: 'registered',
  code: 49,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    outcomeCodes.write(w, m.code);
    writeSession(w, m.session);
    w.string(m.name);
    w.u16(m.window);
    w.u53(m.lastSeq);
  },
  read: (r) => ({
    type: 'registered',
    request: r.u53(),
    code: outcomeCodes.read(r),
    session: readSession(r),
    name: r.string(),
    window: r.u16(),
    lastSeq: r.u53(),
  }),
});

/** Client → server: this connection now speaks for an existing session (after a reroute). Answered by `registered`. */
export interface Resume {
  readonly type: 'resume';
  readonly request: number;
  readonly session: SessionId;
  readonly nonce: Uint8Array;
}

export const resumeSpec = defineMessage<Resume>({
  type: 'resume',
  code: 50,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    writeSession(w, m.session);
    w.fixed(m.nonce, ID_BYTES);
  },
  read: (r) => ({ type: 'resume', request: r.u53(), session: readSession(r), nonce: r.fixed(ID_BYTES) }),
});

/**
 * Client → server: consecutive messages of one session. `run` is an encoded run (wire/run.ts) whose bytes go
 * unchanged into the log.
 */
export interface Submit {
  readonly type: 'submit';
  readonly run: Uint8Array;
}

/**
 * The body is the run and nothing else. Reading checks it to the last byte, so that no broken run can reach the log.
 */
export const submitSpec = defineMessage<Submit>({
  type: 'submit',
  code: 51,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assertRun(m.run);
    w.raw(m.run);
  },
  read(r) {
    const run = r.rest();
    checkRun(run);
    return { type: 'submit', run };
  },
});

/** `count` messages in a row with the same outcome; for ok posts n rises by one from `n`, else n is 0. */
export interface Outcome {
  readonly code: OutcomeCode;
  readonly count: number;
  readonly n: number;
}

/** Server → client: messages firstSeq … were applied in `slot`, in this order. */
export interface Ack {
  readonly type: 'ack';
  readonly session: SessionId;
  readonly firstSeq: number;
  readonly slot: Slot;
  readonly outcomes: readonly Outcome[];
}

/** code, count and n. */
const OUTCOME_BYTES = 1 + 2 + 8;

function writeOutcome(w: Writer, outcome: Outcome): void {
  assert(outcome.count > 0, 'an outcome of no messages');
  outcomeCodes.write(w, outcome.code);
  w.u16(outcome.count);
  w.u53(outcome.n);
}

function readOutcome(r: Reader): Outcome {
  const code = outcomeCodes.read(r);
  const count = r.u16();
  if (count === 0) throw new ProtocolError('outOfRange', 'an outcome of no messages');
  return { code, count, n: r.u53() };
}

export const ackSpec = defineMessage<Ack>({
  type: 'ack',
  code: 52,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    writeSession(w, m.session);
    w.u53(m.firstSeq, 1);
    w.u53(m.slot, 1);
    writeList(w, m.outcomes, writeOutcome);
  },
  read: (r) => ({
    type: 'ack',
    session: readSession(r),
    firstSeq: r.u53(1),
    slot: r.u53(1),
    outcomes: readList(r, OUTCOME_BYTES, readOutcome),
  }),
});

/**
 * Server → client: nothing of the session from `fromSeq` on was taken; ask again after `retryMs`. Says nothing about
 * the log.
 */
export interface Busy {
  readonly type: 'busy';
  readonly session: SessionId;
  readonly fromSeq: number;
  readonly retryMs: number;
  readonly text: string;
}

export const busySpec = defineMessage<Busy>({
  type: 'busy',
  code: 53,
  from: ['server'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    writeSession(w, m.session);
    w.u53(m.fromSeq);
    w.u32(m.retryMs);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({
    type: 'busy',
    session: readSession(r),
    fromSeq: r.u53(),
    retryMs: r.u32(),
    text: r.string(),
  }),
});

/** Server → client: this request or session certainly can't be served; `request` or `session` says which. */
export interface Reject {
  readonly type: 'reject';
  readonly request: number;
  readonly session: SessionId;
  readonly code: OutcomeCode;
  readonly text: string;
}

export const rejectSpec = defineMessage<Reject>({
  type: 'reject',
  code: 54,
  from: ['server'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    writeSession(w, m.session);
    outcomeCodes.write(w, m.code);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({
    type: 'reject',
    request: r.u53(),
    session: readSession(r),
    code: outcomeCodes.read(r),
    text: r.string(),
  }),
});

/** Server → client, unasked, whenever it changes: does this server have a leader, who leads, how many are up. */
export interface Standing {
  readonly type: 'standing';
  readonly leader: ServerId;
  readonly ballot: Ballot;
  readonly up: number;
  readonly servers: number;
  /** True when the server asks its clients to move: it hears no leader while a neighbour does. */
  readonly move: boolean;
  /** The addresses of all servers as this one knows them, to be cached for reroutes. */
  readonly addresses: readonly string[];
}

export const standingSpec = defineMessage<Standing>({
  type: 'standing',
  code: 55,
  from: ['server'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u16(m.leader);
    writeBallot(w, m.ballot);
    w.u16(m.up);
    w.u16(m.servers);
    w.bool(m.move);
    writeStrings(w, m.addresses);
  },
  read: (r) => ({
    type: 'standing',
    leader: r.u16(),
    ballot: readBallot(r),
    up: r.u16(),
    servers: r.u16(),
    move: r.bool(),
    addresses: readStrings(r),
  }),
});
