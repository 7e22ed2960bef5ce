/**
 * Who the members are, as this server has applied the log: what the cluster was sealed with, then each change of the
 * members (PAXOS.md, Changing the members). Pure.
 */
import { assert, equalBytes } from '../../base/index.js';
import type { MembersChange } from '../../chat/index.js';
import { type Configuration, isQuorum } from '../../paxos/index.js';
import type { Member, Seat, ServerId, Slot } from '../../wire/index.js';

/** What a directory was sealed with. */
export interface SealedMembers {
  readonly epoch: number;
  readonly members: readonly Member[];
}

/** The members of one epoch. */
export interface Seats {
  readonly epoch: number;
  /** The first slot they govern. */
  readonly from: Slot;
  readonly seats: readonly Seat[];
}

/** The directory that asks: its votes are its own, not those of an earlier one under the same id. */
export interface Own {
  readonly id: ServerId;
  readonly birthId: Uint8Array;
}

export class Roster {
  readonly #own: Own;
  readonly #sealed: Seats;
  /** Those that govern, and those that will, if a change is under way. */
  #known: readonly Seats[];

  /** `changes`: as the state machine has them, in order. */
  constructor(sealed: SealedMembers, own: Own, changes: readonly MembersChange[]) {
    this.#own = own;
    this.#sealed = {
      epoch: sealed.epoch,
      from: 1,
      seats: sealed.members.map(({ id, birthId }) => ({ id, birthId, votes: true, takes: 0 })),
    };
    this.#known = knownOf(this.#sealed, changes);
  }

  get self(): ServerId {
    return this.#own.id;
  }

  /** The state machine was replaced by a fetched one: what that says holds. */
  reset(changes: readonly MembersChange[]): void {
    this.#known = knownOf(this.#sealed, changes);
  }

  /**
   * A change was applied; what it means for the replica. Undefined for one that the seal is no older than: whoever was
   * sealed late learns the log from its beginning.
   */
  apply(change: MembersChange): Configuration | undefined {
    if (change.epoch <= this.#sealed.epoch) return undefined;
    const before = this.latest;
    this.#known = [before, change];
    return this.#configuration(this.latest, before);
  }

  /** The newest members decided on, whether they govern already or not. */
  get latest(): Seats {
    return this.#known.at(-1) as Seats;
  }

  /** For the replica, at its start. */
  get configurations(): Configuration[] {
    return this.#known.map((seats, i) => this.#configuration(seats, this.#known[i - 1]));
  }

  /**
   * Which directory each id stands for on the links, when the members of `epoch` govern the next slot: that of the
   * members who govern; of those who are only coming, theirs.
   */
  links(epoch: number): ReadonlyMap<ServerId, Seat> {
    const links = new Map<ServerId, Seat>();
    for (const { seats, epoch: at } of this.#known) {
      if (at < epoch) continue;
      for (const seat of seats) if (!links.has(seat.id)) links.set(seat.id, seat);
    }
    return links;
  }

  /**
   * Some say that this server is no member. That is believed when a majority of the voters it knows says so: until then
   * the others may need what it voted for (PAXOS.md, Changing the members). One that was never let in has applied
   * nothing, and may have come before the others heard of its invitation: it waits.
   */
  isOut(refusedBy: ReadonlySet<ServerId>, commit: Slot): boolean {
    const { seats } = this.latest;
    const { id: ownId, birthId: ownBirth } = this.#own;
    if (commit === 0 && !seats.some(({ id, birthId }) => id === ownId && equalBytes(birthId, ownBirth))) return false;
    const voters = seats.filter(({ votes }) => votes).map(({ id }) => id);
    return isQuorum({ seats: seats.filter(({ takes }) => takes === 0).length, voters }, (id) => refusedBy.has(id));
  }

  #configuration({ epoch, from, seats }: Seats, before: Seats | undefined): Configuration {
    const own = seats.find(({ id }) => id === this.#own.id);
    // Another directory's votes under this server's id are not this server's; and of members that this server was told
    // of by a balancer it may not know what they had decided before.
    const isOwn = own !== undefined && equalBytes(own.birthId, this.#own.birthId);
    const knowsAll = epoch > this.#sealed.epoch || this.#sealed.epoch === 1;
    const others = seats.filter((seat) => seat !== own || (isOwn && knowsAll));
    const reborn = seats.filter(({ id, birthId }) => {
      const earlier = before?.seats.find((seat) => seat.id === id);
      return earlier !== undefined && !equalBytes(earlier.birthId, birthId);
    });
    return {
      epoch,
      from,
      seats: seats.filter(({ takes }) => takes === 0).length,
      voters: others.filter(({ votes }) => votes).map(({ id }) => id),
      learners: others.filter(({ votes }) => !votes).map(({ id }) => id),
      reborn: reborn.map(({ id }) => id),
    };
  }
}

function knownOf(sealed: Seats, changes: readonly MembersChange[]): readonly Seats[] {
  const known = changes.filter(({ epoch }) => epoch > sealed.epoch);
  assert(known.length <= 2, 'the state machine keeps two changes');
  // The first change behind the seal has none before it: those who were sealed govern until it does.
  return known.length === 2 ? known : [sealed, ...known];
}
