/** What servers and clients say to the balancer: registration, the seal, load reports, placement. */
import type { Member, MemberAddress, ServerId } from '../types.js';

/** Server → balancer after hello(role registrant): who I am is in hello; id 0 asks for one that is still missing. */
export interface Join {
  readonly type: 'join';
  readonly serverId: ServerId;
  readonly address: string;
  /** The membership this server is sealed with; empty if it was never sealed. */
  readonly members: readonly Member[];
}

/** Balancer → server: not sealed yet; also says which id it was given. */
export interface Waiting {
  readonly type: 'waiting';
  readonly serverId: ServerId;
  readonly registered: number;
  readonly servers: number;
}

/** Balancer → server: the membership, durable before it is told; sent again whenever an address changes. */
export interface Sealed {
  readonly type: 'sealed';
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  /** True for a known id that comes back. */
  readonly recovering: boolean;
  readonly members: readonly MemberAddress[];
}

/** Server → balancer, every second and on change. */
export interface Report {
  readonly type: 'report';
  readonly clients: number;
  /** Sessions or connections that arrived since the last report, so that placements can be confirmed. */
  readonly arrived: number;
  readonly leader: ServerId;
  readonly hasMajority: boolean;
}

/** Client → balancer: where shall I go? */
export interface Route {
  readonly type: 'route';
  readonly request: number;
  readonly kind: 'init' | 'retry';
  /** With retry: the address that failed; never given back in the answer. */
  readonly failed: string;
}

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

/** Operator → balancer: the member table; answered by `members`. */
export interface MembersRequest {
  readonly type: 'membersRequest';
  readonly request: number;
}

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
