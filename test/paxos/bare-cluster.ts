/** Bare replicas joined by queues: no disk, no sockets. Tests choose what is delivered, dropped, synced and when time passes. */
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
  readonly queue: Frame[] = [];
  /** Frames for which this is true are lost; tests replace it. */
  drop: (frame: Frame) => boolean = () => false;
  /** False: disks finish only when `sync` is called. */
  autoSync = true;
  #ms = 0;

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
    const effects: Effects = node.replica.step(input, { monotonicMs: this.#ms, wallMs: this.#ms });
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
      const message: PaxosMessage = { type: 'learnReply', request, commit, promised, firstSlot: 1, from, values };
      this.queue.push({ from: id, to: learn.to, message });
    }
    this.#release(node);
    if (this.autoSync && node.records > node.durable) this.sync(id);
  }

  sync(id: number): void {
    const node = this.node(id);
    node.durable = node.records;
    this.step(id, { kind: 'durable', records: node.records });
  }

  #release(node: Node): void {
    const ready = node.gated.filter((send) => send.after <= node.durable);
    node.gated = node.gated.filter((send) => send.after > node.durable);
    for (const send of ready) this.queue.push(send.frame);
  }

  /** Delivers until nothing is on its way. */
  deliver(): void {
    for (let count = 0; this.queue.length > 0; count++) {
      if (count > 100_000) throw new Error('the frames never come to rest');
      const frame = this.queue.shift() as Frame;
      if (!this.drop(frame)) this.step(frame.to, { kind: 'message', from: frame.from, message: frame.message });
    }
  }

  /** Lets `ms` pass on every server in ticks of 10 ms, delivering in between. */
  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.#ms += 10;
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
