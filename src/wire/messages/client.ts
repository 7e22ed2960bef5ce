/** What a client and its server say: sessions, submits and answers, subscriptions, history, status. */
import type { Ballot, ServerId, SessionId, Slot } from '../types.js';

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

/** Client → server: this connection now speaks for an existing session (after a reroute). Answered by `registered`. */
export interface Resume {
  readonly type: 'resume';
  readonly request: number;
  readonly session: SessionId;
  readonly nonce: Uint8Array;
}

/**
 * Client → server: consecutive messages of one session. `run` is an encoded run (wire/run.ts) whose bytes go
 * unchanged into the log.
 */
export interface Submit {
  readonly type: 'submit';
  readonly run: Uint8Array;
}

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

/** Server → client: nothing of the session from `fromSeq` on was taken; ask again after `retryMs`. Says nothing about the log. */
export interface Busy {
  readonly type: 'busy';
  readonly session: SessionId;
  readonly fromSeq: number;
  readonly retryMs: number;
  readonly text: string;
}

/** Server → client: this request or session certainly can't be served; `request` or `session` says which. */
export interface Reject {
  readonly type: 'reject';
  readonly request: number;
  readonly session: SessionId;
  readonly code: OutcomeCode;
  readonly text: string;
}

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

/** Client → server: send me the room's events from number `fromEvent` on, for ever. 0: only what comes next. */
export interface Subscribe {
  readonly type: 'subscribe';
  readonly request: number;
  readonly room: string;
  readonly fromEvent: number;
  /** With fromEvent 0: begin this many posts before the end, if there are. */
  readonly lastPosts: number;
}

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

/** Client → server: no more deliveries of this room. */
export interface Unsubscribe {
  readonly type: 'unsubscribe';
  readonly room: string;
}

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

/** Operator or client → server. */
export interface StatusRequest {
  readonly type: 'statusRequest';
  readonly request: number;
}

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

/** Operator → server: the state hash as applied through `slot`; 0 asks at the server's applied slot. */
export interface VerifyRequest {
  readonly type: 'verifyRequest';
  readonly request: number;
  readonly slot: Slot;
}

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
