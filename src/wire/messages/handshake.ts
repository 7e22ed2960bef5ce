/**
 * The first frames of every connection, its keep-alive and its farewell: hello, welcome, refuse, ping, pong, goodbye.
 */
import { limits } from '../../base/index.js';
import { clip, enumeration, ID_BYTES } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Incarnation, ServerId } from '../types.js';

/** Who is calling: decides what the connection may carry afterwards. */
export type HelloRole = 'client' | 'server' | 'registrant' | 'operator';

/**
 * How the caller proves who it is. `token` carries the user's 32 secret bytes; `challenge` the name of a key (8 bytes)
 * and a nonce (32 bytes): the caller wants to prove that it knows the key, and the listener to prove it first.
 */
export type AuthMethod = 'none' | 'token' | 'challenge';

/** Optional abilities, bits of `features` in hello and welcome: what may be sent to whom beyond what 0.3 knew. */
export const features = Object.freeze({
  /** Knows the message `serves`. */
  serves: 1,
  /** Knows what operators decide: of a server the item `decision`, of anybody the message `kept` and NAME_BLOCKED. */
  decisions: 8,
  /** A server that answers `listRooms`. */
  listRooms: 16,
});

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

const helloRoles = enumeration<HelloRole>(['client', 'server', 'registrant', 'operator']);
export const authMethods = enumeration<AuthMethod>(['none', 'token', 'challenge']);

export const helloSpec = defineMessage<Hello>({
  type: 'hello',
  code: 1,
  from: ['client', 'operator', 'server'],
  to: ['server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    helloRoles.write(w, m.role);
    w.u8(m.versionMin);
    w.u8(m.versionMax);
    w.u32(m.features);
    w.fixed(m.clusterId, ID_BYTES);
    w.fixed(m.membershipHash, ID_BYTES);
    w.u53(m.epoch);
    w.u16(m.serverId);
    w.u53(m.incarnation);
    w.fixed(m.birthId, ID_BYTES);
    authMethods.write(w, m.authMethod);
    w.bytes16(m.auth, limits.authBytesMax);
    w.string(m.address, limits.addressBytesMax);
  },
  read: (r) => ({
    type: 'hello',
    role: helloRoles.read(r),
    versionMin: r.u8(),
    versionMax: r.u8(),
    features: r.u32(),
    clusterId: r.fixed(ID_BYTES),
    membershipHash: r.fixed(ID_BYTES),
    epoch: r.u53(),
    serverId: r.u16(),
    incarnation: r.u53(),
    birthId: r.fixed(ID_BYTES),
    authMethod: authMethods.read(r),
    auth: r.bytes16(limits.authBytesMax),
    address: r.string(limits.addressBytesMax),
  }),
});

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

export const welcomeSpec = defineMessage<Welcome>({
  type: 'welcome',
  code: 2,
  from: ['server', 'balancer'],
  to: ['client', 'operator', 'server'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    w.u8(m.version);
    w.u32(m.features);
    w.fixed(m.clusterId, ID_BYTES);
    w.fixed(m.membershipHash, ID_BYTES);
    w.u53(m.epoch);
    w.u16(m.serverId);
    w.u53(m.incarnation);
    authMethods.write(w, m.authMethod);
    w.bytes16(m.auth, limits.authBytesMax);
  },
  read: (r) => ({
    type: 'welcome',
    version: r.u8(),
    features: r.u32(),
    clusterId: r.fixed(ID_BYTES),
    membershipHash: r.fixed(ID_BYTES),
    epoch: r.u53(),
    serverId: r.u16(),
    incarnation: r.u53(),
    authMethod: authMethods.read(r),
    auth: r.bytes16(limits.authBytesMax),
  }),
});

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

/** The codes in the order of their numbers on the wire; append only. */
export const refusalCodes = enumeration<RefusalCode>([
  'BAD_VERSION',
  'BAD_HELLO',
  'FOREIGN_CLUSTER',
  'UNKNOWN_ID',
  'DUPLICATE_ID',
  'EMPTIED_DISK',
  'OLD_INCARNATION',
  'NOT_READY',
  'BUSY',
  'TOO_SLOW',
  'PROTOCOL_ERROR',
  'FORBIDDEN',
  'NO_LEADER',
  'SHUTTING_DOWN',
  'DISK_FULL',
  'DISK_DAMAGED',
  'INTERNAL',
]);

export const refuseSpec = defineMessage<Refuse>({
  type: 'refuse',
  code: 3,
  from: ['client', 'operator', 'server', 'balancer'],
  to: ['client', 'operator', 'server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    refusalCodes.write(w, m.code);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({
    type: 'refuse',
    code: refusalCodes.read(r),
    text: r.string(),
  }),
});

/** Either side, at any time; the answer repeats `token`. */
export interface Ping {
  readonly type: 'ping';
  readonly token: number;
}

export const pingSpec = defineMessage<Ping>({
  type: 'ping',
  code: 4,
  from: ['client', 'operator', 'server', 'balancer'],
  to: ['client', 'operator', 'server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    w.u53(m.token);
  },
  read: (r) => ({ type: 'ping', token: r.u53() }),
});

export interface Pong {
  readonly type: 'pong';
  readonly token: number;
}

export const pongSpec = defineMessage<Pong>({
  type: 'pong',
  code: 5,
  from: ['client', 'operator', 'server', 'balancer'],
  to: ['client', 'operator', 'server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    w.u53(m.token);
  },
  read: (r) => ({ type: 'pong', token: r.u53() }),
});

/** Either side: an orderly end; nothing follows. */
export interface Goodbye {
  readonly type: 'goodbye';
  readonly code: RefusalCode;
  readonly text: string;
}

export const goodbyeSpec = defineMessage<Goodbye>({
  type: 'goodbye',
  code: 6,
  from: ['client', 'operator', 'server', 'balancer'],
  to: ['client', 'operator', 'server', 'balancer'],
  faultClass: undefined,
  limitClass: 'hello',
  write(w, m) {
    refusalCodes.write(w, m.code);
    w.string(clip(m.text, limits.refusalTextCharsMax));
  },
  read: (r) => ({
    type: 'goodbye',
    code: refusalCodes.read(r),
    text: r.string(),
  }),
});
