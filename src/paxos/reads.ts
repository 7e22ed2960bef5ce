/**
 * Fresh reads by read index: no lease, no clock; a majority confirms the ballot after the read arrived (PAXOS.md, New
 * leader).
 */
import { limits } from '../base/index.js';
import type { ServerId, Slot } from '../wire/index.js';
import { sameBallot } from './ballot.js';
import { type Context, ticks } from './context.js';
import type { Leader } from './leader.js';
import type { Peers } from './peers.js';

/** A read this server's own client asked for. */
interface OwnRead {
  readonly id: number;
  readonly tick: number;
  /** Known once a leader confirmed it. */
  index: Slot | undefined;
  /** When the leader was asked last. */
  askedTick: number;
}

/** A read to be confirmed by us as leader; `origin` is this server or a follower. */
interface Confirming {
  readonly origin: ServerId;
  readonly id: number;
  /** The commit index when it arrived, or what was proposed on election if that is not yet committed. */
  readonly index: Slot;
  /** Heartbeat rounds above this one were sent after it arrived. */
  readonly afterRound: number;
}

export class Reads {
  readonly #context: Context;
  readonly #peers: Peers;
  /** Added to a read's id in what is asked of a leader: an answer to an earlier life is not one to this life. */
  readonly #requestBase: number;
  readonly #own: OwnRead[] = [];
  #confirming: Confirming[] = [];

  constructor(context: Context, peers: Peers) {
    this.#context = context;
    this.#peers = peers;
    this.#requestBase = (context.incarnation % 2 ** 20) * 2 ** 32;
  }

  /** Queues a read of our own client; refused (not fresh) at once when too many wait. */
  add(id: number): void {
    if (this.#own.length >= limits.readsWaitingMax) {
      this.#context.effects.reads.push({ id, fresh: false });
      return;
    }
    this.#own.push({ id, tick: this.#context.tick, index: undefined, askedTick: -ticks(limits.resendMs) });
  }

  /** As leader: a read of `origin` arrived now. */
  confirm(leader: Leader, commit: Slot, origin: ServerId, id: number): void {
    if (this.#confirming.length >= limits.readsWaitingMax) return;
    if (this.#confirming.some((read) => read.origin === origin && read.id === id)) return;
    this.#confirming.push({ origin, id, index: Math.max(commit, leader.readFloor), afterRound: this.#peers.round });
  }

  /** No longer leading: the askers ask the next leader. */
  stopConfirming(): void {
    this.#confirming = [];
  }

  /** The leader's answer to a read of ours. */
  onReply(request: number, index: Slot): void {
    this.#confirmed(request - this.#requestBase, index);
  }

  #confirmed(id: number, index: Slot): void {
    const own = this.#own.find((read) => read.id === id);
    if (own !== undefined) own.index ??= index;
  }

  /** Serves what is confirmed, asks for what is not, gives up what took too long. */
  pump(leader: Leader | undefined, happyWith: ServerId | undefined, commit: Slot): void {
    if (leader !== undefined) this.#confirmAsLeader(leader, commit);
    for (let i = 0; i < this.#own.length; ) {
      const read = this.#own[i] as OwnRead;
      const served = read.index !== undefined && commit >= read.index;
      if (served || this.#context.tick - read.tick > ticks(limits.readTimeoutMs)) {
        this.#own.splice(i, 1);
        this.#context.effects.reads.push({ id: read.id, fresh: served });
        continue;
      }
      if (read.index === undefined) this.#askFor(read, leader, happyWith, commit);
      i += 1;
    }
  }

  #askFor(read: OwnRead, leader: Leader | undefined, happyWith: ServerId | undefined, commit: Slot): void {
    if (this.#context.tick - read.askedTick < ticks(limits.resendMs)) return;
    if (leader !== undefined) this.confirm(leader, commit, this.#context.self, read.id);
    else if (happyWith !== undefined)
      this.#context.send(happyWith, { type: 'readIndex', request: this.#requestBase + read.id });
    else return;
    read.askedTick = this.#context.tick;
  }

  #confirmAsLeader(leader: Leader, commit: Slot): void {
    if (this.#confirming.length === 0 || commit < leader.readFloor) return;
    this.#confirming = this.#confirming.filter((read) => {
      const confirmed = this.#context.configurations.hasQuorum((id) => {
        if (id === this.#context.self) return true;
        const peer = this.#peers.get(id);
        return peer.answeredRound > read.afterRound && sameBallot(peer.promised, leader.ballot);
      });
      if (!confirmed) return true;
      if (read.origin === this.#context.self) this.#confirmed(read.id, read.index);
      else this.#context.send(read.origin, { type: 'readIndexOk', request: read.id, index: read.index });
      return false;
    });
  }
}
