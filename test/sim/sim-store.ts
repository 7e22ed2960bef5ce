/** A state store as a power failure leaves it: a batch that was not synced yet is lost, or there as a whole. */
import type { Prng } from '../../src/base/index.js';
import { type MemoryRows, MemoryStore, type Row, type StoreDone } from '../../src/storage/index.js';

export interface SimStoreParts {
  readonly rows: MemoryRows;
  /** Reads are answered with it. */
  readonly later: (act: () => void) => void;
  /** Batches are on disk after it. */
  readonly afterSync: (act: () => void) => void;
  /** A full disk takes no batch. */
  readonly isFull: () => boolean;
}

type Batch = Parameters<MemoryRows['apply']>;

export class SimStore extends MemoryStore {
  readonly #parts: SimStoreParts;
  #unsynced: Batch[] = [];

  constructor(parts: SimStoreParts) {
    super(parts.rows, parts.later);
    this.#parts = parts;
  }

  override batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    const batch: Batch = [puts, deletes];
    this.#unsynced.push(batch);
    this.#parts.afterSync(() => {
      this.#unsynced = this.#unsynced.filter((other) => other !== batch);
      const isFull = this.#parts.isFull();
      if (!isFull) this.#parts.rows.apply(puts, deletes);
      done(isFull ? Object.assign(new Error('ENOSPC: simulated, the store'), { code: 'ENOSPC' }) : undefined);
    });
  }

  /** The process ends in the middle of what it does. True if a batch was under way that nobody had heard of. */
  crash(random: Prng): boolean {
    const cut = this.#unsynced.length > 0;
    // The store's own log keeps batches in order: a part from the front survives.
    const kept = random.below(this.#unsynced.length + 1);
    for (const batch of this.#unsynced.slice(0, kept)) this.#parts.rows.apply(...batch);
    this.#unsynced = [];
    this.close(() => undefined);
    return cut;
  }
}
