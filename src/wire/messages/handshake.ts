/** The first frames of every connection, its keep-alive and its farewell: hello, welcome, refuse, ping, pong, goodbye. */
import type { Incarnation, ServerId } from '../types.js';

/** Who is calling: decides what the connection may carry afterwards. */
export type HelloRole = 'client' | 'server' | 'registrant' | 'operator';

/** How the caller proves who it is. `token` carries the user's 32 secret bytes; `challenge` is reserved for cluster secrets. */
export type AuthMethod = 'none' | 'token' | 'challenge';

/** Caller → listener, the first frame on every connection, within 5 s. */
export interface Hello {
  readonly type: 'hello';
  readonly role: HelloRole;
  /** Lowest and highest wire version the caller speaks. */
  readonly versionMin: number;
  readonly versionMax: number;
  /** Optional abilities, one bit each; unknown bits are ignored. */
  readonly features: number;
  /** 16 bytes; all zero when the caller knows no cluster yet. */
  readonly clusterId: Uint8Array;
  /** 16 bytes over ids, birth ids and epoch, never addresses; all zero when unknown. */
  readonly membershipHash: Uint8Array;
  readonly epoch: number;
  /** 0 for clients. */
  readonly serverId: ServerId;
  /** 0 for clients. */
  readonly incarnation: Incarnation;
  /** 16 bytes; all zero for clients. */
  readonly birthId: Uint8Array;
  readonly authMethod: AuthMethod;
  /** At most 512 bytes. */
  readonly auth: Uint8Array;
  /** The `host:port` at which the caller can be reached, or "" . */
  readonly address: string;
}

/** Listener → caller: the connection is accepted; `version` is the one both will speak. */
export interface Welcome {
  readonly type: 'welcome';
  readonly version: number;
  readonly features: number;
  readonly clusterId: Uint8Array;
  readonly membershipHash: Uint8Array;
  readonly epoch: number;
  readonly serverId: ServerId;
  readonly incarnation: Incarnation;
  readonly authMethod: AuthMethod;
  readonly auth: Uint8Array;
}

/** Why a connection or a request is refused or ended; the closed set shared by every farewell. */
export type RefusalCode =
  | 'BAD_VERSION'
  | 'BAD_HELLO'
  | 'FOREIGN_CLUSTER'
  | 'UNKNOWN_ID'
  | 'DUPLICATE_ID'
  | 'EMPTIED_DISK'
  | 'OLD_INCARNATION'
  | 'NOT_READY'
  | 'BUSY'
  | 'TOO_SLOW'
  | 'PROTOCOL_ERROR'
  | 'FORBIDDEN'
  | 'NO_LEADER'
  | 'SHUTTING_DOWN'
  | 'DISK_FULL'
  | 'DISK_DAMAGED'
  | 'INTERNAL';

/** Listener → caller instead of welcome, or either side before it closes. `text` ends in what to do next. */
export interface Refuse {
  readonly type: 'refuse';
  readonly code: RefusalCode;
  readonly text: string;
}

/** Either side, at any time; the answer repeats `token`. */
export interface Ping {
  readonly type: 'ping';
  readonly token: number;
}

export interface Pong {
  readonly type: 'pong';
  readonly token: number;
}

/** Either side: an orderly end; nothing follows. */
export interface Goodbye {
  readonly type: 'goodbye';
  readonly code: RefusalCode;
  readonly text: string;
}
