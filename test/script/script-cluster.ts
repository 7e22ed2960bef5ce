/** A cluster of bare replicas for transcripts: no clock, no disk, no network but what the script says. */
import { assert, type LogFields, type Logger, Prng } from '../../src/base/index.js';
import { DurableGate } from '../../src/daemon/server/gate.js';
import {
  ballotText,
  type Input,
  type PaxosMessage,
  type Persist,
  type Plants,
  Replica,
  sealedConfiguration,
  zeroBallot,
} from '../../src/paxos/index.js';
import type { Ballot, ServerId, Slot } from '../../src/wire/index.js';

/** A frame that left its sender and has not arrived. */
export interface Frame {
  readonly id: number;
  readonly from: ServerId;
  readonly to: ServerId;
  readonly message: PaxosMessage;
}

interface Vote {
  ballot: Ballot;
  chosen: boolean;
  value: Uint8Array;
}

/** What one server's disk holds, and what of it is synced. */
interface Durable {
  promised: Ballot;
  commit: Slot;
  votes: Map<Slot, Vote>;
}

interface Server {
  readonly id: ServerId;
  incarnation: number;
  replica: Replica | undefined;
  gate: DurableGate | undefined;
  /** Records of this life in order; the first `synced` are on disk. */
  records: Persist[];
  synced: number;
  readonly disk: Durable;
  /** Everything committed, over all lives, as text. */
  readonly log: Map<Slot, string>;
}

export class ScriptCluster {
  readonly #servers = new Map<ServerId, Server>();
  readonly #say: (line: string) => void;
  readonly #plants: Partial<Plants>;
  readonly #cut = new Set<string>();
  readonly #seed: number;
  /** Frames under way, oldest first. Heartbeats are among them only while `heartbeats` is `manual`. */
  frames: Frame[] = [];
  /** Heartbeats and their answers arrive by themselves, unseen, on links that are not cut. */
  heartbeats: 'auto' | 'manual' = 'auto';
  #beats: Frame[] = [];
  #frameId = 0;
  #batch = 0;
  #ticks = 0;

  constructor(servers: number, say: (line: string) => void, options: { seed: number; plants: Partial<Plants> }) {
    this.#say = say;
    this.#plants = options.plants;
    this.#seed = options.seed;
    for (let id = 1; id <= servers; id++) {
      this.#servers.set(id, {
        id,
        incarnation: 0,
        replica: undefined,
        gate: undefined,
        records: [],
        synced: 0,
        disk: { promised: zeroBallot, commit: 0, votes: new Map() },
        log: new Map(),
      });
    }
    for (const id of this.ids) this.start(id);
  }

  get ids(): ServerId[] {
    return [...this.#servers.keys()];
  }

  /** Milliseconds since the start, by ticks given to all. */
  get elapsedMs(): number {
    return this.#ticks * 10;
  }

  isUp(id: ServerId): boolean {
    return this.#server(id).replica !== undefined;
  }

  start(id: ServerId): void {
    const server = this.#server(id);
    assert(server.replica === undefined, `server ${id} runs already`);
    server.incarnation += 1;
    server.records = [];
    server.synced = 0;
    const { promised, commit, votes } = server.disk;
    server.replica = new Replica({
      self: id,
      configurations: [sealedConfiguration(this.ids)],
      incarnation: server.incarnation,
      random: new Prng(this.#seed * 1000 + id * 10 + server.incarnation),
      recovered: {
        promised,
        commit,
        accepted: [...votes]
          .filter(([slot]) => slot > commit)
          .sort((a, b) => a[0] - b[0])
          .map(([slot, vote]) => ({ slot, ...vote })),
      },
      encodeEntry: (_stamp, batches) => Buffer.from(batches.length === 0 ? 'no-op' : batches.map(textOf).join('+')),
      logger: this.#loggerOf(id),
      plants: this.#plants,
    });
    server.gate = new DurableGate((to, message) => this.#launch(id, to, message), 1 << 20);
    for (const peer of this.ids) {
      if (peer === id || !this.isUp(peer)) continue;
      this.step(peer, { kind: 'peerUp', peer: id, incarnation: server.incarnation });
      this.step(id, { kind: 'peerUp', peer, incarnation: this.#server(peer).incarnation });
    }
  }

  /**
   * The process dies: records not synced and frames that waited for them are gone. `quiet`: peers hear nothing of it.
   */
  crash(id: ServerId, quiet: boolean): void {
    const server = this.#server(id);
    assert(server.replica !== undefined, `server ${id} is down already`);
    const lost = server.records.length - server.synced;
    if (lost > 0) this.#say(`${id}: ${lost} records were not synced and are lost`);
    server.replica = undefined;
    server.gate?.close();
    if (quiet) return;
    for (const peer of this.ids) if (peer !== id && this.isUp(peer)) this.step(peer, { kind: 'peerDown', peer: id });
  }

  step(id: ServerId, input: Input): void {
    const server = this.#server(id);
    const { replica, gate } = server;
    if (replica === undefined || gate === undefined) {
      this.#say(`${id}: is down`);
      return;
    }
    const effects = replica.step(input, { monotonicMs: this.elapsedMs, wallMs: 1_000_000 + this.elapsedMs });
    for (const record of effects.persist) {
      server.records.push(record);
      this.#say(`${id}: writes ${describeRecord(record)}`);
    }
    for (const send of effects.sends) {
      if (send.after > gate.durable) this.#say(`${id}: ${describe(send.message)} to ${send.to} waits for the disk`);
      gate.push(send);
    }
    for (const { slot, value } of effects.commits) {
      server.log.set(slot, textOf(value));
      this.#say(`${id}: commits ${slot} = ${textOf(value)}`);
    }
    for (const batch of effects.settled) this.#say(`${id}: batch ${batch} is settled`);
    for (const batch of effects.refused) this.#say(`${id}: batch ${batch} is refused`);
    for (const { id: read, fresh } of effects.reads)
      this.#say(`${id}: read ${read} is ${fresh ? 'fresh' : 'not fresh'}`);
    for (const learn of effects.learns) this.#answerLearn(server, learn);
    for (const peer of effects.fetchState) this.#say(`${id}: needs the state of ${peer}`);
    if (effects.standing !== undefined) {
      const { leader, happy, up, move } = effects.standing;
      this.#say(
        `${id}: standing: leader ${leader === 0 ? 'none' : leader}` +
          `${happy ? ', happy' : ''}, ${up} up${move ? ', clients should move' : ''}`,
      );
    }
    if (effects.stopped) this.#say(`${id}: has handed over`);
    this.#beat();
  }

  /** Submits `text` as a batch of its own at server `id`. */
  propose(id: ServerId, text: string): void {
    this.#batch += 1;
    this.step(id, { kind: 'submit', batch: this.#batch, bytes: Buffer.from(text) });
  }

  /** One tick of everyone in `ids` that is up. */
  tick(ids: readonly ServerId[]): void {
    this.#ticks += 1;
    for (const id of ids) if (this.isUp(id)) this.step(id, { kind: 'tick' });
  }

  /** The first `count` more records (all if undefined) of `id` reach its disk. True if there was any. */
  sync(id: ServerId, count?: number): boolean {
    const server = this.#server(id);
    if (server.replica === undefined || server.gate === undefined) return false;
    const upto = Math.min(server.records.length, server.synced + (count ?? Number.POSITIVE_INFINITY));
    if (upto === server.synced) return false;
    for (; server.synced < upto; server.synced++) keep(server.disk, server.records[server.synced] as Persist);
    this.step(id, { kind: 'durable', records: upto });
    server.gate.release(upto);
    this.#beat();
    return true;
  }

  /** Server `id` has switched to a peer's state as applied through `slot`. */
  install(id: ServerId, slot: Slot): void {
    const { log } = this.#server(id);
    for (const peer of this.#servers.values()) {
      for (const [held, text] of peer.log) if (held <= slot && !log.has(held)) log.set(held, text);
    }
    this.step(id, { kind: 'installed', slot });
  }

  /** A frame arrives; on a cut link or at a dead server it is lost. */
  arrive(frame: Frame): void {
    if (!this.isUp(frame.to)) {
      this.#say(`${frame.to}: is down, ${describe(frame.message)} is lost`);
      return;
    }
    this.step(frame.to, { kind: 'message', from: frame.from, message: frame.message });
  }

  /** Frames sent from now on from `from` to `to` are lost. */
  cut(from: ServerId, to: ServerId): void {
    this.#cut.add(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  describeServer(id: ServerId): string {
    const { replica, log } = this.#server(id);
    if (replica === undefined) return `${id}: down`;
    const { role, ballot, promised, commit, leader, happy } = replica.view;
    const text = [...log]
      .sort((a, b) => a[0] - b[0])
      .map(([slot, value]) => `${slot}=${value}`)
      .join(' ');
    return (
      `${id}: ${role} at ${ballotText(ballot)}, promised ${ballotText(promised)}, commit ${commit}, ` +
      `leader ${leader === 0 ? 'none' : leader}${happy ? ', happy' : ''}, log: ${text === '' ? 'empty' : text}`
    );
  }

  /** Slots in which two servers committed different values; must always be empty. */
  disagreements(): string[] {
    const out: string[] = [];
    const first = new Map<Slot, { id: ServerId; text: string }>();
    for (const { id, log } of this.#servers.values()) {
      for (const [slot, text] of log) {
        const other = first.get(slot);
        if (other === undefined) first.set(slot, { id, text });
        else if (other.text !== text) out.push(`slot ${slot}: ${other.id} has ${other.text}, ${id} has ${text}`);
      }
    }
    return out;
  }

  #launch(from: ServerId, to: ServerId, message: PaxosMessage): void {
    const frame = { id: ++this.#frameId, from, to, message };
    if (this.#cut.has(`${from}>${to}`)) {
      if (!isBeat(message)) this.#say(`${from}: ${describe(message)} to ${to} is lost on a cut link`);
      return;
    }
    if (isBeat(message) && this.heartbeats === 'auto') {
      this.#beats.push(frame);
      return;
    }
    this.frames.push(frame);
    this.#say(`${from}: sends ${to} ${describe(message)}`);
  }

  /** Heartbeats that are under way arrive, and so do the answers to them. */
  #beat(): void {
    while (this.#beats.length > 0) {
      const frame = this.#beats.shift() as Frame;
      if (this.isUp(frame.to)) this.step(frame.to, { kind: 'message', from: frame.from, message: frame.message });
    }
  }

  #answerLearn(
    server: Server,
    learn: { to: ServerId; request: number; from: Slot; upto: Slot; commit: Slot; promised: Ballot },
  ): void {
    const values: Uint8Array[] = [];
    for (let slot = learn.from; slot <= learn.upto; slot++) values.push(Buffer.from(server.log.get(slot) as string));
    const { request, commit, promised, from } = learn;
    server.gate?.push({
      to: learn.to,
      after: 0,
      message: { type: 'learnReply', request, commit, promised, firstSlot: 1, from, values },
    });
  }

  #loggerOf(id: ServerId): Logger {
    const line = (event: string, fields?: LogFields): void => {
      const facts = Object.entries(fields ?? {})
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' ');
      this.#say(`${id}: ${event}${facts === '' ? '' : ` (${facts})`}`);
    };
    const quiet = (_event: string, _fields?: LogFields): void => {};
    const debug = (event: string, fields?: LogFields): void => {
      if (event === 'ignored') line(event, fields);
    };
    const logger: Logger = { debug, info: line, warn: line, error: line, child: () => logger };
    return Object.assign(logger, { trace: quiet });
  }

  #server(id: ServerId): Server {
    const server = this.#servers.get(id);
    assert(server !== undefined, `there is no server ${id}`);
    return server;
  }
}

function keep(disk: Durable, record: Persist): void {
  switch (record.kind) {
    case 'promise':
      disk.promised = record.ballot;
      break;
    case 'commit':
      disk.commit = record.upto;
      break;
    default:
      disk.votes.set(record.slot, { ballot: record.ballot, chosen: record.kind === 'chosen', value: record.value });
      if (record.kind === 'accept' && compare(record.ballot, disk.promised) > 0) disk.promised = record.ballot;
  }
}

function compare(a: Ballot, b: Ballot): number {
  return a.round - b.round || a.server - b.server || a.incarnation - b.incarnation;
}

function isBeat(message: PaxosMessage): boolean {
  return message.type === 'heartbeat' || message.type === 'heartbeatReply';
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function describeRecord(record: Persist): string {
  switch (record.kind) {
    case 'promise':
      return `promise ${ballotText(record.ballot)}`;
    case 'commit':
      return `commit hint ${record.upto}`;
    default:
      return `${record.kind} ${record.slot} = ${textOf(record.value)} at ${ballotText(record.ballot)}`;
  }
}

/** One frame in a few words, stable across changes of the wire format. */
export function describe(message: PaxosMessage): string {
  switch (message.type) {
    case 'prepare':
      return `prepare ${ballotText(message.ballot)} (commit ${message.commit})`;
    case 'promise': {
      const entries = message.entries
        .map((e) => `${e.slot}=${textOf(e.value)}@${e.chosen ? 'chosen' : ballotText(e.ballot)}`)
        .join(' ');
      return `promise ${ballotText(message.ballot)} (commit ${message.commit}${entries === '' ? '' : `, ${entries}`})`;
    }
    case 'accept':
      return `accept ${message.slot} = ${textOf(message.value)} at ${ballotText(message.ballot)}`;
    case 'accepted': {
      const last = message.slot + message.count - 1;
      return `accepted ${message.slot}${last > message.slot ? `..${last}` : ''} at ${ballotText(message.ballot)}`;
    }
    case 'nack':
      return `nack ${ballotText(message.refused)} (promised ${ballotText(message.promised)})`;
    case 'commit':
      return `commit ${message.upto} at ${ballotText(message.ballot)}`;
    case 'chosen':
      return `chosen ${message.upto}`;
    case 'forward':
      return `forward batch ${message.batch} ${textOf(message.bytes)}`;
    case 'forwardOk':
      return `forwardOk batch ${message.batch} in ${message.slot} at ${ballotText(message.ballot)}`;
    case 'learn':
      return `learn #${message.request} ${message.from}..${message.upto === 0 ? 'commit' : message.upto}`;
    case 'learnReply': {
      const values = message.values.map((value, at) => `${message.from + at}=${textOf(value)}`).join(' ');
      return `learnReply #${message.request} (commit ${message.commit}) ${values === '' ? 'nothing' : values}`;
    }
    default:
      return message.type;
  }
}
