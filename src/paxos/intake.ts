/** The leader's queue of batches, its own and forwarded ones, and when they become the next slot. */
import { limits } from '../base/index.js';
import type { ServerId } from '../wire/index.js';
import type { Context } from './context.js';
import type { Leader } from './leader.js';

interface Waiting {
  readonly origin: ServerId;
  readonly batch: number;
  readonly bytes: Uint8Array;
}

export class Intake {
  readonly #context: Context;
  readonly #waiting = new Map<string, Waiting>();
  #bytes = 0;

  constructor(context: Context) {
    this.#context = context;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Queues a batch; one that is queued already, or finds the queue full, is ignored: its origin asks again. */
  add(origin: ServerId, batch: number, bytes: Uint8Array): void {
    const key = `${origin}:${batch}`;
    if (this.#waiting.has(key)) return;
    const full = this.#bytes + bytes.length > limits.forwardQueueBytes && this.#waiting.size > 0;
    if (full || this.#waiting.size >= limits.forwardQueueBatches) {
      this.#context.ignore('forward', 'the queue of the leader is full', origin);
      return;
    }
    this.#waiting.set(key, { origin, batch, bytes });
    this.#bytes += bytes.length;
  }

  clear(): void {
    this.#waiting.clear();
    this.#bytes = 0;
  }

  /**
   * Proposes what waits. With little in flight a batch goes at once; with `pipelineSlots` in flight batches collect
   * until something is chosen or a slot's worth of bytes is there: the next batch grows while one syncs.
   */
  drain(leader: Leader, placed: (origin: ServerId, batch: number, slot: number) => void): void {
    while (this.#waiting.size > 0 && leader.hasWindow) {
      if (leader.loadInFlight >= limits.pipelineSlots && this.#bytes < limits.pipelineBytes) return;
      const slotful: Waiting[] = [];
      let bytes = 0;
      for (const [key, waiting] of this.#waiting) {
        if (slotful.length > 0 && bytes + waiting.bytes.length > limits.batchBytesMax) break;
        slotful.push(waiting);
        bytes += waiting.bytes.length;
        this.#waiting.delete(key);
      }
      this.#bytes -= bytes;
      const slot = leader.propose(slotful.map((waiting) => waiting.bytes));
      for (const { origin, batch } of slotful) placed(origin, batch, slot);
    }
  }
}
