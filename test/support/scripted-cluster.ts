/**
 * A cluster reduced to what clients see: one log, exactly-once sessions, rooms; servers and a balancer that can
 * misbehave.
 */
import { clientLimits, type FrameConnection } from '../../src/net/index.js';
import {
  type EventGroup,
  eventKinds,
  type Message,
  type Outcome,
  type OutcomeCode,
  type RoomEvent,
  RunReader,
  type SessionId,
} from '../../src/wire/index.js';
import type { MemoryNetwork } from './duplex.js';

const NO_ID = new Uint8Array(16);
/** Of which cluster everybody is unless a test says otherwise. */
const CLUSTER = new Uint8Array(16).fill(1);

interface Session {
  readonly id: SessionId;
  readonly nonce: string;
  readonly name: string;
  lastSeq: number;
  readonly answers: Map<number, { slot: number; outcome: Outcome }>;
}

interface Room {
  readonly groups: EventGroup[];
  nextEvent: number;
  nextN: number;
}

/** The replicated part: slow and obvious, shared by all scripted servers. */
export class ScriptedLog {
  slot = 0;
  readonly cluster: Uint8Array;
  readonly sessions: Session[] = [];
  readonly rooms = new Map<string, Room>();
  readonly #watchers = new Set<(room: string, group: EventGroup) => void>();
  readonly #reader = new RunReader();
  /** Names that other users own. */
  readonly takenNames = new Set<string>();
  /** Answer for messages of this text, instead of ok. */
  readonly refusals = new Map<string, OutcomeCode>();

  constructor(cluster: Uint8Array = CLUSTER) {
    this.cluster = cluster;
  }

  watch(watcher: (room: string, group: EventGroup) => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  room(name: string): Room {
    let room = this.rooms.get(name);
    if (room === undefined) {
      room = { groups: [], nextEvent: 1, nextN: 1 };
      this.rooms.set(name, room);
    }
    return room;
  }

  texts(name: string): string[] {
    return this.room(name).groups.flatMap((group) => group.events.map((event) => event.text));
  }

  register(nonce: Uint8Array, name: string): Session {
    const key = Buffer.from(nonce).toString('hex');
    const known = this.sessions.find((session) => session.nonce === key);
    if (known !== undefined) return known;
    const session: Session = { id: { slot: ++this.slot, index: 0 }, nonce: key, name, lastSeq: 0, answers: new Map() };
    this.sessions.push(session);
    return session;
  }

  find(id: SessionId): Session | undefined {
    return this.sessions.find((session) => session.id.slot === id.slot && session.id.index === id.index);
  }

  expire(): void {
    this.sessions.length = 0;
  }

  /** Applies a run exactly once; gives the answers, or undefined for a gap. */
  apply(
    run: Uint8Array,
  ): { session: SessionId; firstSeq: number; slot: number; outcomes: Outcome[] } | 'expired' | undefined {
    const reader = this.#reader.reset(run);
    const session = this.find({ slot: reader.sessionSlot, index: reader.sessionIndex });
    if (session === undefined) return 'expired';
    const { firstSeq } = reader;
    if (firstSeq > session.lastSeq + 1) return undefined;
    const slot = ++this.slot;
    const outcomes: Outcome[] = [];
    const changed = new Map<string, RoomEvent[]>();
    while (reader.next()) {
      const known = session.answers.get(reader.seq);
      if (known !== undefined) {
        outcomes.push(known.outcome);
        continue;
      }
      const room = Buffer.from(run.subarray(reader.roomOffset, reader.roomOffset + reader.roomLength)).toString();
      const text = Buffer.from(run.subarray(reader.textOffset, reader.textOffset + reader.textLength)).toString();
      const kind = eventKinds.words[reader.kind - 1];
      const refusal = this.refusals.get(text);
      let outcome: Outcome = { code: refusal ?? 'ok', count: 1, n: 0 };
      if (refusal === undefined && kind !== undefined) {
        const events = changed.get(room) ?? [];
        changed.set(room, events);
        events.push({ kind, from: session.name, text, session: session.id, seq: reader.seq });
        const before = events.filter((event) => event.kind === 'post' || event.kind === 'action').length;
        if (kind === 'post' || kind === 'action')
          outcome = { code: 'ok', count: 1, n: this.room(room).nextN + before - 1 };
      }
      session.lastSeq = reader.seq;
      session.answers.set(reader.seq, { slot, outcome });
      outcomes.push(outcome);
    }
    for (const [name, events] of changed) this.append(name, slot, events);
    return { session: session.id, firstSeq, slot, outcomes };
  }

  append(name: string, slot: number, events: RoomEvent[]): void {
    const room = this.room(name);
    const group: EventGroup = {
      slot,
      wallMs: 1_767_225_600_000,
      firstEvent: room.nextEvent,
      firstN: room.nextN,
      events,
    };
    room.groups.push(group);
    room.nextEvent += events.length;
    room.nextN += events.filter((event) => event.kind === 'post' || event.kind === 'action').length;
    for (const watcher of this.#watchers) watcher(name, group);
  }
}

/** Switches by which a test makes a server misbehave. */
export interface ServerScript {
  /** Without a quorum nothing is registered or applied. */
  quorum: boolean;
  /** Apply runs but keep the answers back. */
  mute: boolean;
  /** Refuse this many submits with busy. */
  busy: number;
  /** Leave out the delivery of this many groups. */
  skipGroups: number;
  /** Deliver every group twice. */
  twice: boolean;
  /** Deliver a group of several events in two parts; a new subscription still gets it whole. */
  split: boolean;
}

export class ScriptedServer {
  readonly script: ServerScript = { quorum: true, mute: false, busy: 0, skipGroups: 0, twice: false, split: false };
  readonly received: Message[] = [];
  readonly connections = new Set<FrameConnection>();
  readonly #subscribed = new Map<FrameConnection, Set<string>>();
  /** Connections that speak for a session: only they may read direct rooms. */
  readonly #known = new WeakSet<FrameConnection>();
  /** Whom it names when it is asked for its status; 0: nobody. */
  leader = 1;

  constructor(
    readonly id: number,
    readonly address: string,
    readonly log: ScriptedLog,
    readonly network: MemoryNetwork,
    readonly addresses: readonly string[],
  ) {
    log.watch((room, group) => {
      for (const [connection, rooms] of this.#subscribed) if (rooms.has(room)) this.#deliver(connection, room, group);
    });
    this.start();
  }

  start(): void {
    this.network.listen(this.address, (connection) => {
      this.connections.add(connection);
      connection.attach({
        onMessage: (message) => this.#onMessage(connection, message),
        onClose: () => {
          this.connections.delete(connection);
          this.#subscribed.delete(connection);
        },
      });
    });
  }

  kill(): void {
    this.network.kill(this.address);
  }

  stand(up: number, leader: number, move: boolean): void {
    for (const connection of this.connections) this.#stand(connection, up, leader, move);
  }

  #stand(connection: FrameConnection, up: number, leader: number, move: boolean): void {
    const ballot = { round: leader === 0 ? 0 : 1, server: leader, incarnation: leader === 0 ? 0 : 1 };
    const { addresses } = this;
    connection.send({ type: 'standing', leader, ballot, up, servers: 3, move, addresses });
  }

  #status(request: number): Message {
    const leader = this.script.quorum ? this.leader : 0;
    const ballot = { round: 1, server: 1, incarnation: 1 };
    const numbers = { committed: this.log.slot, applied: this.log.slot, clients: this.connections.size };
    const texts = { http: '', faults: '', note: '' };
    const { id: serverId } = this;
    const happy = leader !== 0;
    const role = 'follower';
    return {
      type: 'status',
      request,
      serverId,
      clusterId: this.log.cluster,
      role,
      leader,
      ballot,
      happy,
      ...numbers,
      ...texts,
      members: [],
    };
  }

  #deliver(connection: FrameConnection, room: string, group: EventGroup): void {
    if (this.script.skipGroups > 0) {
      this.script.skipGroups--;
      return;
    }
    const half = this.script.split ? group.events.length >> 1 : 0;
    if (half > 0) {
      const [events, rest] = [group.events.slice(0, half), group.events.slice(half)];
      const posts = events.filter((event) => event.kind === 'post' || event.kind === 'action').length;
      connection.send({ type: 'deliver', room, group: { ...group, events } });
      const second = { ...group, events: rest, firstEvent: group.firstEvent + half, firstN: group.firstN + posts };
      connection.send({ type: 'deliver', room, group: second });
    } else connection.send({ type: 'deliver', room, group });
    if (this.script.twice) connection.send({ type: 'deliver', room, group });
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    this.received.push(message);
    const { script, log } = this;
    switch (message.type) {
      case 'hello':
        connection.useLimits(clientLimits);
        connection.send({
          type: 'welcome',
          version: 1,
          features: 0,
          clusterId: this.log.cluster,
          membershipHash: NO_ID,
          epoch: 1,
          serverId: this.id,
          incarnation: 1,
          authMethod: 'none',
          auth: new Uint8Array(0),
        });
        this.#stand(connection, script.quorum ? 3 : 1, script.quorum ? 1 : 0, false);
        return;
      case 'register': {
        if (!script.quorum) return;
        const { request, window } = message;
        if (log.takenNames.has(message.name)) {
          const nobody = { slot: 1, index: 0 };
          connection.send({
            type: 'registered',
            request,
            code: 'NAME_TAKEN',
            session: nobody,
            name: '',
            window,
            lastSeq: 0,
          });
          return;
        }
        const { id, name, lastSeq } = log.register(message.nonce, message.name);
        this.#known.add(connection);
        connection.send({ type: 'registered', request, code: 'ok', session: id, name, window, lastSeq });
        return;
      }
      case 'resume': {
        // It may be about to be applied here: nobody says that it is gone.
        if (message.session.slot > log.slot) return;
        const found = log.find(message.session);
        const { request } = message;
        if (found === undefined) {
          connection.send({ type: 'reject', request, session: message.session, code: 'SESSION_EXPIRED', text: 'gone' });
          return;
        }
        const { id, name, lastSeq } = found;
        this.#known.add(connection);
        connection.send({ type: 'registered', request, code: 'ok', session: id, name, window: 64, lastSeq });
        return;
      }
      case 'submit': {
        const reader = new RunReader().reset(message.run);
        if (script.busy > 0) {
          script.busy--;
          const session = { slot: reader.sessionSlot, index: reader.sessionIndex };
          connection.send({ type: 'busy', session, fromSeq: reader.firstSeq, retryMs: 20, text: 'full' });
          return;
        }
        if (!script.quorum) return;
        const answer = log.apply(message.run);
        if (answer === undefined || script.mute) return;
        const session = { slot: reader.sessionSlot, index: reader.sessionIndex };
        if (answer === 'expired') {
          connection.send({ type: 'reject', request: 0, session, code: 'SESSION_EXPIRED', text: 'gone' });
        } else connection.send({ type: 'ack', ...answer });
        return;
      }
      case 'subscribe': {
        const room = log.room(message.room);
        if (message.room.startsWith('@') && !this.#known.has(connection)) {
          const { request, room: asked } = message;
          const nothing = { nextEvent: 0, headEvent: 0, headN: 0, topic: '', people: [] };
          connection.send({ type: 'subscribed', request, code: 'NOT_ALLOWED', room: asked, ...nothing });
          return;
        }
        const rooms = this.#subscribed.get(connection) ?? new Set();
        this.#subscribed.set(connection, rooms);
        rooms.add(message.room);
        const nextEvent = message.fromEvent === 0 ? room.nextEvent : message.fromEvent;
        connection.send({
          type: 'subscribed',
          request: message.request,
          code: 'ok',
          room: message.room,
          nextEvent,
          headEvent: room.nextEvent - 1,
          headN: room.nextN - 1,
          topic: '',
          people: [],
        });
        for (const group of room.groups) {
          // Whole groups, also those that begin before: the client must drop what it has seen.
          if (group.firstEvent + group.events.length > nextEvent) this.#deliver(connection, message.room, group);
        }
        return;
      }
      case 'statusRequest':
        connection.send(this.#status(message.request));
        return;
      case 'unsubscribe':
        this.#subscribed.get(connection)?.delete(message.room);
        return;
      default:
        return;
    }
  }
}

/** Gives out live servers round robin, or whatever the test says. */
export class ScriptedBalancer {
  status: 'ok' | 'notReady' | 'mostFail' = 'ok';
  /** It greets, and answers no question. */
  isHung = false;
  registered = 3;
  up = 3;
  cluster: Uint8Array = CLUSTER;
  readonly asked: Extract<Message, { type: 'route' }>[] = [];
  #next = 0;

  constructor(
    readonly address: string,
    readonly servers: readonly string[],
    readonly network: MemoryNetwork,
  ) {
    this.start();
  }

  start(): void {
    this.network.listen(this.address, (connection) => this.accept(connection));
  }

  accept(connection: FrameConnection): void {
    connection.attach({ onMessage: (message) => this.#onMessage(connection, message), onClose: () => undefined });
  }

  kill(): void {
    this.network.kill(this.address);
  }

  #onMessage(connection: FrameConnection, message: Message): void {
    if (message.type === 'hello') {
      const hello = { version: 1, features: 0, clusterId: this.cluster, membershipHash: NO_ID, epoch: 1 } as const;
      connection.send({
        type: 'welcome',
        ...hello,
        serverId: 0,
        incarnation: 0,
        authMethod: 'none',
        auth: new Uint8Array(0),
      });
      return;
    }
    if (message.type !== 'route') return;
    this.asked.push(message);
    if (this.isHung) return;
    const choices = this.servers.filter((address) => address !== message.failed);
    const address = this.status === 'ok' ? (choices[this.#next++ % choices.length] ?? '') : '';
    const { status, registered, up } = this;
    connection.send({
      type: 'routed',
      request: message.request,
      status,
      address,
      registered,
      up,
      servers: 3,
      addresses: this.servers,
    });
  }
}
