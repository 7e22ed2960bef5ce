/**
 * Batches of this server's own clients on their way to a slot: forwarded, forwarded again, settled (PAXOS.md,
 * Forwarding).
 */
import { limits } from '../base/index.js';
import type { Ballot, ForwardOk, ServerId, Slot } from '../wire/index.js';
import { sameBallot, zeroBallot } from './ballot.js';
import { type Context, ticks } from './context.js';

interface OwnBatch {
  readonly batch: number;
  readonly bytes: Uint8Array;
  /** 0 until a leader said where it proposed it. */
  slot: Slot;
  /** The tick at which it is forwarded (again); in the past for one that never was. */
  dueTick: number;
  retryTicks: number;
}

/** The leader a batch should go to. */
export interface Target {
  readonly server: ServerId;
  readonly ballot: Ballot;
}

export class Forwarding {
  readonly #context: Context;
  readonly #batches = new Map<number, OwnBatch>();
  /** Those without a place, in order; and of these the ones never forwarded yet. */
  readonly #unplaced = new Map<number, OwnBatch>();
  #fresh: OwnBatch[] = [];
  /** No batch is forwarded again before this tick: looked at with every input, so that it must be cheap. */
  #nextDueTick = Number.POSITIVE_INFINITY;
  readonly #placed = new Map<Slot, number[]>();
  #bytes = 0;
  #target: Target = { server: 0, ballot: zeroBallot };

  constructor(context: Context) {
    this.#context = context;
  }

  readonly #isUnplaced = (own: OwnBatch): boolean => this.#unplaced.has(own.batch);

  get pending(): number {
    return this.#batches.size;
  }

  /** Takes a batch, or refuses it when too many bytes wait already. */
  submit(batch: number, bytes: Uint8Array): void {
    if (this.#bytes + bytes.length > limits.forwardQueueBytes || this.#batches.size >= limits.forwardQueueBatches) {
      this.#context.effects.refused.push(batch);
      return;
    }
    this.#bytes += bytes.length;
    const own = { batch, bytes, slot: 0, dueTick: this.#context.tick, retryTicks: ticks(limits.forwardRetryMs) };
    this.#batches.set(batch, own);
    this.#unplaced.set(batch, own);
    if (this.#fresh.length >= limits.forwardQueueBatches) this.#fresh = this.#fresh.filter(this.#isUnplaced);
    this.#fresh.push(own);
  }

  /** All its items are answered: nothing is left to forward. */
  answered(batch: number): void {
    this.#remove(batch);
  }

  /**
   * Hands out what is due, in order: batches never sent to this leader and those that got no ForwardOk in time. A new
   * leader or ballot makes everything due again, placed or not.
   */
  pump(target: Target | undefined, give: (target: Target, batch: number, bytes: Uint8Array) => void): void {
    if (target === undefined) return;
    const { tick } = this.#context;
    if (target.server !== this.#target.server || !sameBallot(target.ballot, this.#target.ballot)) {
      this.#target = target;
      this.#placed.clear();
      for (const own of this.#batches.values()) {
        own.slot = 0;
        own.dueTick = tick;
        own.retryTicks = ticks(limits.forwardRetryMs);
        this.#unplaced.delete(own.batch);
        this.#unplaced.set(own.batch, own);
      }
      this.#nextDueTick = tick;
    }
    const due = tick >= this.#nextDueTick ? this.#unplaced.values() : this.#fresh;
    if (due !== this.#fresh) this.#nextDueTick = Number.POSITIVE_INFINITY;
    else if (this.#fresh.length === 0) return;
    this.#fresh = [];
    for (const own of due) {
      if (own.dueTick <= tick && this.#isUnplaced(own)) {
        own.dueTick = tick + own.retryTicks;
        own.retryTicks = Math.min(own.retryTicks * 2, ticks(limits.forwardRetryMaxMs));
        give(target, own.batch, own.bytes);
      }
      this.#nextDueTick = Math.min(this.#nextDueTick, own.dueTick);
    }
  }

  /** The leader proposed the batch in `slot`. `commit`: how far this server has applied. */
  onForwardOk(from: ServerId, message: ForwardOk, commit: Slot): void {
    if (from !== this.#target.server || !sameBallot(message.ballot, this.#target.ballot)) return;
    this.placed(message.batch, message.slot, commit);
  }

  placed(batch: number, slot: Slot, commit: Slot): void {
    const own = this.#batches.get(batch);
    if (own === undefined || own.slot !== 0) return;
    own.slot = slot;
    this.#unplaced.delete(batch);
    if (slot <= commit) {
      this.#settle(batch);
      return;
    }
    const there = this.#placed.get(slot);
    if (there === undefined) this.#placed.set(slot, [batch]);
    else there.push(batch);
  }

  /** Slots before+1 … commit were applied: batches placed there are settled, whether they stand there or not. */
  onApplied(before: Slot, commit: Slot): void {
    if (this.#placed.size === 0) return;
    if (commit - before <= this.#placed.size) {
      for (let slot = before + 1; slot <= commit; slot++) this.#settleSlot(slot);
      return;
    }
    for (const slot of [...this.#placed.keys()]) if (slot <= commit) this.#settleSlot(slot);
  }

  #settleSlot(slot: Slot): void {
    const batches = this.#placed.get(slot);
    if (batches === undefined) return;
    this.#placed.delete(slot);
    for (const batch of batches) this.#settle(batch);
  }

  #settle(batch: number): void {
    if (this.#remove(batch)) this.#context.effects.settled.push(batch);
  }

  #remove(batch: number): boolean {
    const own = this.#batches.get(batch);
    if (own === undefined) return false;
    this.#bytes -= own.bytes.length;
    this.#batches.delete(batch);
    this.#unplaced.delete(batch);
    return true;
  }
}
