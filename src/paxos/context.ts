/** What every role of one replica shares: who we are, the tick count, the effects of this step and the record count. */
import { assert, type Logger, limits, type Prng } from '../base/index.js';
import type { Ballot, Incarnation, ServerId, Slot } from '../wire/index.js';
import { type Configuration, Configurations } from './configuration.js';
import { type Effects, noEffects, type Persist } from './effects.js';
import type { Now, PaxosMessage } from './input.js';
import type { Plants } from './plants.js';

/** Turns a duration into ticks, rounding up so that nothing fires early. */
export function ticks(durationMs: number): number {
  return Math.ceil(durationMs / limits.tickMs);
}

/** What a batch's entry is made of: the leader's clocks and the batches in order (wire/entry.ts in production). */
export type EntryEncoder = (
  stamp: { readonly elapsedMs: number; readonly wallMs: number },
  batches: readonly Uint8Array[],
) => Uint8Array;

/** One voted-for or learned slot above the commit index, as recovery found it. */
export interface RecoveredEntry {
  readonly slot: Slot;
  readonly ballot: Ballot;
  readonly chosen: boolean;
  readonly value: Uint8Array;
}

export interface ReplicaOptions {
  readonly self: ServerId;
  /** Who votes on which slots: those that govern slots above the recovered commit index, rising. */
  readonly configurations: readonly Configuration[];
  /** This life; durable before the replica is made. */
  readonly incarnation: Incarnation;
  readonly random: Prng;
  readonly recovered: {
    readonly promised: Ballot;
    /** max(commit hint, the store's applied slot). */
    readonly commit: Slot;
    readonly accepted: readonly RecoveredEntry[];
  };
  readonly encodeEntry: EntryEncoder;
  /** α; only tests give another than `limits.membersAheadSlots`. */
  readonly membersAheadSlots?: number;
  readonly logger?: Logger;
  readonly plants?: Partial<Plants>;
}

export class Context {
  readonly self: ServerId;
  readonly configurations: Configurations;
  readonly incarnation: Incarnation;
  readonly random: Prng;
  readonly plants: Plants;
  readonly logger: Logger;
  readonly encodeEntry: EntryEncoder;
  readonly #membersAheadSlots: number;

  /** Ticks since the process began. */
  tick = 0;
  now: Now = { monotonicMs: 0, wallMs: 0 };
  effects: Effects = noEffects();
  /** Records persisted and records known to be on disk, both counted from the start of this process. */
  persisted = 0;
  durable = 0;
  /** Frames lawfully ignored, for metrics. */
  framesIgnored = 0;
  /** The highest round seen anywhere: it only raises the round of our next ballot. */
  roundSeen = 0;
  diskFull = false;
  stopping = false;
  /** Clients are connected to this server, as far as the shell has said. */
  serves = true;
  /** The shell has applied through this slot: everything committed before the present step. */
  applied: Slot;

  constructor(options: ReplicaOptions, plants: Plants, logger: Logger) {
    this.self = options.self;
    this.configurations = new Configurations(options.self, options.configurations, options.recovered.commit);
    this.applied = options.recovered.commit;
    this.incarnation = plants.ballotReused ? 0 : options.incarnation;
    this.random = options.random;
    this.plants = plants;
    this.logger = logger;
    this.encodeEntry = options.encodeEntry;
    this.#membersAheadSlots = options.membersAheadSlots ?? limits.membersAheadSlots;
  }

  /** Who governs the slots above, this server may not know yet. */
  get proposeUpto(): Slot {
    return this.applied + this.#membersAheadSlots;
  }

  /** Everybody else who has a part in the log now, voters and learners. */
  get peers(): readonly ServerId[] {
    return this.configurations.peers;
  }

  /** Appends a record; returns its number, which a frame that depends on it names as `after`. */
  persist(record: Persist): number {
    this.effects.persist.push(record);
    this.persisted += 1;
    return this.persisted;
  }

  /** Sends a frame that must not leave before record number `after` is on disk; 0: at once. */
  send(to: ServerId, message: PaxosMessage, after = 0): void {
    assert(to !== this.self, 'a server does not write to itself');
    assert(after <= this.persisted, 'a frame waits only for records that exist');
    this.effects.sends.push({ to, message, after });
  }

  broadcast(message: PaxosMessage, after = 0): void {
    for (const peer of this.peers) this.send(peer, message, after);
  }

  isMember(server: ServerId): boolean {
    return server === this.self || this.peers.includes(server);
  }

  sawRound(ballot: Ballot): void {
    if (ballot.round > this.roundSeen && ballot.round <= limits.roundMax) this.roundSeen = ballot.round;
  }

  ignore(what: string, why: string, from: ServerId): void {
    this.framesIgnored += 1;
    this.logger.debug('ignored', { what, why, from });
  }
}
