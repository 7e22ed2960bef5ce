/**
 * The state store's twin in memory: for servers that keep nothing, for the simulator and for tests. It survives a crash
 * as a disk would: by whole batches.
 */
import { assert, compareBytes } from '../base/index.js';
import type {
  GetDone,
  KeyRange,
  Row,
  RowsDone,
  StateStore,
  StoreDone,
  StoreHome,
  StoreSnapshot,
} from './state-store.js';

/** Runs `act` later: at once after the current turn, or when a simulated disk says so. */
export type Later = (act: () => void) => void;

/** What outlives a crash: the rows of every batch that was taken, in key order. */
export class MemoryRows {
  #rows: Row[] = [];

  /** The same rows from now on by themselves: a row is replaced, never changed. */
  copy(): MemoryRows {
    const copy = new MemoryRows();
    copy.#rows = this.#rows.slice();
    return copy;
  }

  /** Index of the first row whose key is at or behind `key`. */
  #lowerBound(key: Uint8Array): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes((this.#rows[middle] as Row).key, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const row = this.#rows[this.#lowerBound(key)];
    return row !== undefined && compareBytes(row.key, key) === 0 ? Buffer.from(row.value) : undefined;
  }

  range(range: KeyRange): Row[] {
    const from = range.from === undefined ? 0 : this.#lowerBound(range.from);
    const to = range.to === undefined ? this.#rows.length : Math.max(from, this.#lowerBound(range.to));
    const limit = range.limit ?? Number.POSITIVE_INFINITY;
    const rows: Row[] = [];
    for (let i = 0; i < to - from && rows.length < limit; i++) {
      const row = this.#rows[range.reverse === true ? to - 1 - i : from + i] as Row;
      rows.push({ key: Buffer.from(row.key), value: Buffer.from(row.value) });
    }
    return rows;
  }

  apply(puts: readonly Row[], deletes: readonly Uint8Array[]): void {
    for (const key of deletes) {
      const at = this.#lowerBound(key);
      const row = this.#rows[at];
      if (row !== undefined && compareBytes(row.key, key) === 0) this.#rows.splice(at, 1);
    }
    for (const { key, value } of puts) {
      const row: Row = { key: Buffer.from(key), value: Buffer.from(value) };
      const at = this.#lowerBound(key);
      const held = this.#rows[at];
      if (held !== undefined && compareBytes(held.key, key) === 0) this.#rows[at] = row;
      else this.#rows.splice(at, 0, row);
    }
  }
}

export class MemoryStore implements StateStore {
  readonly #rows: MemoryRows;
  readonly #later: Later;
  #closed = false;

  /**
   * `rows` is what the "disk" holds; hand the same object to the next life after a crash. A store that was abandoned
   * (crashed) must be closed, so that a batch still on its way is lost as a whole.
   */
  constructor(rows = new MemoryRows(), later: Later = queueMicrotask) {
    this.#rows = rows;
    this.#later = later;
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#run(() => done(undefined, this.#rows.get(key)));
  }

  iterate(range: KeyRange, done: RowsDone): void {
    this.#run(() => done(undefined, this.#rows.range(range)));
  }

  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    this.#run(() => {
      this.#rows.apply(puts, deletes);
      done(undefined);
    });
  }

  snapshot(): StoreSnapshot {
    const rows = this.#rows.copy();
    let closed = false;
    const failure = (): Error | undefined => (closed ? new Error('the snapshot is closed') : undefined);
    return {
      get: (key, done) => this.#run(() => done(failure(), rows.get(key))),
      iterate: (range, done) => this.#run(() => done(failure(), closed ? [] : rows.range(range))),
      close: () => {
        closed = true;
      },
    };
  }

  close(done: StoreDone): void {
    assert(!this.#closed, 'closed twice');
    this.#closed = true;
    this.#later(() => done(undefined));
  }

  #run(act: () => void): void {
    assert(!this.#closed, 'the store is closed');
    this.#later(() => {
      if (!this.#closed) act();
    });
  }
}

/** Where a server that keeps nothing on disk has its store: empty at every start. */
export class MemoryHome implements StoreHome {
  open(done: (error: Error | undefined, store?: StateStore) => void): void {
    const store = new MemoryStore();
    queueMicrotask(() => done(undefined, store));
  }

  /** There is nothing to keep: the next one is empty anyway. */
  setAside(done: (error: Error | undefined, name?: string) => void): void {
    queueMicrotask(() => done(undefined, 'memory'));
  }
}
