/**
 * Bare replicas joined by queues: no disk, no sockets. Tests choose what becomes of frames, what is synced and when
 * time passes.
 */
import { Prng } from '../../src/base/index.js';
import {
  type Effects,
  type Input,
  type PaxosMessage,
  Replica,
  type ReplicaOptions,
  sealedConfiguration,
  zeroBallot,
} from '../../src/paxos/index.js';
import type { MessageType, Slot } from '../../src/wire/index.js';
import { LinkFaults } from '../support/link-faults.js';

interface Frame {
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

/** Values in one answer to a learn request, which a driver bounds by bytes. */
const learnSlotsMax = 20;

export class BareCluster {
  readonly nodes = new Map<number, Node>();
  readonly #underway: { readonly dueMs: number; readonly frame: Frame }[] = [];
  /** At most one per server, as on a disk: what is written meanwhile waits for the next one. */
  readonly #syncs = new Map<number, { readonly dueMs: number; readonly records: number }>();
  readonly #chosen = new Map<Slot, string>();
  /** What becomes of frames as they leave; without a rule they arrive at once. */
  readonly faults: LinkFaults;
  /** Frames that left, lost ones included. */
  readonly sent = new Map<MessageType, number>();
  /** How long a server's sync takes; undefined: it never ends by itself. */
  diskMs: (id: number) => number | undefined = () => 0;
  ms = 0;
  #batch = 0;

  /** `faultSeed` is that of the rules that draw. */
  constructor(servers: number, { faultSeed = 1, ...options }: Partial<ReplicaOptions> & { faultSeed?: number } = {}) {
    const members = Array.from({ length: servers }, (_, i) => i + 1);
    this.faults = new LinkFaults(members, () => this.ms, faultSeed);
    for (const self of members) {
      const replica = new Replica({
        self,
        configurations: [sealedConfiguration(members)],
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
    for (const { slot, value } of effects.commits) this.#apply(node, slot, Buffer.from(value).toString());
    node.settled.push(...effects.settled);
    node.reads.push(...effects.reads);
    node.stopped ||= effects.stopped;
    for (const learn of effects.learns) {
      const values: Uint8Array[] = [];
      const upto = Math.min(learn.upto, learn.from + learnSlotsMax - 1);
      for (let slot = learn.from; slot <= upto; slot++) values.push(Buffer.from(node.applied.get(slot) ?? '?'));
      const { request, commit, promised, from } = learn;
      this.#send({
        from: id,
        to: learn.to,
        message: { type: 'learnReply', request, commit, promised, firstSlot: 1, from, values },
      });
    }
    this.#release(node);
    this.#startSync(id);
  }

  #apply(node: Node, slot: Slot, text: string): void {
    const known = this.#chosen.get(slot);
    if (known !== undefined && known !== text) throw new Error(`slot ${slot} holds "${known}" and "${text}"`);
    this.#chosen.set(slot, text);
    node.applied.set(slot, text);
  }

  #startSync(id: number): void {
    const { records, durable } = this.node(id);
    const diskMs = this.diskMs(id);
    if (records === durable || diskMs === undefined || this.#syncs.has(id)) return;
    this.#syncs.set(id, { dueMs: this.ms + diskMs, records });
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
    const { from, to, message } = frame;
    this.sent.set(message.type, (this.sent.get(message.type) ?? 0) + 1);
    for (const lateMs of this.faults.arrivals(from, to, message.type)) {
      this.#underway.push({ dueMs: this.ms + lateMs, frame });
    }
  }

  /** Delivers and syncs what is due, oldest first, until nothing due is left. */
  deliver(): void {
    for (let count = 0; ; count++) {
      if (count > 100_000) throw new Error('the frames never come to rest');
      const sync = [...this.#syncs].find(([, { dueMs }]) => dueMs <= this.ms);
      if (sync !== undefined) {
        const [id, { records }] = sync;
        this.#syncs.delete(id);
        this.sync(id, records);
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

  /** Makes `leader` lead: prepares of all others are lost until it does; then all is healed and comes to rest. */
  lead(leader: number): this {
    const others = [...this.nodes.keys()].filter((id) => id !== leader);
    this.faults.set({ match: { from: others, kinds: ['prepare'] }, do: 'drop' });
    this.until(() => this.leader() === leader, 60_000);
    this.faults.heal();
    this.pass(3000);
    if (this.leader() !== leader) throw new Error(`server ${leader} does not lead on`);
    return this;
  }

  /** A client of server `at` wants `text` logged, as a batch of its own; returns the batch's number. */
  submit(at: number, text: string): number {
    this.#batch += 1;
    this.step(at, { kind: 'submit', batch: this.#batch, bytes: Buffer.from(text) });
    return this.#batch;
  }

  /** How many times server `id` has applied `text`: a batch that was forwarded twice may stand in two slots. */
  count(id: number, text: string): number {
    return this.lines(id).filter((line) => line === text).length;
  }

  has(id: number, text: string): boolean {
    return this.count(id, text) > 0;
  }

  /** Everything that server `id` has applied, in order, without no-ops. */
  lines(id: number): string[] {
    return [...this.node(id).applied.values()].flatMap((value) => (value === '' ? [] : value.split(',')));
  }

  /** When each server applies `text`, in ms from now, by its id; those that have not within `limitMs` are missing. */
  whenApplied(text: string, limitMs: number): Map<number, number> {
    const startMs = this.ms;
    const at = new Map<number, number>();
    while (this.ms - startMs < limitMs && at.size < this.nodes.size) {
      for (const id of this.nodes.keys()) if (!at.has(id) && this.has(id, text)) at.set(id, this.ms - startMs);
      this.pass(10);
    }
    return at;
  }

  leader(): number | undefined {
    for (const [id, { replica }] of this.nodes) {
      if (replica.view.role === 'leader' && replica.view.happy) return id;
    }
    return undefined;
  }
}
