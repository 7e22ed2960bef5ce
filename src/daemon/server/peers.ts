/**
 * Links to the other servers. Each is one-way: what this server says goes over the link that it dialled, what a peer
 * says comes over the link that the peer dialled. A frame that can't leave is dropped; the replica sends again.
 */
import { assert, equalBytes, type Logger, limits } from '../../base/index.js';
import { type FrameConnection, type NetContext, peerLimits } from '../../net/index.js';
import type { PaxosMessage } from '../../paxos/index.js';
import type { FilteredLink, LinkFilter } from '../../proxy/index.js';
import {
  decode,
  encode,
  features,
  type Hello,
  type Incarnation,
  type Member,
  type MemberAddress,
  type Message,
  mayCarry,
  openingTypes,
  type RefusalCode,
  registry,
  type ServerId,
  type Welcome,
} from '../../wire/index.js';
import { LinkProbe } from '../link-probe.js';
import type { Newcomer } from './admission.js';
import { judgePeer, lacks, noMember, type PeerBook, type PeerLives, type Self, tooOld } from './hello.js';
import { PeerDialer } from './peer-dialer.js';
import { PeerMemory } from './peer-memory.js';
import { valueFault } from './peer-values.js';

/** What the replica's driver hears of the links. */
export interface PeerEvents {
  peerUp(peer: ServerId, incarnation: Incarnation): void;
  peerDown(peer: ServerId): void;
  message(from: ServerId, message: PaxosMessage): void;
}

export interface PeersOptions {
  readonly self: Self;
  /** Who the members are as the links begin; see {@link Peers.setBook}. */
  readonly book: PeerBook;
  /** What this server says of itself to others. */
  readonly hello: () => Hello;
  /** What this server answers to the hello of another one. */
  readonly welcome: () => Welcome;
  readonly context: NetContext;
  readonly logger: Logger;
  readonly events: PeerEvents;
  /** A peer says that this server must not go on: another life or a newer disk of it exists. */
  readonly onRefused: (peer: ServerId, code: RefusalCode, text: string) => void;
  /** With `--mode`: what becomes of each frame, both ways. */
  readonly filter: LinkFilter | undefined;
}

interface Peer {
  readonly id: ServerId;
  /** The directory that the id stands for; another one's link is no link of this peer. */
  birthId: Uint8Array;
  readonly dialer: PeerDialer;
  inbound: FrameConnection | undefined;
  /** The links as `--mode` sees them, while they are open. */
  filteredIn: FilteredLink | undefined;
  filteredOut: FilteredLink | undefined;
  inboundLife: Incarnation;
  /** Of the open link's hello. */
  inboundFeatures: number;
  /** The latest that has proven not to be an old copy of the disk. */
  latestLife: Incarnation;
  memory: PeerMemory;
}

/** A link that may become a member's. */
interface Candidate extends Newcomer {
  readonly connection: FrameConnection;
  readonly hello: Hello;
}

/** Frames queued on one link beyond this are dropped instead: the connection would be cut at its limit. */
const dropAboveBytes = limits.peerOutputBytesMax - limits.frameBytesMaxServer;

export class Peers {
  readonly #options: PeersOptions;
  readonly #peers = new Map<ServerId, Peer>();
  /** The replica sends one message to several peers: it is encoded once. */
  #lastMessage: Message | undefined;
  #lastFrame: Buffer | undefined;
  #dropped = 0;
  #book: PeerBook;
  readonly #newcomers = new Map<ServerId, Candidate>();
  #started = false;
  #ended = false;

  constructor(options: PeersOptions) {
    this.#options = options;
    this.#book = options.book;
    for (const member of options.book.links.values()) if (member.id !== options.self.id) this.#add(member);
  }

  /** The members changed: links of those who left end, those of others begin, and newcomers may be members now. */
  setBook(book: PeerBook): void {
    this.#book = book;
    for (const peer of [...this.#peers.values()]) {
      const member = book.links.get(peer.id);
      if (member === undefined) this.#remove(peer);
      else if (!equalBytes(member.birthId, peer.birthId)) this.#beginAnew(peer, member.birthId);
      else this.#demand(peer, book.needs);
    }
    for (const member of book.links.values()) {
      if (member.id === this.#options.self.id || this.#peers.has(member.id)) continue;
      const peer = this.#add(member);
      if (this.#started) peer.dialer.start();
    }
    for (const { connection, hello } of [...this.#newcomers.values()]) {
      const peer = this.#peers.get(hello.serverId);
      if (peer === undefined) connection.refuse('UNKNOWN_ID', noMember(hello.serverId));
      else if (equalBytes(peer.birthId, hello.birthId)) {
        this.#newcomers.delete(hello.serverId);
        this.#take(connection, hello, peer);
      }
    }
  }

  /** The log holds from now on what not every release can read. */
  #demand(peer: Peer, needs: number): void {
    peer.dialer.demand();
    if (peer.inbound !== undefined && lacks(peer.inboundFeatures, needs))
      peer.inbound.refuse('BAD_VERSION', tooOld(peer.id));
  }

  /** Members that are not linked, or do not have this bit: what needs it may be lost on them. */
  lacking(feature: number): ServerId[] {
    const all = [...this.#peers.values()];
    return all.filter(({ dialer }) => dialer.open === undefined || lacks(dialer.features, feature)).map(({ id }) => id);
  }

  /** Servers that are linked and whose directories are not those of members. */
  get newcomers(): readonly Newcomer[] {
    return [...this.#newcomers.values()];
  }

  #add({ id, birthId }: Member): Peer {
    const { self, hello, context, logger, events } = this.#options;
    const dialer = new PeerDialer({
      id,
      clusterId: this.#book.clusterId,
      hello,
      needs: () => this.#book.needs,
      context,
      logger,
      onUp: (incarnation) => {
        this.#filterOut(id);
        events.peerUp(id, incarnation);
      },
      onDown: () => {
        this.#peers.get(id)?.filteredOut?.close();
        events.peerDown(id);
      },
      onRefused: (code, text) => this.#options.onRefused(id, code, text),
    });
    assert(id !== self.id, 'a server has no link to itself');
    const peer: Peer = {
      id,
      birthId,
      dialer,
      inbound: undefined,
      filteredIn: undefined,
      filteredOut: undefined,
      inboundLife: 0,
      inboundFeatures: 0,
      latestLife: 0,
      memory: new PeerMemory(),
    };
    this.#peers.set(id, peer);
    return peer;
  }

  #remove(peer: Peer): void {
    this.#peers.delete(peer.id);
    peer.dialer.stop();
    peer.filteredIn?.close();
    peer.filteredOut?.close();
    peer.inbound?.refuse('UNKNOWN_ID', noMember(peer.id));
  }

  /** Another directory has the id now: of what the one before it said nothing is known any more. */
  #beginAnew(peer: Peer, birthId: Uint8Array): void {
    peer.birthId = birthId;
    peer.memory = new PeerMemory();
    peer.latestLife = 0;
    peer.inbound?.refuse('NOT_READY', 'another directory has this id now');
    if (peer.inbound !== undefined) this.#inboundClosed(peer, peer.inbound);
  }

  /** Frames dropped because a link was down or full. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Bytes that wait to be sent to other servers. */
  get outboundBytes(): number {
    let bytes = 0;
    for (const { dialer } of this.#peers.values()) bytes += dialer.open?.queuedBytes ?? 0;
    return bytes;
  }

  /** Where each peer is reached now, "" if unknown; for status and for clients' lists. */
  addressOf(id: ServerId): string {
    return this.#peers.get(id)?.dialer.address ?? '';
  }

  /** Addresses as the balancer, or the disk, knows them. Unknown ones ("") change nothing. */
  setAddresses(members: readonly MemberAddress[]): void {
    for (const { id, address } of members) {
      if (address !== '') this.#peers.get(id)?.dialer.setAddress(address);
    }
  }

  start(): void {
    this.#started = true;
    for (const { dialer } of this.#peers.values()) dialer.start();
  }

  /** These are not heard, though a link to them may be open: see {@link PeerDialer.probe}. */
  probe(silent: readonly ServerId[]): void {
    for (const id of silent) this.#peers.get(id)?.dialer.probe();
  }

  /** Queues a frame for a peer, or drops it. Never blocks and never calls back. */
  send(to: ServerId, message: PaxosMessage): void {
    const peer = this.#peers.get(to);
    const connection = peer?.dialer.open;
    if (connection === undefined) {
      this.#dropped++;
      return;
    }
    if (message.type === 'serves' && ((peer?.dialer.features ?? 0) & features.serves) === 0) return;
    if (message !== this.#lastMessage) {
      this.#lastFrame = encode(message);
      this.#lastMessage = message;
    }
    const frame = this.#lastFrame as Buffer;
    const filtered = peer?.filteredOut;
    if (filtered === undefined || filtered.passes(registry[message.type].code, frame)) this.#put(connection, frame);
  }

  /** What was queued for a peer leaves now. Never calls back. */
  flush(to: ServerId): void {
    this.#peers.get(to)?.dialer.open?.flush();
  }

  /** What a full link cannot take is dropped: queued, it would cut the link. */
  #put(connection: FrameConnection, frame: Uint8Array): void {
    if (connection.queuedBytes > dropAboveBytes) this.#dropped++;
    else connection.sendFrame(frame);
  }

  /** Judges a connection whose hello has the role server. */
  accept(connection: FrameConnection, hello: Hello): void {
    const kept = {
      ...hello,
      birthId: Uint8Array.from(hello.birthId),
      clusterId: Uint8Array.from(hello.clusterId),
      membershipHash: Uint8Array.from(hello.membershipHash),
    };
    this.#judge(connection, kept, false);
  }

  stop(): void {
    this.#end();
    for (const { connection } of this.#newcomers.values()) connection.goodbye('SHUTTING_DOWN', 'this server stops');
    for (const { dialer, inbound } of this.#peers.values()) {
      dialer.stop();
      inbound?.goodbye('SHUTTING_DOWN', 'this server stops');
    }
  }

  abandon(): void {
    this.#end();
    for (const { connection } of this.#newcomers.values()) connection.abandon('destroyed');
    for (const { dialer, inbound } of this.#peers.values()) {
      dialer.abandon();
      inbound?.abandon('destroyed');
    }
  }

  #end(): void {
    this.#ended = true;
    this.#options.filter?.stop();
  }

  /** What was held of an earlier link is lost with it. */
  #filterOut(id: ServerId): void {
    const peer = this.#peers.get(id);
    const connection = peer?.dialer.open;
    if (peer === undefined || connection === undefined) return;
    peer.filteredOut?.close();
    peer.filteredOut = this.#options.filter?.to(id, (frame) => this.#put(connection, frame));
  }

  #judge(connection: FrameConnection, hello: Hello, alive: boolean): void {
    const { self, logger } = this.#options;
    const verdict = judgePeer(hello, self, this.#book, (id) => this.#lives(id), alive);
    const peer = this.#peers.get(hello.serverId);
    if (verdict.kind === 'refuse' || peer === undefined) {
      const { code, text } =
        verdict.kind === 'refuse' ? verdict : { code: 'UNKNOWN_ID' as const, text: noMember(hello.serverId) };
      logger.warn('server-refused', { server: hello.serverId, from: connection.remoteAddress, code, text });
      connection.refuse(code, text);
      return;
    }
    if (verdict.kind === 'probe') this.#probe(connection, hello, peer);
    else if (verdict.kind === 'newcomer') this.#keepNewcomer(connection, hello);
    else {
      this.#take(connection, hello, peer);
      connection.send(this.#options.welcome());
    }
  }

  /** Nothing it says counts before it is admitted; that it is there is what the leader has to know. */
  #keepNewcomer(connection: FrameConnection, hello: Hello): void {
    const { serverId: id, birthId } = hello;
    const { clock } = this.#options.context;
    const before = this.#newcomers.get(id);
    before?.connection.abandon('replaced by a newer link of the same id');
    const same = before !== undefined && equalBytes(before.birthId, birthId);
    const sinceMs = same ? before.sinceMs : clock.monotonicMs();
    this.#newcomers.set(id, { id, birthId, sinceMs, connection, hello });
    this.#options.logger.info('newcomer-linked', { server: id, address: hello.address });
    connection.useLimits(peerLimits);
    connection.attach({
      onMessage: () => undefined,
      onClose: () => {
        if (this.#newcomers.get(id)?.connection === connection) this.#newcomers.delete(id);
      },
    });
    connection.send(this.#options.welcome());
  }

  /** A link of this peer is open already: it decides by answering. */
  #probe(connection: FrameConnection, hello: Hello, peer: Peer): void {
    const holder = peer.inbound;
    if (holder === undefined) return;
    connection.pause();
    new LinkProbe(holder, this.#options.context.clock).ask((answered) => {
      connection.resume();
      if (connection.closed !== undefined || this.#ended) return;
      if (!answered && peer.inbound === holder) {
        holder.abandon('silent, and this server has called anew');
        this.#inboundClosed(peer, holder);
      }
      this.#judge(connection, hello, answered && peer.inbound === holder);
    });
  }

  /** From now on this link is the peer's. */
  #take(connection: FrameConnection, hello: Hello, peer: Peer): void {
    const { logger } = this.#options;
    peer.inbound?.abandon('replaced by a newer link of the same server');
    peer.inbound = connection;
    peer.inboundLife = hello.incarnation;
    peer.inboundFeatures = hello.features;
    peer.memory.lives(hello.incarnation);
    if (peer.memory.proven) peer.latestLife = hello.incarnation;
    connection.useLimits(peerLimits);
    peer.filteredIn?.close();
    const filtered = this.#options.filter?.from(peer.id, (frame) => this.#onMessage(peer, connection, decode(frame)));
    peer.filteredIn = filtered;
    connection.attach({
      onMessage: (message, frame) => {
        if (filtered === undefined || filtered.passes(registry[message.type].code, frame)) {
          this.#onMessage(peer, connection, message);
        }
      },
      onClose: (reason) => {
        logger.info('peer-inbound-closed', { peer: peer.id, code: reason.code });
        this.#inboundClosed(peer, connection);
      },
    });
    // A new life can't be reached over a link to the old one, even if nobody told us that it broke.
    peer.dialer.peerLives(hello.incarnation, hello.address);
  }

  #onMessage(peer: Peer, connection: FrameConnection, message: Message): void {
    if (peer.inbound !== connection) return;
    if (!mayCarry(message.type, 'server', 'server') || openingTypes.includes(message.type)) {
      const text = `a ${message.type} does not belong between servers: use one release everywhere`;
      connection.refuse('PROTOCOL_ERROR', text);
      return;
    }
    const fault = valueFault(message as PaxosMessage);
    if (fault === undefined) this.#hear(peer, connection, message as PaxosMessage);
    else this.#unreadable(peer, connection, fault);
  }

  #hear(peer: Peer, connection: FrameConnection, message: PaxosMessage): void {
    const { events, logger } = this.#options;
    const word = peer.memory.hears(message);
    if (word === 'ok') {
      if (peer.memory.proven) peer.latestLife = peer.inboundLife;
      events.message(peer.id, message);
    } else if (word === 'wait') logger.debug('ignored', { what: message.type, why: 'a new life', from: peer.id });
    else {
      const text =
        `server ${peer.id} comes back with an older state of its disk than was seen before (it has forgotten a promise ` +
        'or chosen slots): it must not vote; start it with its newest --data-dir';
      logger.warn('server-refused', { server: peer.id, code: 'OLD_INCARNATION', text });
      connection.refuse('OLD_INCARNATION', text);
    }
  }

  #unreadable(peer: Peer, connection: FrameConnection, fault: string): void {
    this.#options.logger.warn('peer-frame-refused', { peer: peer.id, text: fault });
    connection.refuse('PROTOCOL_ERROR', `${fault}: use one release everywhere`);
  }

  #inboundClosed(peer: Peer, connection: FrameConnection): void {
    if (peer.inbound !== connection) return;
    peer.inbound = undefined;
    peer.inboundLife = 0;
    peer.filteredIn?.close();
    if (!this.#ended) this.#options.events.peerDown(peer.id);
  }

  #lives(id: ServerId): PeerLives {
    const peer = this.#peers.get(id);
    return { latest: peer?.latestLife ?? 0, connected: peer?.inboundLife ?? 0 };
  }
}
