/** How a server shows itself to operators: status and the hash by which logs are compared. */
import { enumeration, HASH_BYTES, ID_BYTES, readBallot, readList, writeBallot, writeList } from '../fields.js';
import { defineMessage } from '../message-spec.js';
import type { Ballot, ServerId, Slot } from '../types.js';

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
