/** What one server must remember: the records it wrote and those that its disk has confirmed, over all its lives. */
import { ballotText, compareBallots, type Persist, zeroBallot } from '../../../src/paxos/index.js';
import type { Recovered } from '../../../src/storage/index.js';
import type { Ballot, Member, ServerId, Slot } from '../../../src/wire/index.js';
import { digestOf } from '../digest.js';
import { demand } from '../violation.js';
import { type Holder, holderOf } from './electorates.js';

export interface LedgerVote {
  readonly ballot: Ballot;
  readonly digest: string;
  readonly chosen: boolean;
}

/** Told of each vote at the moment at which it is durable. */
export type VoteSynced = (server: Holder, slot: Slot, vote: LedgerVote) => void;

export class Ledger {
  readonly id: ServerId;
  /** The directory whose memory this is. */
  readonly holder: Holder;
  readonly #onVote: VoteSynced;
  /** Records of this life that are not durable yet. */
  #pending: Persist[] = [];
  #syncedRecords = 0;
  /** What is durable. */
  promised: Ballot = zeroBallot;
  /** Slots through here are durably known to be chosen, values included. */
  commit: Slot = 0;
  /** The part of that which the log says by itself. */
  #hinted: Slot = 0;
  readonly votes = new Map<Slot, LedgerVote>();
  /** Every vote that ever was durable: a frame that waited may leave when a later vote is durable, too. */
  readonly #everVoted = new Set<string>();
  readonly #everHeld = new Set<string>();

  constructor(member: Member, onVote: VoteSynced) {
    this.id = member.id;
    this.holder = holderOf(member);
    this.#onVote = onVote;
  }

  persisted(records: readonly Persist[]): void {
    for (const record of records) this.#pending.push(record);
  }

  /** The log says that the first `records` records of this life are durable. */
  synced(records: number): void {
    const count = records - this.#syncedRecords;
    this.#syncedRecords = records;
    for (const record of this.#pending.splice(0, count)) this.#keep(record);
  }

  /** A checkpoint holds the state through `slot`. */
  stored(slot: Slot): void {
    this.commit = Math.max(this.commit, slot);
  }

  /** The checkpoints are lost: what the log says remains, and every vote. */
  storeLost(): void {
    this.commit = this.#hinted;
  }

  /** A new life began with what recovery found: nothing that was durable may be missing (RELIABILITY.md, S2 and S5). */
  recovered(found: Recovered, applied: Slot): void {
    const { promised, commit, votes, id } = this;
    demand(
      compareBallots(found.promised, promised) >= 0,
      'promise fell',
      () => `server ${id} had durably promised ${ballotText(promised)} and recovered ${ballotText(found.promised)}`,
    );
    demand(
      Math.max(found.commit, applied) >= commit,
      'commit fell',
      () => `server ${id} durably knew ${commit} slots to be chosen and recovered ${Math.max(found.commit, applied)}`,
    );
    const bySlot = new Map(found.entries.map((entry) => [entry.slot, entry]));
    for (const [slot, vote] of votes) {
      if (slot <= applied) continue;
      const entry = bySlot.get(slot);
      demand(entry !== undefined, 'vote lost', () => `server ${id} lost its durable vote for slot ${slot}`);
      if (entry === undefined || entry.chosen || vote.chosen) continue;
      demand(
        compareBallots(entry.ballot, vote.ballot) >= 0,
        'vote lost',
        () =>
          `server ${id} voted in slot ${slot} at ${ballotText(vote.ballot)} and recovered ${ballotText(entry.ballot)}`,
      );
    }
    // What survived without having been confirmed is durable from now on.
    this.#pending = [];
    this.#syncedRecords = 0;
    this.promised = found.promised;
    this.commit = Math.max(found.commit, applied);
    this.#hinted = found.commit;
    for (const { slot, ballot, chosen, value } of found.entries) {
      this.#vote(slot, { ballot, chosen, digest: digestOf(value) });
    }
  }

  /** True if this server's disk holds this value for the slot. */
  holds(slot: Slot, digest: string): boolean {
    return this.votes.get(slot)?.digest === digest;
  }

  /** True if a vote for the slot at this ballot was durable at some time. */
  voted(slot: Slot, ballot: Ballot): boolean {
    return this.#everVoted.has(`${slot}:${ballot.round}.${ballot.server}.${ballot.incarnation}`);
  }

  /** True if the value was durable in the slot at some time, as a vote or as learned. */
  held(slot: Slot, digest: string): boolean {
    return this.#everHeld.has(`${slot}:${digest}`);
  }

  #keep(record: Persist): void {
    switch (record.kind) {
      case 'promise':
        demand(
          compareBallots(record.ballot, this.promised) > 0,
          'promise fell',
          () => `server ${this.id} promises ${ballotText(record.ballot)} after ${ballotText(this.promised)}`,
        );
        this.promised = record.ballot;
        return;
      case 'commit':
        this.commit = Math.max(this.commit, record.upto);
        this.#hinted = Math.max(this.#hinted, record.upto);
        return;
      default:
        this.#vote(record.slot, {
          ballot: record.ballot,
          chosen: record.kind === 'chosen',
          digest: digestOf(record.value),
        });
    }
  }

  #vote(slot: Slot, vote: LedgerVote): void {
    this.votes.set(slot, vote);
    const { round, server, incarnation } = vote.ballot;
    this.#everHeld.add(`${slot}:${vote.digest}`);
    if (!vote.chosen) this.#everVoted.add(`${slot}:${round}.${server}.${incarnation}`);
    this.#onVote(this.holder, slot, vote);
  }
}
