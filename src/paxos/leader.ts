/**
 * Phase 2 of one ballot: proposes values in slots, counts votes, announces what is chosen, and knows when to give way.
 */
import { assert, equalBytes, limits } from '../base/index.js';
import type { Ballot, Commit, PromiseEntry, ServerId, Slot } from '../wire/index.js';
import { compareBallots } from './ballot.js';
import type { FullPromise } from './candidate.js';
import type { Configuration } from './configuration.js';
import { type Context, ticks } from './context.js';
import type { Patience } from './patience.js';
import type { Peers } from './peers.js';
import { isQuorum, Votes } from './quorum.js';
import type { SlotLog } from './slot-log.js';
import { Alarm } from './timeout.js';

interface Proposal {
  readonly value: Uint8Array;
  readonly votes: Votes;
  readonly proposedTick: number;
  /** Number of the record with our own vote. */
  readonly record: number;
  resendTick: number;
}

/** A commit index that was announced and waits to be reached by a majority's followers. */
interface Announced {
  readonly upto: Slot;
  readonly proposedTick: number;
  readonly tick: number;
}

export class Leader {
  readonly ballot: Ballot;
  readonly electedTick: number;
  /** How long phase 1 took, in ticks: the measure for preparing again. */
  readonly prepareTicks: number;
  /**
   * The highest commit index of the prepare quorum: nothing at or below is proposed, it is fetched (PAXOS.md, New
   * leader).
   */
  readonly floor: Slot;
  /** Every slot up to here was proposed on election; a fresh read waits until all of them are committed. */
  readonly readFloor: Slot;
  /** Gave way: proposes and resends nothing, still counts votes and commits. */
  abdicated = false;
  nextSlot: Slot;

  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #peers: Peers;
  readonly #patience: Patience;
  readonly #inFlight = new Map<Slot, Proposal>();
  /** Of those in flight the no-ops that only bring a change of the members into force. */
  readonly #fillers = new Set<Slot>();
  readonly #unsynced: Slot[] = [];
  readonly #nacks = new Set<ServerId>();
  /** Whose promises of this ballot we lead with. */
  readonly #promisers: Set<ServerId>;
  /** A configuration of which `#promisers` are known to be a quorum. */
  #covered: Configuration | undefined;
  /**
   * What the promises list above the floor, to be proposed again; every slot through `readFloor` gets a value first.
   */
  readonly #adopted: Map<Slot, PromiseEntry>;
  /** Those under watch, about one per heartbeat, and the newest, which is watched when those before it are reached. */
  readonly #announced: Announced[] = [];
  #newest: Announced | undefined;
  readonly #repeat: Alarm;
  #inFlightBytes = 0;
  #announcedUpto: Slot;
  /** How much of that each peer was told, if anything above the floor. */
  readonly #told = new Map<ServerId, Slot>();
  #lastEntryMs: number | undefined;
  /** The first word of a follower that knows more to be chosen than we have counted. */
  #ahead: { readonly upto: Slot; readonly tick: number } | undefined;

  /**
   * Takes over with the complete promises of a quorum: adopts, fills holes, and proposes a no-op where nothing was
   * left.
   */
  constructor(
    shared: { context: Context; log: SlotLog; peers: Peers; patience: Patience },
    ballot: Ballot,
    promises: readonly FullPromise[],
    prepareTicks: number,
  ) {
    this.#context = shared.context;
    this.#log = shared.log;
    this.#peers = shared.peers;
    this.#patience = shared.patience;
    this.ballot = ballot;
    this.prepareTicks = prepareTicks;
    this.electedTick = this.#context.tick;
    this.#repeat = new Alarm(ticks(limits.commitRepeatMs), this.#context.tick);
    this.#promisers = new Set(promises.map((promise) => promise.from));
    assert(
      this.#context.configurations.hasQuorum((id) => this.#promisers.has(id)) || this.#context.plants.duplicateVote,
      'a leader has the promises of a majority',
    );
    this.floor = promises.reduce((highest, promise) => Math.max(highest, promise.commit), this.#log.commit);
    this.#announcedUpto = this.floor;
    this.nextSlot = this.floor + 1;
    this.#adopted = this.#bestOf(promises);
    this.readFloor = [...this.#adopted.keys()].reduce((last, slot) => Math.max(last, slot), this.floor + 1);
    this.advance();
  }

  /** Per slot above the floor the vote of the highest ballot, a chosen value before all. */
  #bestOf(promises: readonly FullPromise[]): Map<Slot, PromiseEntry> {
    const best = new Map<Slot, PromiseEntry>();
    for (const { entries } of promises) {
      for (const entry of entries) {
        if (entry.slot <= this.floor) continue;
        const other = best.get(entry.slot);
        if (other === undefined || this.#outranks(entry, other)) best.set(entry.slot, entry);
      }
    }
    return best;
  }

  /**
   * Proposes again what the promises list, and no-ops in the holes between; then the no-ops that bring a change of the
   * members into force. As far as may be proposed now: the rest follows when more is applied.
   */
  advance(): void {
    if (this.abdicated) return;
    // What was learned before the election may have been committed while it waited for its turn: it needs no proposal.
    this.nextSlot = Math.max(this.nextSlot, this.#log.commit + 1);
    while (this.nextSlot <= this.readFloor && this.#mayPropose(this.nextSlot)) this.#proposeAgain();
    const { pending } = this.#context.configurations;
    if (pending === undefined) return;
    // A few at a time, so that what clients want goes in between and is not chosen behind thousands of them.
    while (this.nextSlot < pending.from && this.hasWindow && this.#fillers.size < limits.fillSlots) {
      this.#fillers.add(this.propose([]));
    }
  }

  #proposeAgain(): void {
    const adopted = this.#adopted.get(this.nextSlot);
    const { noAdoption, gapSkipped } = this.#context.plants;
    if (adopted !== undefined && !noAdoption) this.#start(adopted.value);
    else if (gapSkipped && this.#adopted.size > 0) this.nextSlot += 1;
    else this.#start(this.#context.encodeEntry(this.#stamp(), []));
  }

  /** A slot too far above what is applied may be governed by members that this server does not know of yet. */
  #mayPropose(slot: Slot): boolean {
    return slot <= this.#context.proposeUpto && this.#covers(slot);
  }

  /** A quorum of those who govern `slot` has promised this ballot. */
  #covers(slot: Slot): boolean {
    const configuration = this.#context.configurations.at(slot);
    if (configuration === this.#covered) return true;
    const promised = isQuorum(configuration, (id) => this.#promisers.has(id)) || this.#context.plants.duplicateVote;
    if (!promised || !configuration.voters.includes(this.#context.self)) return false;
    this.#covered = configuration;
    return true;
  }

  /** The next slot is governed by members of whom no quorum has promised this ballot: another is needed there. */
  get outgrown(): boolean {
    if (this.abdicated || this.nextSlot > this.#context.proposeUpto) return false;
    return !this.#covers(this.nextSlot);
  }

  /** These members have come back with nothing: what they said is not to be counted on any more. */
  forget(reborn: readonly ServerId[]): void {
    for (const id of reborn) {
      this.#promisers.delete(id);
      this.#nacks.delete(id);
    }
    this.#covered = undefined;
  }

  #outranks(a: PromiseEntry, b: PromiseEntry): boolean {
    if (a.chosen !== b.chosen) return a.chosen;
    const order = compareBallots(a.ballot, b.ballot);
    return this.#context.plants.wrongAdoption ? order < 0 : order > 0;
  }

  /** Proposes `batches` as the next slot's value (a no-op if there are none); returns the slot. */
  propose(batches: readonly Uint8Array[]): Slot {
    assert(!this.abdicated, 'a leader that gave way proposes nothing');
    return this.#start(this.#context.encodeEntry(this.#stamp(), batches));
  }

  /** The leader's clocks: ms since its previous entry, 0 for its first, and the wall time to be shown. */
  #stamp(): { elapsedMs: number; wallMs: number } {
    const nowMs = Math.floor(this.#context.now.monotonicMs);
    const elapsedMs = Math.min(Math.max(0, nowMs - (this.#lastEntryMs ?? nowMs)), limits.logClockStepMsMax);
    this.#lastEntryMs = nowMs;
    return { elapsedMs, wallMs: Math.max(0, Math.floor(this.#context.now.wallMs)) };
  }

  #start(value: Uint8Array): Slot {
    const slot = this.nextSlot;
    this.nextSlot += 1;
    const held = this.#log.get(slot);
    // A value we learned as chosen needs no new vote record: every promise we give lists it above all ballots.
    assert(!held?.chosen || equalBytes(held.value, value), `two values are chosen in slot ${slot}`);
    const record = held?.chosen ? held.record : this.#log.accept(slot, this.ballot, value);
    this.tellAll();
    this.#context.broadcast({ type: 'accept', ballot: this.ballot, slot, value });
    this.#inFlight.set(slot, {
      value,
      votes: new Votes(this.#context.configurations.at(slot)),
      proposedTick: this.#context.tick,
      resendTick: this.#context.tick + ticks(limits.resendMs),
      record,
    });
    this.#inFlightBytes += value.length;
    this.#unsynced.push(slot);
    return slot;
  }

  /** Slots proposed and not chosen yet. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Of those the ones that somebody waits for. */
  get loadInFlight(): number {
    return this.#inFlight.size - this.#fillers.size;
  }

  /**
   * True while another slot may be proposed: what was left by the election comes first. Slots that are chosen but wait
   * for one below them have left the window; what followers would take bounds them.
   */
  get hasWindow(): boolean {
    if (this.nextSlot <= this.readFloor || !this.#mayPropose(this.nextSlot)) return false;
    return this.#inFlight.size < limits.windowSlots && this.#inFlightBytes < limits.windowBytes;
  }

  /** A majority, this server included, follows this ballot. */
  get hasMajority(): boolean {
    return this.#peers.followQuorum(this.ballot);
  }

  /** A read may begin: everything proposed on election is committed. */
  get readable(): boolean {
    return this.#log.commit >= this.readFloor;
  }

  /** Records have reached the disk: our own votes among them count now. */
  onDurable(): void {
    const syncedUpto = this.#context.plants.ackBeforeSync ? Number.MAX_SAFE_INTEGER : this.#context.durable;
    while (this.#unsynced[0] !== undefined) {
      const proposal = this.#inFlight.get(this.#unsynced[0]);
      if (proposal !== undefined && proposal.record > syncedUpto) break;
      const slot = this.#unsynced.shift() as Slot;
      if (proposal !== undefined) this.#count(slot, proposal, this.#context.self);
    }
    this.announce();
  }

  /** Votes of `from` for slots first … first+count-1 at our ballot. */
  onAccepted(from: ServerId, first: Slot, count: number): void {
    for (let slot = first; slot < first + count; slot++) {
      const proposal = this.#inFlight.get(slot);
      if (proposal !== undefined) this.#count(slot, proposal, from);
    }
    this.announce();
  }

  #count(slot: Slot, proposal: Proposal, from: ServerId): void {
    if (!proposal.votes.add(from, this.#context.plants.duplicateVote)) return;
    this.#inFlight.delete(slot);
    this.#fillers.delete(slot);
    this.#inFlightBytes -= proposal.value.length;
    // A slot that was learned as chosen before the election may be committed already; its votes change nothing.
    if (slot <= this.#log.commit) return;
    const entry = this.#log.get(slot);
    assert(entry !== undefined, 'a proposed slot stays in the log until it is committed');
    entry.chosen = true;
    if (slot === this.#log.commit + 1) this.#commit(proposal.proposedTick);
  }

  #commit(proposedTick: number): void {
    this.#newest = { upto: this.#log.advance(), proposedTick, tick: this.#context.tick };
    const last = this.#announced[this.#announced.length - 1];
    if (last === undefined || this.#context.tick - last.tick >= ticks(limits.heartbeatMs)) {
      this.#announced.push(this.#newest);
    }
  }

  /**
   * Tells how far slots are chosen, if that changed: at once to peers that serve somebody, to others with the next
   * accept or tick, which saves a write here and a turn there for every slot. Carries no values: chosen-ness travels in
   * commits only.
   */
  announce(): void {
    this.#announcedUpto = Math.max(this.#announcedUpto, this.#log.commit);
    this.#tellCommit((peer) => this.#peers.serves(peer));
  }

  /**
   * Tells everybody what is untold: before accepts and ticks, and before this leadership ends in any way but a crash.
   */
  tellAll(): void {
    this.#tellCommit(() => true);
  }

  #tellCommit(isDue: (peer: ServerId) => boolean): void {
    const upto = this.#announcedUpto;
    let commit: Commit | undefined;
    for (const peer of this.#context.peers) {
      if ((this.#told.get(peer) ?? this.floor) >= upto || !isDue(peer)) continue;
      this.#told.set(peer, upto);
      commit ??= { type: 'commit', ballot: this.ballot, upto };
      this.#context.send(peer, commit);
    }
  }

  /** A server refused our ballot; true when so many did that fewer than a majority are left. */
  onNack(from: ServerId): boolean {
    this.#nacks.add(from);
    return !this.#context.configurations.hasQuorum((server) => !this.#nacks.has(server));
  }

  /**
   * A follower says that slots through `upto` are chosen; true when we are stuck below it and must step down to learn.
   */
  stuckBelow(upto: Slot): boolean {
    if (upto <= this.#log.commit || upto <= this.floor) return false;
    if (this.#ahead === undefined || this.#ahead.upto <= this.#log.commit) {
      this.#ahead = { upto, tick: this.#context.tick };
    }
    // Normally the other votes are on their way; only if they stay away is the follower's log the one source left.
    return this.#context.tick - this.#ahead.tick >= ticks(limits.resendMs);
  }

  /**
   * A server with a higher promise is won back by preparing above it, but only with nothing in flight and not sooner
   * than max(1 s, twice the last prepare) after the election.
   */
  get shouldPrepareAgain(): boolean {
    return this.#nacks.size > 0 && this.mayPrepareAgain;
  }

  /** Giving this ballot up for a higher one would cost nothing that is under way. */
  get mayPrepareAgain(): boolean {
    if (this.abdicated || this.#inFlight.size > 0) return false;
    const waitTicks = Math.max(ticks(limits.repreparMs), 2 * this.prepareTicks);
    return this.#context.tick - this.electedTick >= waitTicks;
  }

  onTick(): void {
    if (!this.abdicated) this.#resendUnchosen();
    this.tellAll();
    this.#repeatCommit();
    this.#watchReached();
  }

  #resendUnchosen(): void {
    for (const [slot, proposal] of this.#inFlight) {
      if (this.#context.tick < proposal.resendTick) continue;
      proposal.resendTick = this.#context.tick + ticks(limits.resendMs);
      for (const peer of this.#context.peers) {
        if (proposal.votes.has(peer)) continue;
        this.#context.send(peer, { type: 'accept', ballot: this.ballot, slot, value: proposal.value });
      }
    }
  }

  /** A last commit frame that is lost on an idle cluster would otherwise never be made up. */
  #repeatCommit(): void {
    if (!this.#repeat.due(this.#context.tick)) return;
    for (const peer of this.#peers.heard()) {
      if (peer.commit < this.#announcedUpto && this.#announcedUpto <= this.#log.commit) {
        this.#context.send(peer.id, { type: 'commit', ballot: this.ballot, upto: this.#announcedUpto });
      }
    }
  }

  #watchReached(): void {
    const reached = this.#peers.majorityCommit();
    while (this.#announced[0] !== undefined && this.#announced[0].upto <= reached) {
      const { proposedTick } = this.#announced.shift() as Announced;
      if (this.#context.tick - proposedTick <= ticks(limits.patienceMs)) this.#patience.proven();
    }
    if (this.#announced.length > 0 || this.#newest === undefined) return;
    if (this.#newest.upto > reached) this.#announced.push(this.#newest);
    this.#newest = undefined;
  }

  /** What patience covers: the fetch below the floor, the oldest unchosen slot, the oldest commit nobody reached. */
  get outOfPatience(): boolean {
    if (this.#log.commit < this.floor && this.#patience.exceededSince(this.electedTick)) return true;
    for (const proposal of this.#inFlight.values()) {
      if (this.#patience.exceededSince(proposal.proposedTick)) return true;
      break;
    }
    const announced = this.#announced[0];
    return announced !== undefined && this.#patience.exceededSince(announced.tick);
  }

  /** Values in flight come in slot order; invariants look at them. */
  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }
}
