/** Who may be a member: the pure decision about one registration (BEHAVIOUR.md 3.1-3.3). */
import { equalBytes, isAllZero, toHex } from '../../base/index.js';
import type { Member, MemberAddress, RefusalCode, Seats, ServerId } from '../../wire/index.js';
import { sameMembers } from '../members.js';

/**
 * The membership: sealed once, and then as the cluster's log has changed it. Addresses are advice and may change at any
 * time.
 */
export interface Seal {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  /** Rising by id; those included that will take another one's seat. */
  readonly members: readonly MemberAddress[];
  /** The ids among them that have no seat of their own yet. */
  readonly joining: readonly ServerId[];
}

/** How many servers make the cluster. */
export function seatsOf({ members, joining }: Seal): number {
  return members.length - joining.length;
}

/**
 * `seal` is further in the same cluster's log than `than`. One that was taken over from a server lacks those who have
 * no seat of their own, so that of two of one epoch the one with more members knows more.
 */
export function isNewerSeal(seal: Seal, than: Seal): boolean {
  return seal.epoch > than.epoch || (seal.epoch === than.epoch && seal.members.length > than.members.length);
}

/** What the log of a registered server makes of the seal; undefined if that is nothing new. */
export function changedSeal(seal: Seal, { epoch, seats }: Pick<Seats, 'epoch' | 'seats'>): Seal | undefined {
  // A seal that was taken over from a server lacks those who have no seat of their own.
  if (epoch < seal.epoch || (epoch === seal.epoch && seats.length === seal.members.length)) return undefined;
  const members = seats.map(({ id, birthId, address }) => ({
    id,
    birthId: Uint8Array.from(birthId),
    address: seal.members.find((member) => member.id === id)?.address || address,
  }));
  const joining = seats.filter(({ takes }) => takes !== 0).map(({ id }) => id);
  return { clusterId: seal.clusterId, epoch, members: members.sort((a, b) => a.id - b.id), joining };
}

/** What a server says of itself when it registers. */
export interface Applicant {
  /** 0: give me an id that is still missing. */
  readonly id: ServerId;
  readonly address: string;
  readonly birthId: Uint8Array;
  readonly incarnation: number;
  /** All zero: never sealed. */
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  /** The membership it was sealed with; empty if never. */
  readonly members: readonly Member[];
}

/** What the balancer knows when an applicant comes. */
export interface Standing {
  /** N: how many servers make the cluster, as long as nothing is sealed. */
  readonly servers: number;
  readonly seal: Seal | undefined;
  /** Registrants whose link is open now, by id; before the seal only these count. */
  readonly connected: ReadonlyMap<ServerId, Applicant>;
}

export type Verdict =
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly text: string }
  /**
   * Somebody with this id, or with this data directory, is connected as `id`: probe that link, then ask again, either
   * with `alive` or with the dead link taken out of `connected`.
   */
  | { readonly kind: 'probe'; readonly id: ServerId }
  /** Taken; the membership is not complete yet. */
  | { readonly kind: 'wait'; readonly id: ServerId; readonly registered: number }
  /** Taken, and the last one missing: seal these members under a new cluster id. */
  | { readonly kind: 'mint'; readonly id: ServerId; readonly members: readonly MemberAddress[] }
  /** Taken; it shows the membership of a running cluster: seal that. */
  | { readonly kind: 'adopt'; readonly id: ServerId; readonly seal: Seal }
  /** A member comes back, or a server that says it is one with a directory that is not (yet) the member's. */
  | { readonly kind: 'back'; readonly id: ServerId };

/**
 * Decides about one applicant. `alive`: the link that an earlier `probe` verdict named has answered.
 */
export function decide(standing: Standing, applicant: Applicant, alive = false): Verdict {
  if (standing.seal !== undefined) return decideSealed(standing.seal, standing, applicant, alive);
  if (!isAllZero(applicant.clusterId)) return decideAdoption(standing, applicant, alive);
  const id = applicant.id === 0 ? missingId(standing, applicant) : applicant.id;
  const held = heldByAnother(standing, id, applicant, alive);
  if (held !== undefined) return held;
  const others = [...standing.connected.values()].filter((registrant) => registrant.id !== id);
  if (others.length + 1 < standing.servers) return { kind: 'wait', id, registered: others.length + 1 };
  const members = [...others, { ...applicant, id }]
    .map(({ id, birthId, address }) => ({ id, birthId, address }))
    .sort((a, b) => a.id - b.id);
  return { kind: 'mint', id, members };
}

/** After the seal: members with their own disks come back, everybody else is refused. */
function decideSealed(seal: Seal, standing: Standing, applicant: Applicant, alive: boolean): Verdict {
  const ids = seal.members.map((member) => member.id).join(', ');
  if (!isAllZero(applicant.clusterId) && !equalBytes(applicant.clusterId, seal.clusterId)) {
    return refuse(
      'FOREIGN_CLUSTER',
      `server ${applicant.id} belongs to cluster ${hex(applicant.clusterId)}, this balancer to ` +
        `${hex(seal.clusterId)}: ` +
        'use the balancer of its own cluster, or another --data-dir',
    );
  }
  if (applicant.id === 0) {
    return refuse(
      'UNKNOWN_ID',
      `the membership is sealed with the ids ${ids} and misses none: start with one of these ids`,
    );
  }
  const member = seal.members.find((candidate) => candidate.id === applicant.id);
  if (member === undefined) {
    const was = !isAllZero(applicant.clusterId);
    return refuse(
      'UNKNOWN_ID',
      was
        ? `server ${applicant.id} was replaced, or its invitation taken back; the members are ${ids}: nothing it holds ` +
            'is needed; to use its machine, start a new id with an empty --data-dir (synod server replace --help)'
        : `INVALID: server ${applicant.id} is not one of the sealed members ${ids}: start with one of these ids, or ` +
            `give it a seat first (synod server replace OLD --with ${applicant.id})`,
    );
  }
  const held = heldByAnother(standing, member.id, applicant, alive);
  if (held !== undefined) return held;
  // A directory that is not the member's is admitted by the other servers, or not at all; here it only learns of them.
  const isMember = equalBytes(member.birthId, applicant.birthId);
  // With an equal epoch the members must be equal too; a server of an older or newer epoch learns from the log.
  if (
    isMember &&
    applicant.members.length > 0 &&
    applicant.epoch === seal.epoch &&
    !sameMembers(applicant.members, seated(seal))
  ) {
    return refuse(
      'FOREIGN_CLUSTER',
      `server ${applicant.id} was sealed with other members than this balancer knows: check --data-dir and --balancer`,
    );
  }
  return { kind: 'back', id: member.id };
}

/** The members with seats of their own. */
function seated({ members, joining }: Seal): readonly Member[] {
  return members.filter(({ id }) => !joining.includes(id));
}

/** Nothing is sealed here, but the applicant shows a cluster: that cluster's membership is taken over. */
function decideAdoption(standing: Standing, applicant: Applicant, alive: boolean): Verdict {
  const shown: Seal = {
    clusterId: Uint8Array.from(applicant.clusterId),
    epoch: applicant.epoch,
    members: [...applicant.members]
      .map(({ id, birthId }) => ({
        id,
        birthId: Uint8Array.from(birthId),
        address: id === applicant.id ? applicant.address : (standing.connected.get(id)?.address ?? ''),
      }))
      .sort((a, b) => a.id - b.id),
    joining: [],
  };
  const ids = new Set(shown.members.map((member) => member.id));
  if (shown.members.length % 2 === 0 || ids.size !== shown.members.length || ids.has(0)) {
    return refuse('BAD_HELLO', 'the membership shown is not an odd number of distinct ids: check the data directory');
  }
  const own = shown.members.find(({ id }) => id === applicant.id);
  if (own === undefined || !equalBytes(own.birthId, applicant.birthId)) {
    // It is not admitted yet; a member that is will come and show more.
    return refuse(
      'NOT_READY',
      `this balancer has no seal, and server ${applicant.id} is no member of the cluster that it shows: start one that is`,
    );
  }
  const verdict = decideSealed(shown, standing, applicant, alive);
  return verdict.kind === 'back' ? { kind: 'adopt', id: verdict.id, seal: shown } : verdict;
}

/** Refuses or asks for a probe when another life is registered under `id`; undefined when the id is free to take. */
function heldByAnother(standing: Standing, id: ServerId, applicant: Applicant, alive: boolean): Verdict | undefined {
  const holder = standing.connected.get(id) ?? sameDirectory(standing, applicant);
  if (holder === undefined) return undefined;
  // The same life on a new connection: its old one is half-open, it can't be a duplicate of itself.
  if (holder.id === id && holder.incarnation === applicant.incarnation && sameDisk(holder, applicant)) return undefined;
  if (!alive) return { kind: 'probe', id: holder.id };
  return refuse(
    'DUPLICATE_ID',
    holder.id === id
      ? `a live server ${id} is registered from ${holder.address}: stop it first, or start this one with another id`
      : `a live server ${holder.id} at ${holder.address} was registered with a copy of this data directory: ` +
          'start this one with a --data-dir of its own',
  );
}

/** The lowest id of 1… that no connected registrant has, or the one this data directory was already given. */
function missingId(standing: Standing, applicant: Applicant): ServerId {
  const given = sameDirectory(standing, applicant);
  if (given !== undefined) return given.id;
  let id = 1;
  while (standing.connected.has(id)) id++;
  return id;
}

function sameDirectory(standing: Standing, applicant: Applicant): Applicant | undefined {
  return [...standing.connected.values()].find((registrant) => sameDisk(registrant, applicant));
}

function sameDisk(a: Applicant, b: Applicant): boolean {
  return equalBytes(a.birthId, b.birthId);
}

function refuse(code: RefusalCode, text: string): Verdict {
  return { kind: 'refuse', code, text };
}

function hex(bytes: Uint8Array): string {
  return toHex(bytes).slice(0, 8);
}
