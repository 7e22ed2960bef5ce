/** Who this server is to others: its life, its membership, its hello; and the judgement of other servers' hellos. */
import { equalBytes, isAllZero, toHex } from '../../base/index.js';
import {
  features,
  type Hello,
  type HelloRole,
  type Incarnation,
  type Member,
  membershipHash,
  type RefusalCode,
  type ServerId,
  type Welcome,
} from '../../wire/index.js';
import { plainWelcome, protocolVersion } from '../hello-gate.js';
import { zero16 } from '../members.js';

/** The membership as a server holds it: what it was sealed with, or what the log has made of it since. */
export interface Membership {
  readonly clusterId: Uint8Array;
  readonly epoch: number;
  readonly members: readonly Member[];
}

/** What a running server goes by when it judges others. */
export interface PeerBook {
  readonly clusterId: Uint8Array;
  /** The newest members decided on. */
  readonly epoch: number;
  readonly membershipHash: Uint8Array;
  /** Bits that a server must have: the log holds what others cannot read. */
  readonly needs: number;
  /** The directory that each id stands for now (roster.ts, `links`). */
  readonly links: ReadonlyMap<ServerId, Member>;
}

/** What never changes in one life of a server. */
export interface Self {
  /** 0 until a balancer has given one. */
  readonly id: ServerId;
  readonly birthId: Uint8Array;
  readonly incarnation: Incarnation;
  /** The `host:port` told to others. */
  readonly address: string;
}

/** What this release knows. */
const ownFeatures = features.serves | features.decisions | features.listRooms;

export function helloOf(role: HelloRole, self: Self, membership: Membership | undefined): Hello {
  return {
    type: 'hello',
    role,
    versionMin: protocolVersion,
    versionMax: protocolVersion,
    features: role === 'server' ? ownFeatures : 0,
    clusterId: membership?.clusterId ?? zero16,
    membershipHash: membership === undefined ? zero16 : membershipHash(membership.epoch, membership.members),
    epoch: membership?.epoch ?? 0,
    serverId: self.id,
    incarnation: self.incarnation,
    birthId: self.birthId,
    authMethod: 'none',
    auth: new Uint8Array(0),
    address: self.address,
  };
}

/** What a server answers to the hello of a peer, a client or an operator. */
export function welcomeOf(self: Self, { clusterId, epoch, members }: Membership): Welcome {
  const { id, incarnation } = self;
  const hash = membershipHash(epoch, members);
  return plainWelcome({ features: ownFeatures, clusterId, membershipHash: hash, epoch, serverId: id, incarnation });
}

/** The rising part of an incarnation: how many lives its directory has had. */
export function incarnationCounter(incarnation: Incarnation): number {
  return Math.floor(incarnation / 0x1_0000_0000);
}

/** What is remembered of a peer's lives, and whether one of them is connected right now. */
export interface PeerLives {
  /** The latest life ever seen, 0 if none. */
  readonly latest: Incarnation;
  /** The life at the other end of an open link, 0 if none. */
  readonly connected: Incarnation;
}

export type PeerVerdict =
  | { readonly kind: 'accept' }
  /** A member's id with a directory that is not the member's: it may be admitted, until then nothing it says counts. */
  | { readonly kind: 'newcomer' }
  /** A link of this server is open already: ask it first. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'refuse'; readonly code: RefusalCode; readonly text: string };

/** Told to a server that was replaced, and to one that nobody invited. */
export function noMember(id: ServerId): string {
  return (
    `server ${id} was replaced, or never was a member: nothing it holds is needed; to use its machine for this cluster ` +
    'start a new id there with an empty --data-dir, once a server may be replaced by it (synod server replace --help)'
  );
}

/** Whether some of the bits needed are not there. */
export function lacks(features: number, needs: number): boolean {
  return (features & needs) !== needs;
}

/** Told to, and said of, a server that would apply what it cannot read otherwise than all the others. */
export function tooOld(id: ServerId): string {
  return `server ${id} is of a release that cannot read this cluster's log: start it with 0.7 or later`;
}

/**
 * May the caller of this hello speak as a server here? Pure. `alive`: an earlier `probe` verdict was answered.
 * PAXOS.md: one owner per ballot needs one life per id; RELIABILITY.md 41, 42, 43, 44.
 */
export function judgePeer(
  hello: Hello,
  self: Self,
  book: PeerBook | undefined,
  lives: (id: ServerId) => PeerLives,
  alive = false,
): PeerVerdict {
  if (book === undefined) return refuse('NOT_READY', 'this server has no membership yet: try again');
  if (!equalBytes(hello.clusterId, book.clusterId)) {
    const other = isAllZero(hello.clusterId) ? 'none' : toHex(hello.clusterId).slice(0, 8);
    return refuse(
      'FOREIGN_CLUSTER',
      `this server belongs to cluster ${toHex(book.clusterId).slice(0, 8)}, the caller to ${other}: ` +
        'check --balancer and --data-dir',
    );
  }
  if (hello.serverId === self.id) {
    return refuse(
      'DUPLICATE_ID',
      `server ${self.id} is this one: stop one of the two, or start the other with its own --data-dir`,
    );
  }
  const member = book.links.get(hello.serverId);
  if (member === undefined) return refuse('UNKNOWN_ID', noMember(hello.serverId));
  if (lacks(hello.features, book.needs)) return refuse('BAD_VERSION', tooOld(hello.serverId));
  const { latest, connected } = lives(member.id);
  if (connected !== 0) {
    if (!alive) return { kind: 'probe' };
    // Hellos are no secret: whoever repeats one must not take the place of a server that answers.
    if (connected === hello.incarnation) {
      return refuse('BUSY', `the link of server ${member.id} is open and answers: dial again once it is closed`);
    }
    return refuse('DUPLICATE_ID', `another server ${member.id} is connected and answers: stop one of the two`);
  }
  if (!equalBytes(hello.birthId, member.birthId)) return { kind: 'newcomer' };
  if (hello.epoch === book.epoch && !equalBytes(hello.membershipHash, book.membershipHash)) {
    return refuse(
      'FOREIGN_CLUSTER',
      'the caller knows other members: check --balancer and --data-dir, and use one release everywhere',
    );
  }
  // A life counts itself up on disk before its first frame, so an equal counter means a copied or restored disk too.
  const stale = incarnationCounter(hello.incarnation) <= incarnationCounter(latest) && hello.incarnation !== latest;
  if (latest !== 0 && stale) {
    return refuse(
      'OLD_INCARNATION',
      `server ${member.id} comes back with an older state of its disk than was seen before: it must not vote; ` +
        'start it with its newest --data-dir, or with an empty one to have it admitted anew',
    );
  }
  return { kind: 'accept' };
}

function refuse(code: RefusalCode, text: string): PeerVerdict {
  return { kind: 'refuse', code, text };
}
