/** What a client and its server say: sessions, submits and answers, subscriptions, history, status. */
import { assert, limits } from '../../base/index.js';
import { ProtocolError } from '../errors.js';
import {
  clip,
  enumeration,
  HASH_BYTES,
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
import { GROUP_BYTES_MIN, readGroup, writeGroup } from '../group.js';
import { defineMessage } from '../message-spec.js';
import type { Reader } from '../reader.js';
import { assertRun, checkRun } from '../run.js';
import type { Ballot, ServerId, SessionId, Slot } from '../types.js';
import type { Writer } from '../writer.js';

/** Client → server: open a session through the log. The token comes with hello. A live nonce gives the same session again. */
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
  | 'UNKNOWN_COMMAND';

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

/** The body is the run and nothing else. Reading checks it to the last byte, so that no broken run can reach the log. */
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

/** Server → client: nothing of the session from `fromSeq` on was taken; ask again after `retryMs`. Says nothing about the log. */
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

/** Client → server: send me the room's events from number `fromEvent` on, for ever. 0: only what comes next. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly request: number;
  readonly room: string;
  readonly fromEvent: number;
  /** With fromEvent 0: begin this many posts before the end, if there are. */
  readonly lastPosts: number;
}

export const subscribeSpec = defineMessage<Subscribe>({
  type: 'subscribe',
  code: 56,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.string(m.room);
    w.u53(m.fromEvent);
    w.u32(m.lastPosts);
  },
  read: (r) => ({
    type: 'subscribe',
    request: r.u53(),
    room: r.string(),
    fromEvent: r.u53(),
    lastPosts: r.u32(),
  }),
});

/** Server → client: the subscription is open; `nextEvent` is the number of the first event that will be delivered. */
export interface Subscribed {
  readonly type: 'subscribed';
  readonly request: number;
  readonly code: OutcomeCode;
  readonly room: string;
  readonly nextEvent: number;
  /** The room's last event and post number at this moment. */
  readonly headEvent: number;
  readonly headN: number;
  readonly topic: string;
  readonly people: readonly string[];
}

export const subscribedSpec = defineMessage<Subscribed>({
  type: 'subscribed',
  code: 57,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(m.people.length <= limits.peopleListMax, `${m.people.length} people`);
    w.u53(m.request);
    outcomeCodes.write(w, m.code);
    w.string(m.room);
    w.u53(m.nextEvent);
    w.u53(m.headEvent);
    w.u53(m.headN);
    w.string(m.topic);
    writeStrings(w, m.people);
  },
  read: (r) => ({
    type: 'subscribed',
    request: r.u53(),
    code: outcomeCodes.read(r),
    room: r.string(),
    nextEvent: r.u53(),
    headEvent: r.u53(),
    headN: r.u53(),
    topic: r.string(),
    people: readStrings(r),
  }),
});

/** Client → server: no more deliveries of this room. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly room: string;
}

export const unsubscribeSpec = defineMessage<Unsubscribe>({
  type: 'unsubscribe',
  code: 58,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.string(m.room);
  },
  read: (r) => ({ type: 'unsubscribe', room: r.string() }),
});

/** What happened in a room. post and action have a number n; the others have none. */
export type EventKind = 'post' | 'action' | 'join' | 'leave' | 'topic' | 'nick';

export interface RoomEvent {
  readonly kind: EventKind;
  /** The author's name at apply. */
  readonly from: string;
  /** The text; for nick the new name; for join and leave "" . */
  readonly text: string;
  /** The author's session and seq, so that a client knows its own lines. */
  readonly session: SessionId;
  readonly seq: number;
}

/** The events of one room in one slot, numbered firstEvent, firstEvent+1 …; posts among them firstN, firstN+1 …. */
export interface EventGroup {
  readonly slot: Slot;
  /** The leader's wall clock when it proposed the slot, ms since 1970. Shown, never reasoned with. */
  readonly wallMs: number;
  readonly firstEvent: number;
  /** The number of the first post or action in this group or after it. */
  readonly firstN: number;
  readonly events: readonly RoomEvent[];
}

/** Server → subscribers: one Buffer shared by all subscribers of the room. */
export interface Deliver {
  readonly type: 'deliver';
  readonly room: string;
  readonly group: EventGroup;
}

export const deliverSpec = defineMessage<Deliver>({
  type: 'deliver',
  code: 59,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.string(m.room);
    writeGroup(w, m.group);
  },
  read: (r) => ({ type: 'deliver', room: r.string(), group: readGroup(r) }),
});

/**
 * Client → server: a page of at most `limit` events, either those before `event` (backwards) or from `event` on;
 * `by` says whether `event` counts events or posts. Pages are given in rising order whichever way they were asked.
 */
export interface History {
  readonly type: 'history';
  readonly request: number;
  readonly room: string;
  readonly direction: 'before' | 'from';
  readonly by: 'event' | 'post';
  /** 2^53-1 with direction before: from the end. */
  readonly event: number;
  /** 1..1000. */
  readonly limit: number;
  /** True: only after a read index, so that everything acknowledged before the request is seen. */
  readonly fresh: boolean;
}

const directions = enumeration<History['direction']>(['before', 'from']);
const counters = enumeration<History['by']>(['event', 'post']);

export const historySpec = defineMessage<History>({
  type: 'history',
  code: 60,
  from: ['client'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    assert(isPageLimit(m.limit), `page of ${m.limit}`);
    w.u53(m.request);
    w.string(m.room);
    directions.write(w, m.direction);
    counters.write(w, m.by);
    w.u53(m.event);
    w.u16(m.limit);
    w.bool(m.fresh);
  },
  read(r) {
    const request = r.u53();
    const room = r.string();
    const direction = directions.read(r);
    const by = counters.read(r);
    const event = r.u53();
    const limit = r.u16();
    if (!isPageLimit(limit)) throw new ProtocolError('outOfRange', `page of ${limit}`);
    return { type: 'history', request, room, direction, by, event, limit, fresh: r.bool() };
  },
});

function isPageLimit(limit: number): boolean {
  return limit >= 1 && limit <= limits.pageEventsMax;
}

/** Server → client: the page. `fresh` false although asked: no quorum answered, this is what is here. */
export interface Page {
  readonly type: 'page';
  readonly request: number;
  readonly code: OutcomeCode;
  readonly room: string;
  readonly fresh: boolean;
  readonly headEvent: number;
  readonly headN: number;
  readonly groups: readonly EventGroup[];
}

export const pageSpec = defineMessage<Page>({
  type: 'page',
  code: 61,
  from: ['server'],
  to: ['client'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    outcomeCodes.write(w, m.code);
    w.string(m.room);
    w.bool(m.fresh);
    w.u53(m.headEvent);
    w.u53(m.headN);
    writeList(w, m.groups, writeGroup);
  },
  read: (r) => ({
    type: 'page',
    request: r.u53(),
    code: outcomeCodes.read(r),
    room: r.string(),
    fresh: r.bool(),
    headEvent: r.u53(),
    headN: r.u53(),
    groups: readList(r, GROUP_BYTES_MIN, readGroup),
  }),
});

/** Operator or client → server. */
export interface StatusRequest {
  readonly type: 'statusRequest';
  readonly request: number;
}

export const statusRequestSpec = defineMessage<StatusRequest>({
  type: 'statusRequest',
  code: 62,
  from: ['client', 'operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
  },
  read: (r) => ({ type: 'statusRequest', request: r.u53() }),
});

export type ReplicaRole = 'leader' | 'candidate' | 'follower' | 'recovering';

/** How one server sees itself and the others. */
export interface Status {
  readonly type: 'status';
  readonly request: number;
  readonly serverId: ServerId;
  readonly clusterId: Uint8Array;
  readonly role: ReplicaRole;
  readonly leader: ServerId;
  readonly ballot: Ballot;
  readonly committed: Slot;
  readonly applied: Slot;
  readonly clients: number;
  readonly happy: boolean;
  readonly http: string;
  readonly faults: string;
  readonly note: string;
  readonly members: readonly { readonly id: ServerId; readonly address: string; readonly heard: boolean }[];
}

const replicaRoles = enumeration<ReplicaRole>(['leader', 'candidate', 'follower', 'recovering']);

/** id, an empty address and the flag. */
const STATUS_MEMBER_BYTES = 2 + 2 + 1;

export const statusSpec = defineMessage<Status>({
  type: 'status',
  code: 63,
  from: ['server'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.u16(m.serverId);
    w.fixed(m.clusterId, ID_BYTES);
    replicaRoles.write(w, m.role);
    w.u16(m.leader);
    writeBallot(w, m.ballot);
    w.u53(m.committed);
    w.u53(m.applied);
    w.u32(m.clients);
    w.bool(m.happy);
    w.string(m.http);
    w.string(m.faults);
    w.string(m.note);
    writeList(w, m.members, (_, member) => {
      w.u16(member.id);
      w.string(member.address);
      w.bool(member.heard);
    });
  },
  read: (r) => ({
    type: 'status',
    request: r.u53(),
    serverId: r.u16(),
    clusterId: r.fixed(ID_BYTES),
    role: replicaRoles.read(r),
    leader: r.u16(),
    ballot: readBallot(r),
    committed: r.u53(),
    applied: r.u53(),
    clients: r.u32(),
    happy: r.bool(),
    http: r.string(),
    faults: r.string(),
    note: r.string(),
    members: readList(r, STATUS_MEMBER_BYTES, () => ({ id: r.u16(), address: r.string(), heard: r.bool() })),
  }),
});

/** Operator → server: the state hash as applied through `slot`; 0 asks at the server's applied slot. */
export interface VerifyRequest {
  readonly type: 'verifyRequest';
  readonly request: number;
  readonly slot: Slot;
}

export const verifyRequestSpec = defineMessage<VerifyRequest>({
  type: 'verifyRequest',
  code: 64,
  from: ['operator'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.slot);
  },
  read: (r) => ({ type: 'verifyRequest', request: r.u53(), slot: r.u53() }),
});

/** Server → operator: `slot` is 0 when the hash at that slot is no longer (or not yet) known; then `nearest` is. */
export interface VerifyReply {
  readonly type: 'verifyReply';
  readonly request: number;
  readonly slot: Slot;
  /** 8 bytes. */
  readonly hash: Uint8Array;
  readonly applied: Slot;
  /** The highest multiple of 1,000 at or below the asked slot whose hash is known, 0 if none. */
  readonly nearest: Slot;
}

export const verifyReplySpec = defineMessage<VerifyReply>({
  type: 'verifyReply',
  code: 65,
  from: ['server'],
  to: ['operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.u53(m.slot);
    w.fixed(m.hash, HASH_BYTES);
    w.u53(m.applied);
    w.u53(m.nearest);
  },
  read: (r) => ({
    type: 'verifyReply',
    request: r.u53(),
    slot: r.u53(),
    hash: r.fixed(HASH_BYTES),
    applied: r.u53(),
    nearest: r.u53(),
  }),
});
