/** The state store of a machine whose power may fail: a batch that was on its way is there as a whole or not at all. */
import type { Prng } from '../../src/base/index.js';
import {
  type GetDone,
  type KeyRange,
  MemoryRows,
  type Row,
  type RowsDone,
  type StateStore,
  type StoreDone,
  type StoreHome,
  type StoreSnapshot,
} from '../../src/storage/index.js';
import type { Power } from './power.js';

/** A batch is synced within so many ms. */
const batchMsMax = 6;

interface Batch {
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

/** What outlives a machine's lives. */
export class StoreRows {
  rows = new MemoryRows();
  /** The batch that is being synced. */
  underWay: Batch | undefined;

  /** The power failed: what was being synced got to the disk, or it did not. */
  cut(random: Prng): void {
    if (this.underWay !== undefined && random.chance(1, 2)) this.rows.apply(this.underWay.puts, this.underWay.deletes);
    this.underWay = undefined;
  }
}

export class PowerHome implements StoreHome {
  readonly #kept: StoreRows;
  readonly #power: Power;
  readonly #random: Prng;

  constructor(kept: StoreRows, power: Power, random: Prng) {
    this.#kept = kept;
    this.#power = power;
    this.#random = random;
  }

  open(done: (error: Error | undefined, store?: StateStore) => void): void {
    const answer = this.#power.answer<[store?: StateStore]>(done);
    setImmediate(() => answer(undefined, new PowerStore(this.#kept, this.#power, this.#random)));
  }

  setAside(done: (error: Error | undefined, name?: string) => void): void {
    done(new Error('nothing damages this store: that it is set aside is a defect'));
  }
}

class PowerStore implements StateStore {
  readonly #kept: StoreRows;
  readonly #power: Power;
  readonly #random: Prng;

  constructor(kept: StoreRows, power: Power, random: Prng) {
    this.#kept = kept;
    this.#power = power;
    this.#random = random;
  }

  get(key: Uint8Array, done: GetDone): void {
    const answer = this.#power.answer(done, undefined);
    setImmediate(() => answer(undefined, this.#kept.rows.get(key)));
  }

  iterate(range: KeyRange, done: RowsDone): void {
    const answer = this.#power.answer(done, []);
    setImmediate(() => answer(undefined, this.#kept.rows.range(range)));
  }

  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    const kept = this.#kept;
    const batch = { puts, deletes };
    const answer = this.#power.answer(done);
    if (this.#power.isOff) return;
    kept.underWay = batch;
    setTimeout(
      () => {
        if (kept.underWay !== batch) return;
        kept.rows.apply(puts, deletes);
        kept.underWay = undefined;
        answer(undefined);
      },
      this.#random.between(0, batchMsMax),
    );
  }

  snapshot(): StoreSnapshot {
    const rows = this.#kept.rows.copy();
    return {
      get: (key, done) => setImmediate(this.#power.answer(done, undefined), undefined, rows.get(key)),
      iterate: (range, done) => setImmediate(this.#power.answer(done, []), undefined, rows.range(range)),
      close: () => undefined,
    };
  }

  close(done: StoreDone): void {
    setImmediate(done, undefined);
  }
}
