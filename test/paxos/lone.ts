/** One replica whose peers are the test itself: it answers heartbeats for them and says what else they send. */
import { Prng } from '../../src/base/index.js';
import {
  type Effects,
  type Input,
  type PaxosMessage,
  type Persist,
  Replica,
  type ReplicaOptions,
  sealedConfiguration,
  zeroBallot,
} from '../../src/paxos/index.js';
import type { Ballot, HeartbeatReply, ServerId, Slot } from '../../src/wire/index.js';
import { encodeText } from './bare-cluster.js';

type OfType<K extends PaxosMessage['type']> = Extract<PaxosMessage, { type: K }>;

/** A heartbeat reply of a server that has seen nothing yet, but for what is given. */
export function heartbeatReply(says: Partial<HeartbeatReply> = {}): HeartbeatReply {
  return {
    type: 'heartbeatReply',
    round: 0,
    promised: zeroBallot,
    leads: zeroBallot,
    majority: false,
    abdicated: false,
    happy: false,
    commit: 0,
    hashSlot: 0,
    hash: new Uint8Array(8),
    ...says,
  };
}

export class Lone {
  readonly replica: Replica;
  /** Everything ever persisted, in order. */
  readonly records: Persist[] = [];
  readonly sent: { readonly to: ServerId; readonly message: PaxosMessage }[] = [];
  readonly applied = new Map<Slot, string>();
  readonly reads: { readonly id: number; readonly fresh: boolean }[] = [];
  /** What the peers' heartbeat replies say; undefined: a peer that is silent. */
  readonly says = new Map<ServerId, Partial<OfType<'heartbeatReply'>> | undefined>();
  /** Every record is on disk at once; false: not before `sync`. */
  syncs = true;
  ms = 0;

  /** Server 1 of `servers`. */
  constructor(servers = 3, options: Partial<ReplicaOptions> = {}) {
    const members = Array.from({ length: servers }, (_, i) => i + 1);
    this.replica = new Replica({
      self: 1,
      configurations: [sealedConfiguration(members)],
      incarnation: 0x1_0000_0001,
      random: new Prng(1),
      encodeEntry: encodeText,
      recovered: { promised: zeroBallot, commit: 0, accepted: [] },
      ...options,
    });
    for (const peer of members.slice(1)) this.says.set(peer, {});
  }

  step(input: Input): Effects {
    const effects = this.replica.step(input, { monotonicMs: this.ms, wallMs: this.ms });
    this.records.push(...effects.persist);
    for (const { slot, value } of effects.commits) this.applied.set(slot, Buffer.from(value).toString());
    this.reads.push(...effects.reads);
    for (const { to, message } of effects.sends) {
      this.sent.push({ to, message });
      if (message.type === 'heartbeat') this.#reply(to, message.round);
    }
    if (effects.persist.length > 0 && this.syncs) this.sync();
    return effects;
  }

  /** Everything written so far is on disk. */
  sync(): void {
    this.step({ kind: 'durable', records: this.records.length });
  }

  #reply(from: ServerId, round: number): void {
    const says = this.says.get(from);
    if (says === undefined) return;
    this.receive(from, heartbeatReply({ round, ...says }));
  }

  receive(from: ServerId, message: PaxosMessage): Effects {
    return this.step({ kind: 'message', from, message });
  }

  pass(ms: number): void {
    for (let passed = 0; passed < ms; passed += 10) {
      this.ms += 10;
      this.step({ kind: 'tick' });
    }
  }

  /** Frames of one type sent so far. */
  frames<K extends PaxosMessage['type']>(type: K): OfType<K>[] {
    return this.sent.map(({ message }) => message).filter((message): message is OfType<K> => message.type === type);
  }

  /** Lets time pass until a campaign is under way; returns its ballot. */
  campaign(): Ballot {
    for (let waited = 0; waited < 5000; waited += 10) {
      const { role, ballot } = this.replica.view;
      if (role === 'candidate') return ballot;
      this.pass(10);
    }
    throw new Error('no campaign within 5 s');
  }

  /** Campaigns and wins with the promise of server 2, which is at `commit` and lists `entries`. */
  lead(commit: Slot = 0, entries: OfType<'promise'>['entries'] = []): Ballot {
    const ballot = this.campaign();
    this.says.set(2, { promised: ballot, commit });
    this.receive(2, promiseOf(ballot, { commit, entries }));
    return ballot;
  }
}

/** A promise in one part, by a server in its life 1. */
export function promiseOf(ballot: Ballot, fields: Partial<OfType<'promise'>> = {}): OfType<'promise'> {
  return { type: 'promise', ballot, incarnation: 1, commit: 0, part: 0, parts: 1, entries: [], ...fields };
}
