/**
 * Who votes on which slots. A membership entry chosen in slot c governs the slots from c + α on, where α is the
 * furthest that anybody proposes ahead of what it has applied (`limits.membersAheadSlots`): so whoever proposes a slot
 * has applied everything that could say who votes on it (PAXOS.md, Changing the members; Lamport, "Paxos Made Simple",
 * section 3).
 */
import { assert } from '../base/index.js';
import type { ServerId, Slot } from '../wire/index.js';
import { isQuorum } from './quorum.js';

/** The members that govern the log from one slot on. */
export interface Configuration {
  /** 1 for the sealed one; each change adds one. */
  readonly epoch: number;
  /** The first slot it governs. */
  readonly from: Slot;
  /** How many seats there are, whether whoever has one votes yet or not; odd. A majority is one of seats. */
  readonly seats: number;
  readonly voters: readonly ServerId[];
  /** Those who learn and do not vote yet. Their votes are real, and nobody counts them. */
  readonly learners: readonly ServerId[];
  /**
   * Members that come with another directory than the configuration before this one knew them by: what they promised
   * and voted earlier was lost with it, and counts for nothing from here on.
   */
  readonly reborn: readonly ServerId[];
}

/** The sealed configuration of these voters. */
export function sealedConfiguration(voters: readonly ServerId[]): Configuration {
  return { epoch: 1, from: 1, seats: voters.length, voters, learners: [], reborn: [] };
}

/** The configurations that govern slots above the commit index: one, or two while a change is under way. */
export class Configurations {
  readonly #self: ServerId;
  #active: readonly Configuration[];
  #peers: readonly ServerId[];

  /** `known` in rising order of their slots; those that govern nothing above `commit` are left out. */
  constructor(self: ServerId, known: readonly Configuration[], commit: Slot) {
    const first = known[0];
    assert(first !== undefined && first.from <= commit + 1, 'somebody governs the next slot');
    this.#self = self;
    this.#active = known;
    for (const configuration of known) check(configuration);
    this.advance(commit);
    this.#peers = this.#peersOf();
  }

  /** Governs the next slot to be committed. */
  get current(): Configuration {
    return this.#active[0] as Configuration;
  }

  /** Decided on and governing later slots only, if a change is under way. */
  get pending(): Configuration | undefined {
    return this.#active[1];
  }

  /** Both, or the one there is. */
  get active(): readonly Configuration[] {
    return this.#active;
  }

  /** Everybody else who has a part in the slots above the commit index, voters and learners. */
  get peers(): readonly ServerId[] {
    return this.#peers;
  }

  /** Who governs `slot`, which lies above the commit index. */
  at(slot: Slot): Configuration {
    const pending = this.pending;
    return pending !== undefined && slot >= pending.from ? pending : this.current;
  }

  /** A change was applied. One at a time: the one before must govern already. */
  add(configuration: Configuration): void {
    check(configuration);
    assert(this.#active.length === 1, 'one change of the members at a time');
    assert(configuration.epoch > this.current.epoch, 'epochs rise');
    this.#active = [this.current, configuration];
    this.#peers = this.#peersOf();
  }

  /** The commit index rose: the configuration that governs from now on if it is another one, else undefined. */
  advance(commit: Slot): Configuration | undefined {
    const { pending } = this;
    if (pending === undefined || pending.from > commit + 1) return undefined;
    this.#active = [pending];
    this.#peers = this.#peersOf();
    return pending;
  }

  /** State was installed: what it says is what there is; `known` as for the constructor. */
  replace(known: readonly Configuration[], commit: Slot): void {
    for (const configuration of known) check(configuration);
    this.#active = known;
    this.advance(commit);
    this.#peers = this.#peersOf();
  }

  /** A majority of every configuration that governs a slot above the commit index. */
  hasQuorum(has: (server: ServerId) => boolean): boolean {
    return this.#active.every((configuration) => isQuorum(configuration, has));
  }

  /** This server has a vote on the next slot: only then it may stand for election. */
  get mayLead(): boolean {
    return this.current.voters.includes(this.#self);
  }

  /**
   * How far a majority of the present voters has come, of which `reached` says how far each other one is; this server
   * counts as being wherever that is.
   */
  majorityReached(reached: (server: ServerId) => Slot): Slot {
    const { voters, seats } = this.current;
    const others = voters.filter((id) => id !== this.#self);
    const needed = Math.floor(seats / 2) + 1 - (voters.length - others.length);
    if (needed === 0) return Number.MAX_SAFE_INTEGER;
    const slots = others.map(reached).sort((a, b) => b - a);
    return slots[needed - 1] ?? 0;
  }

  #peersOf(): readonly ServerId[] {
    const ids = new Set(this.#active.flatMap(({ voters, learners }) => [...voters, ...learners]));
    ids.delete(this.#self);
    return [...ids];
  }
}

function check({ seats, voters, learners, from }: Configuration): void {
  assert(seats % 2 === 1, 'the number of seats is odd');
  assert(voters.length <= seats, 'no more voters than seats');
  assert(from >= 1, 'slots begin at 1');
  assert(new Set([...voters, ...learners]).size === voters.length + learners.length, 'members are distinct');
}
