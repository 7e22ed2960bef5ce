/**
 * What a client tells its user: the objects that `--json` prints (CONTRACT.md, Output), and a few that only programs
 * want.
 */
import type { DirectRoom, EventGroup, OutcomeCode, RefusalCode } from '../wire/index.js';

/** Not all servers have registered yet; the client asks again by itself. */
export interface WaitingEvent {
  readonly event: 'waiting';
  readonly for: 'servers';
  readonly registered: number;
  readonly servers: number;
}

/** Hello answered and every subscription open. It needs no quorum, no session and no caught-up server. */
export interface ConnectedEvent {
  readonly event: 'connected';
  readonly server: number;
  readonly address: string;
}

/** No connection, or none any more. `server` is 0 when none was reached. The next attempt comes by itself. */
export interface DisconnectedEvent {
  readonly event: 'disconnected';
  readonly server: number;
  readonly reason: string;
  readonly retryInMs: number;
}

/** A majority is up (ok) or not; told whenever it changes. */
export interface QuorumEvent {
  readonly event: 'quorum';
  readonly ok: boolean;
  readonly up: number;
  readonly servers: number;
}

/** A post or `/me` of a room, each exactly once and in the room's order. */
export interface MessageEvent {
  readonly event: 'message';
  readonly room: string;
  /** 1, 2, 3… per room without gaps. */
  readonly n: number;
  readonly slot: number;
  readonly from: string;
  readonly text: string;
  /** The leader's wall clock, ISO 8601. Shown, never reasoned with. */
  readonly time: string;
  /** Present and true for `/me`. */
  readonly action?: true;
  /** Present for a line of this very client: the id that `post` returned. */
  readonly id?: number;
}

/**
 * Where one of the user's own lines stands. queued: not submitted yet. sending: a server has it. committed: in the log
 * for ever. unconfirmed: no answer for long; it may or may not be there (reason says when it is not retried any more).
 * failed: certainly not in the log.
 */
export type LineState = 'queued' | 'sending' | 'committed' | 'unconfirmed' | 'failed';

export interface StateEvent {
  readonly event: 'state';
  readonly id: number;
  readonly state: LineState;
  readonly room: string;
  /** With committed. */
  readonly slot?: number;
  /** With committed, for posts and `/me`. */
  readonly n?: number;
  /** With failed, and with unconfirmed when it will not be sent again. */
  readonly reason?: string;
}

/** What happened in a room besides messages. */
export interface RoomNotice {
  readonly event: 'room';
  readonly room: string;
  readonly kind: 'join' | 'leave' | 'topic' | 'nick';
  readonly from: string;
  readonly text: string;
  readonly slot: number;
}

/**
 * Codes of the `error` event besides those that come in frames. GAP: events were missing and are asked for again, or
 * are no longer kept. DELETED: the room's retention deleted messages before this client had them.
 */
export type ClientErrorCode = OutcomeCode | RefusalCode | 'GAP' | 'DELETED' | 'TLS';

/**
 * The cluster is another one than before: restored from a backup, or made anew at the same addresses. Everything of the
 * old one is over when this comes: its lines have ended, questions were answered with OTHER_CLUSTER, each room that is
 * subscribed to begins anew, and numbers of messages, events and slots mean nothing beside the old ones. It comes
 * before anything of the new cluster.
 */
export interface ClusterEvent {
  readonly event: 'cluster';
  /** 32 hexadecimal digits each. */
  readonly before: string;
  readonly now: string;
  /** Lines that ended as UNKNOWN, and as NOT_SENT. */
  readonly unconfirmed: number;
  readonly notSent: number;
  /** What happened, and what to do. */
  readonly text: string;
}

/** Something the user should know; `text` says what happened, what it means and what to do. */
export interface ErrorEvent {
  readonly event: 'error';
  readonly code: ClientErrorCode;
  readonly text: string;
}

/** A subscription is open: the room as it stood then. */
export interface SubscribedEvent {
  readonly event: 'subscribed';
  readonly room: string;
  /** The number of the first event that will be delivered. */
  readonly nextEvent: number;
  readonly headEvent: number;
  readonly headN: number;
  readonly topic: string;
  readonly people: readonly string[];
}

/**
 * Direct rooms that this user's token may read: all of them after each connect and registration, and (`news`) those in
 * which something has just happened that are not subscribed to. `subscribe` to what you want to follow.
 */
export interface DirectEvent {
  readonly event: 'direct';
  readonly news: boolean;
  readonly rooms: readonly DirectRoom[];
}

/** Raw deliveries, for programs that want events without an object each; only what is new in `group` from `skip` on. */
export interface GroupEvent {
  readonly event: 'group';
  readonly room: string;
  readonly group: EventGroup;
  /** Leading events of `group` that were delivered before. */
  readonly skip: number;
  /** This client's own lines in it: the id that `post` returned, by the event's index; undefined if there is none. */
  readonly ids: ReadonlyMap<number, number> | undefined;
}

/** Where the connection stands. */
export type Phase = 'idle' | 'routing' | 'dialling' | 'greeting' | 'ready' | 'waiting' | 'closed';

export interface PhaseEvent {
  readonly event: 'phase';
  readonly phase: Phase;
}

/** Every event by name; `any` receives all of them but `group`. */
export interface ClientEvents {
  waiting: WaitingEvent;
  connected: ConnectedEvent;
  disconnected: DisconnectedEvent;
  quorum: QuorumEvent;
  message: MessageEvent;
  state: StateEvent;
  room: RoomNotice;
  cluster: ClusterEvent;
  error: ErrorEvent;
  subscribed: SubscribedEvent;
  direct: DirectEvent;
  phase: PhaseEvent;
  group: GroupEvent;
}

export type ClientEvent = ClientEvents[keyof ClientEvents];
