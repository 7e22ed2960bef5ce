/** Phase 1 of one ballot: asks for promises, resends, puts parts together, and says when a quorum is complete. */
import { assert, limits } from '../base/index.js';
import type { Ballot, Incarnation, PromiseEntry, PromiseReply, ServerId, Slot } from '../wire/index.js';
import type { Context } from './context.js';
import { ticks } from './context.js';
import { Votes } from './quorum.js';
import { Alarm } from './timeout.js';

/** One acceptor's complete promise. */
export interface FullPromise {
  readonly from: ServerId;
  readonly commit: Slot;
  readonly entries: readonly PromiseEntry[];
}

interface Parts {
  readonly incarnation: Incarnation;
  readonly commit: Slot;
  readonly parts: (readonly PromiseEntry[] | undefined)[];
}

export class Candidate {
  readonly ballot: Ballot;
  readonly startTick: number;
  /** Counted anew when a waiting candidate goes on with the same ballot after its cool-down. */
  patienceTick: number;
  /** Patience ran out: it waits and resends, and may still win. */
  waiting = false;

  readonly #context: Context;
  readonly #promisedRecord: number;
  readonly #commit: Slot;
  readonly #resend: Alarm;
  readonly #partial = new Map<ServerId, Parts>();
  readonly #promises: FullPromise[] = [];
  readonly #votes: Votes;
  readonly #nacks = new Set<ServerId>();

  /** Our own promise of `ballot` stands in record `promisedRecord`. */
  constructor(context: Context, ballot: Ballot, promisedRecord: number, commit: Slot) {
    this.#context = context;
    this.ballot = ballot;
    this.startTick = context.tick;
    this.patienceTick = context.tick;
    this.#promisedRecord = promisedRecord;
    this.#commit = commit;
    this.#resend = new Alarm(ticks(limits.resendMs), context.tick);
    this.#votes = new Votes(...context.configurations.active);
    this.#ask(context.peers, context.plants.ballotReused ? 0 : promisedRecord);
  }

  /** Asks those again who have not promised; the resend waits for the disk like the first send did. */
  onTick(): void {
    if (!this.#resend.due(this.#context.tick)) return;
    const silent = this.#context.peers.filter((peer) => !this.#votes.has(peer));
    this.#ask(silent, this.#context.plants.ungatedResend ? 0 : this.#promisedRecord);
  }

  #ask(peers: readonly ServerId[], after: number): void {
    for (const peer of peers) {
      this.#context.send(peer, { type: 'prepare', ballot: this.ballot, commit: this.#commit }, after);
    }
  }

  /** True once our own promise is on disk and not yet counted: then `addOwn` may be called. */
  get ownIsDue(): boolean {
    return this.#context.durable >= this.#promisedRecord && !this.#votes.has(this.#context.self);
  }

  /** Counts our own promise; true when this completes the quorum. */
  addOwn(commit: Slot, entries: readonly PromiseEntry[]): boolean {
    assert(this.ownIsDue, 'the own promise counts once it is on disk');
    this.#promises.push({ from: this.#context.self, commit, entries });
    return this.#votes.add(this.#context.self);
  }

  /** Takes one part of a promise of our ballot; true when this completes the quorum. */
  onPromise(from: ServerId, message: PromiseReply): boolean {
    if (this.#votes.has(from) && !this.#context.plants.duplicateVote) return false;
    let partial = this.#partial.get(from);
    // A new life cuts its promise anew: put together with parts of the old one it could lack an entry.
    if (partial === undefined || partial.incarnation !== message.incarnation) {
      const { incarnation, commit } = message;
      partial = { incarnation, commit, parts: new Array<undefined>(message.parts).fill(undefined) };
      this.#partial.set(from, partial);
    }
    // A peer that changes its mind about the shape of one promise within one life is not believed at all.
    if (partial.parts.length !== message.parts || partial.commit !== message.commit) return false;
    if (message.part >= message.parts) return false;
    partial.parts[message.part] = message.entries;
    const entries: PromiseEntry[] = [];
    for (const part of partial.parts) {
      if (part === undefined) return false;
      entries.push(...part);
    }
    this.#partial.delete(from);
    this.#promises.push({ from, commit: message.commit, entries });
    return this.#votes.add(from, this.#context.plants.duplicateVote);
  }

  /** Notes a refusal; true when fewer than a majority are left that have not refused. */
  onNack(from: ServerId): boolean {
    this.#nacks.add(from);
    return !this.#context.configurations.hasQuorum((server) => !this.#nacks.has(server));
  }

  /** Somebody has promised higher: going on with this ballot would only be refused again. */
  get preempted(): boolean {
    return this.#nacks.size > 0;
  }

  /** The highest commit index of the promises (at least `commit`), and the highest slot that any of them lists. */
  extent(commit: Slot): { floor: Slot; last: Slot } {
    let floor = commit;
    for (const promise of this.#promises) floor = Math.max(floor, promise.commit);
    let last = floor;
    for (const { entries } of this.#promises) for (const { slot } of entries) last = Math.max(last, slot);
    return { floor, last };
  }

  /** The complete promises of the quorum. */
  get promises(): readonly FullPromise[] {
    return this.#promises;
  }
}
