/** A small ordered store of rows for checkpoints: binary keys in bytewise order, batches that are atomic and synced. */

export interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** Keys from `from` (included) up to `to` (excluded); a missing bound is open. */
export interface KeyRange {
  readonly from?: Uint8Array;
  readonly to?: Uint8Array;
  /** From the last key to the first. */
  readonly reverse?: boolean;
  /** At most this many rows; all of them if missing. */
  readonly limit?: number;
}

export type GetDone = (error: Error | undefined, value: Uint8Array | undefined) => void;
export type RowsDone = (error: Error | undefined, rows: Row[]) => void;
export type StoreDone = (error: Error | undefined) => void;

/** What can be read of rows; buffers handed out belong to the caller. Callbacks never run before the call returns. */
export interface RowReader {
  get(key: Uint8Array, done: GetDone): void;
  iterate(range: KeyRange, done: RowsDone): void;
}

/** The rows as they were when it was taken, whatever is written meanwhile. Reads after `close` fail. */
export interface StoreSnapshot extends RowReader {
  close(): void;
}

/**
 * Two forms, one contract suite: {@link LevelStore} and {@link MemoryStore}. Buffers handed in must not change until
 * `done`.
 */
export interface StateStore extends RowReader {
  /**
   * All of it or nothing, also after a power failure, and on disk when `done` is called without an error. A key must
   * not be in both lists. After an error nothing of it was taken, and the same batch may be tried again.
   */
  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void;
  /** A snapshot that is not closed keeps what later batches replace. It may break (its reads fail) with the disk. */
  snapshot(): StoreSnapshot;
  close(done: StoreDone): void;
}

/** Where a server's state store lives, life after life. */
export interface StoreHome {
  /** Opens the store, or makes an empty one. What is there and does not open gives STORE_DAMAGED. */
  open(done: (error: Error | undefined, store?: StateStore) => void): void;
  /**
   * Moves a damaged store, closed before, out of the way and keeps it for inspection; the next `open` makes an empty
   * one. Calls back with the name it has now.
   */
  setAside(done: (error: Error | undefined, name?: string) => void): void;
}

/** The range of all keys that begin with `prefix`. */
export function prefixRange(prefix: Uint8Array): KeyRange {
  const to = Buffer.from(prefix);
  for (let i = to.length - 1; i >= 0; i--) {
    const byte = to[i] as number;
    if (byte < 0xff) {
      to[i] = byte + 1;
      return { from: prefix, to: to.subarray(0, i + 1) };
    }
  }
  return { from: prefix };
}
