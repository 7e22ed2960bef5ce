/**
 * Bare replicas joined by queues: no disk, no sockets. Tests choose what is delivered, dropped, synced and when time
 * passes.
 */
import { Prng } from '../../src/base/index.js';
import {
  type Effects,
  type Input,
  type PaxosMessage,
  Replica,
  type ReplicaOptions,
  zeroBallot,
} from '../../src/paxos/index.js';
import type { Slot } from '../../src/wire/index.js';

/** What lies between two servers, or a server and its disk, in ms; undefined: lost. */
export type DelayOf = (frame: Frame) => number | undefined;

export interface Frame {
  readonly from: number;
  readonly to: number;
  readonly message: PaxosMessage;
}

interface Node {
  replica: Replica;
  records: number;
  durable: number;
  gated: { readonly after: number; readonly frame: Frame }[];
  readonly applied: Map<Slot, string>;
  readonly settled: number[];
  readonly reads: { readonly id: number; readonly fresh: boolean }[];
  stopped: boolean;
}

/** An entry here is `elapsed|batch,batch…` as text; a no-op has no batches. */
export function encodeText(_stamp: unknown, batches: readonly Uint8Array[]): Uint8Array {
  return Buffer.from(batches.map((batch) => Buffer.from(batch).toString()).join(','));
}

export class BareCluster {
  readonly nodes = new Map<number, Node>();
  readonly #underway: { readonly dueMs: number; readonly frame: Frame }[] = [];
  readonly #syncs: { readonly dueMs: number; readonly id: number; readonly records: number }[] = [];
  /** How late each frame is; undefined loses it. */
  delay: DelayOf = () => 0;
  /** How long a server's sync takes; undefined: it never ends by itself. */
  diskMs: (id: number) => number | undefined = () => 0;
  ms = 0;

  constructor(servers: number, options: Partial<ReplicaOptions> = {}) {
    const members = Array.from({ length: servers }, (_, i) => i + 1);
    for (const self of members) {
      const replica = new Replica({
        self,
        members,
        incarnation: 0x1_0000_0000 + self,
        random: new Prng(self),
        encodeEntry: encodeText,
        recovered: { promised: zeroBallot, commit: 0, accepted: [] },
        ...options,
      });
      this.nodes.set(self, {
        replica,
        records: 0,
        durable: 0,
        gated: [],
        applied: new Map(),
        settled: [],
        reads: [],
        stopped: false,
      });
    }
    for (const a of members) for (const b of members) if (a !== b) this.connect(a, b);
  }

  node(id: number): Node {
    return this.nodes.get(id) as Node;
  }

  connect(at: number, peer: number): void {
    this.step(at, { kind: 'peerUp', peer, incarnation: 0x1_0000_0000 + peer });
  }

  step(id: number, input: Input): void {
    const node = this.node(id);
    const effects: Effects = node.replica.step(input, { monotonicMs: this.ms, wallMs: this.ms });
    node.records += effects.persist.length;
    for (const { to, message, after } of effects.sends) node.gated.push({ after, frame: { from: id, to, message } });
    for (const { slot, value } of effects.commits) node.applied.set(slot, Buffer.from(value).toString());
    node.settled.push(...effects.settled);
    node.reads.push(...effects.reads);
    node.stopped ||= effects.stopped;
    for (const learn of effects.learns) {
      const values: Uint8Array[] = [];
      for (let slot = learn.from; slot <= learn.upto; slot++) values.push(Buffer.from(node.applied.get(slot) ?? '?'));
      const { request, commit, promised, from } = learn;
      this.#send({
        from: id,
        to: learn.to,
        message: { type: 'learnReply', request, commit, promised, firstSlot: 1, from, values },
      });
    }
    this.#release(node);
    const diskMs = this.diskMs(id);
    if (effects.persist.length > 0 && diskMs !== undefined) {
      this.#syncs.push({ dueMs: this.ms + diskMs, id, records: node.records });
    }
  }

  /** The first `records` records (default: all) of server `id` are on disk. */
  sync(id: number, records = this.node(id).records): void {
    const node = this.node(id);
    if (records <= node.durable) return;
    node.durable = records;
    this.step(id, { kind: 'durable', records });
  }

  #release(node: Node): void {
    const ready = node.gated.filter((send) => send.after <= node.durable);
    node.gated = node.gated.filter((send) => send.after > node.durable);
    for (const send of ready) this.#send(send.frame);
  }

  #send(frame: Frame): void {
    const delayMs = this.delay(frame);
    if (delayMs !== undefined) this.#underway.push({ dueMs: this.ms + delayMs, frame });
  }

  /** Delivers and syncs what is due, oldest first, until nothing due is left. */
  deliver(): void {
    for (let count = 0; ; count++) {
      if (count > 100_000) throw new Error('the frames never come to rest');
      const sync = this.#syncs.findIndex((one) => one.dueMs <= this.ms);
      if (sync >= 0) {
        const [due] = this.#syncs.splice(sync, 1);
        if (due !== undefined) this.sync(due.id, due.records);
        continue;
      }
      const next = this.#underway.findIndex((one) => one.dueMs <= this.ms);
      if (next < 0) return;
      const [due] = this.#underway.splice(next, 1);
      if (due === undefined) return;
      const { from, to, message } = due.frame;
      this.step(to, { kind: 'message', from, message });
    }
  }

  /** Lets `ms` pass on every server in ticks of 10 ms, delivering in between. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.ms += 10;
      for (const id of this.nodes.keys()) this.step(id, { kind: 'tick' });
      this.deliver();
    }
  }

  /** Lets time pass until `condition` holds; throws after `limitMs`. Returns the ms it took. */
  until(condition: () => boolean, limitMs = 10_000): number {
    for (let passed = 0; passed <= limitMs; passed += 10) {
      if (condition()) return passed;
      this.pass(10);
    }
    throw new Error(`not within ${limitMs} ms`);
  }

  leader(): number | undefined {
    for (const [id, { replica }] of this.nodes) {
      if (replica.view.role === 'leader' && replica.view.happy) return id;
    }
    return undefined;
  }
}
