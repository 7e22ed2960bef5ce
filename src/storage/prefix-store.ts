/** A part of a state store: the same interface on all keys that begin with one byte, which callers do not see. */
import type { KeyRange, Row, StateStore } from './state-store.js';

/** Closing the view leaves the store open. */
export function prefixStore(store: StateStore, prefix: number): StateStore {
  const head = Buffer.from([prefix]);
  const whole = (key: Uint8Array): Buffer => Buffer.concat([head, key]);
  return {
    get: (key, done) => store.get(whole(key), done),
    iterate: (range, done) => {
      const inner: KeyRange = {
        ...range,
        from: whole(range.from ?? new Uint8Array(0)),
        to: range.to === undefined ? Buffer.from([prefix + 1]) : whole(range.to),
      };
      store.iterate(inner, (error, rows) =>
        done(
          error,
          rows.map((row) => ({ key: row.key.subarray(1), value: row.value })),
        ),
      );
    },
    batch: (puts, deletes, done) =>
      store.batch(
        puts.map((row) => wholeRow(head, row)),
        deletes.map(whole),
        done,
      ),
    close: (done) => queueMicrotask(() => done(undefined)),
  };
}

function wholeRow(head: Buffer, row: Row): Row {
  return { key: Buffer.concat([head, row.key]), value: row.value };
}
