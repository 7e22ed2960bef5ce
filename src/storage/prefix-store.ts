/** A part of a state store: the same interface on all keys that begin with one byte, which callers do not see. */
import type { KeyRange, Row, RowReader, StateStore } from './state-store.js';

/** The rows of a store or a snapshot whose keys begin with `prefix`. */
export function prefixReader(rows: RowReader, prefix: number): RowReader {
  const head = Buffer.from([prefix]);
  const whole = (key: Uint8Array): Buffer => Buffer.concat([head, key]);
  return {
    get: (key, done) => rows.get(whole(key), done),
    iterate: (range, done) => {
      const inner: KeyRange = {
        ...range,
        from: whole(range.from ?? new Uint8Array(0)),
        to: range.to === undefined ? Buffer.from([prefix + 1]) : whole(range.to),
      };
      rows.iterate(inner, (error, found) =>
        done(
          error,
          found.map((row) => ({ key: row.key.subarray(1), value: row.value })),
        ),
      );
    },
  };
}

/** Closing the view leaves the store open. */
export function prefixStore(store: StateStore, prefix: number): StateStore {
  const head = Buffer.from([prefix]);
  return {
    ...prefixReader(store, prefix),
    batch: (puts, deletes, done) =>
      store.batch(
        puts.map((row) => wholeRow(head, row)),
        deletes.map((key) => Buffer.concat([head, key])),
        done,
      ),
    snapshot: () => {
      const snapshot = store.snapshot();
      return { ...prefixReader(snapshot, prefix), close: () => snapshot.close() };
    },
    close: (done) => queueMicrotask(() => done(undefined)),
  };
}

function wholeRow(head: Buffer, row: Row): Row {
  return { key: Buffer.concat([head, row.key]), value: row.value };
}
