/** What servers and clients say to the balancer: registration, the seal, load reports, placement. */
import { limits } from '../../base/index.js';
import { enumeration, ID_BYTES, readList, readStrings, writeList, writeStrings } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Member, MemberAddress, ServerId } from '../types.js';

/** Server → balancer after hello(role registrant): who I am is in hello; id 0 asks for one that is still missing. */
export interface Join {
  readonly type: 'join';
  readonly serverId: ServerId;
  readonly address: string;
  /** The membership this server is sealed with; empty if it was never sealed. */
  readonly members: readonly Member[];
}

/** id and birth id. */
const MEMBER_BYTES = 2 + ID_BYTES;

export const joinSpec = defineMessage<Join>({
  type: 'join',
  code: 80,
  from: ['server'],
  to: ['balancer'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u16(m.serverId);
    w.string(m.address, limits.addressBytesMax);
    writeList(w, m.members, (_, member) => {
      w.u16(member.id);
      w.fixed(member.birthId, ID_BYTES);
    });
  },
  read: (r) => ({
    type: 'join',
    serverId: r.u16(),
    address: r.string(limits.addressBytesMax),
    members: readList(r, MEMBER_BYTES, () => ({ id: r.u16(), birthId: r.fixed(ID_BYTES) })),
  }),
});

/** Balancer → server: not sealed yet; also says which id it was given. */
export interface Waiting {
  readonly type: 'waiting';
  readonly serverId: ServerId;
  readonly registered: number;
  readonly servers: number;
}

export const waitingSpec = defineMessage<Waiting>({
  type: 'waiting',
  code: 81,
  from: ['balancer'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u16(m.serverId);
    w.u16(m.registered);
    w.u16(m.servers);
  },
  read: (r) => ({ type: 'waiting', serverId: r.u16(), registered: r.u16(), servers: r.u16() }),
});

/** Balancer → server: the membership, durable before it is told; sent again whenever an address changes. */
export interface Sealed {
  readonly type: 'sealed';
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  /** True for a known id that comes back. */
  readonly recovering: boolean;
  readonly members: readonly MemberAddress[];
}

/** id, birth id and an empty address. */
const MEMBER_ADDRESS_BYTES = MEMBER_BYTES + 2;

export const sealedSpec = defineMessage<Sealed>({
  type: 'sealed',
  code: 82,
  from: ['balancer'],
  to: ['server'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.fixed(m.clusterId, ID_BYTES);
    w.u53(m.epoch);
    w.bool(m.recovering);
    writeList(w, m.members, (_, member) => {
      w.u16(member.id);
      w.fixed(member.birthId, ID_BYTES);
      w.string(member.address, limits.addressBytesMax);
    });
  },
  read: (r) => ({
    type: 'sealed',
    clusterId: r.fixed(ID_BYTES),
    epoch: r.u53(),
    recovering: r.bool(),
    members: readList(r, MEMBER_ADDRESS_BYTES, () => ({
      id: r.u16(),
      birthId: r.fixed(ID_BYTES),
      address: r.string(limits.addressBytesMax),
    })),
  }),
});

/** Server → balancer, every second and on change. */
export interface Report {
  readonly type: 'report';
  readonly clients: number;
  /** Sessions or connections that arrived since the last report, so that placements can be confirmed. */
  readonly arrived: number;
  readonly leader: ServerId;
  readonly hasMajority: boolean;
}

export const reportSpec = defineMessage<Report>({
  type: 'report',
  code: 83,
  from: ['server'],
  to: ['balancer'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u32(m.clients);
    w.u32(m.arrived);
    w.u16(m.leader);
    w.bool(m.hasMajority);
  },
  read: (r) => ({ type: 'report', clients: r.u32(), arrived: r.u32(), leader: r.u16(), hasMajority: r.bool() }),
});

/** Client → balancer: where shall I go? */
export interface Route {
  readonly type: 'route';
  readonly request: number;
  readonly kind: 'init' | 'retry';
  /** With retry: the address that failed; never given back in the answer. */
  readonly failed: string;
}

const routeKinds = enumeration<Route['kind']>(['init', 'retry']);

export const routeSpec = defineMessage<Route>({
  type: 'route',
  code: 84,
  from: ['client', 'operator'],
  to: ['balancer'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    routeKinds.write(w, m.kind);
    w.string(m.failed, limits.addressBytesMax);
  },
  read: (r) => ({
    type: 'route',
    request: r.u53(),
    kind: routeKinds.read(r),
    failed: r.string(limits.addressBytesMax),
  }),
});

/** Balancer → client. notReady: registered of servers are in; mostFail: fewer than a majority live. */
export interface Routed {
  readonly type: 'routed';
  readonly request: number;
  readonly status: 'ok' | 'notReady' | 'mostFail';
  /** The chosen server, "" unless ok. */
  readonly address: string;
  readonly registered: number;
  readonly up: number;
  readonly servers: number;
  /** Every known server address, to be cached for the time when the balancer is down. */
  readonly addresses: readonly string[];
}

const routeStatuses = enumeration<Routed['status']>(['ok', 'notReady', 'mostFail']);

export const routedSpec = defineMessage<Routed>({
  type: 'routed',
  code: 85,
  from: ['balancer'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    routeStatuses.write(w, m.status);
    w.string(m.address, limits.addressBytesMax);
    w.u16(m.registered);
    w.u16(m.up);
    w.u16(m.servers);
    writeStrings(w, m.addresses);
  },
  read: (r) => ({
    type: 'routed',
    request: r.u53(),
    status: routeStatuses.read(r),
    address: r.string(limits.addressBytesMax),
    registered: r.u16(),
    up: r.u16(),
    servers: r.u16(),
    addresses: readStrings(r),
  }),
});

/** Operator → balancer: the member table; answered by `members`. */
export interface MembersRequest {
  readonly type: 'membersRequest';
  readonly request: number;
}

export const membersRequestSpec = defineMessage<MembersRequest>({
  type: 'membersRequest',
  code: 86,
  from: ['client', 'operator'],
  to: ['balancer'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
  },
  read: (r) => ({ type: 'membersRequest', request: r.u53() }),
});

export interface Members {
  readonly type: 'members';
  readonly request: number;
  readonly sealed: boolean;
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  readonly servers: number;
  readonly members: readonly {
    readonly id: ServerId;
    readonly address: string;
    readonly live: boolean;
    readonly clients: number;
  }[];
}

/** id, an empty address, the flag and the load. */
const MEMBER_ROW_BYTES = 2 + 2 + 1 + 4;

/** Balancer → operator: the member table. */
export const membersSpec = defineMessage<Members>({
  type: 'members',
  code: 87,
  from: ['balancer'],
  to: ['client', 'operator'],
  faultClass: undefined,
  limitClass: 'client',
  write(w, m) {
    w.u53(m.request);
    w.bool(m.sealed);
    w.fixed(m.clusterId, ID_BYTES);
    w.u53(m.epoch);
    w.u16(m.servers);
    writeList(w, m.members, (_, member) => {
      w.u16(member.id);
      w.string(member.address, limits.addressBytesMax);
      w.bool(member.live);
      w.u32(member.clients);
    });
  },
  read: (r) => ({
    type: 'members',
    request: r.u53(),
    sealed: r.bool(),
    clusterId: r.fixed(ID_BYTES),
    epoch: r.u53(),
    servers: r.u16(),
    members: readList(r, MEMBER_ROW_BYTES, () => ({
      id: r.u16(),
      address: r.string(limits.addressBytesMax),
      live: r.bool(),
      clients: r.u32(),
    })),
  }),
});
