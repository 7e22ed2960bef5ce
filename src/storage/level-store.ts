/** The state store on classic-level (LevelDB): binary keys in bytewise order, every batch synced. */
import { ClassicLevel } from 'classic-level';
import { asBuffer, assert } from '../base/index.js';
import { StorageError } from './errors.js';
import type { GetDone, KeyRange, Row, RowsDone, StateStore, StoreDone } from './state-store.js';

type Level = ClassicLevel<Buffer, Buffer>;

/** Small on purpose: the state is sessions and sparse indexes, and a server's memory is promised elsewhere. */
const OPTIONS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  cacheSize: 4 * 1024 * 1024,
  writeBufferSize: 4 * 1024 * 1024,
} as const;

export type OpenStoreDone = (error: Error | undefined, store?: LevelStore) => void;

export class LevelStore implements StateStore {
  readonly #level: Level;
  /** After a failed write LevelDB refuses all further ones until it is opened again. */
  #writeFailed = false;
  #closed = false;

  private constructor(level: Level) {
    this.#level = level;
  }

  /**
   * Opens or creates the store in the directory `path`. A damaged one gives STORE_DAMAGED, a locked one
   * DIRECTORY_LOCKED.
   */
  static open(path: string, done: OpenStoreDone): void {
    const level: Level = new ClassicLevel(path, OPTIONS);
    settle(level.open(), (error) => {
      if (error === undefined) done(undefined, new LevelStore(level));
      else done(openError(path, error));
    });
  }

  get(key: Uint8Array, done: GetDone): void {
    assert(!this.#closed, 'the store is closed');
    settle(this.#level.get(asBuffer(key)), (error, value) => done(error, value));
  }

  iterate(range: KeyRange, done: RowsDone): void {
    assert(!this.#closed, 'the store is closed');
    const { from, to, reverse = false, limit = -1 } = range;
    const bounds = { ...(from && { gte: asBuffer(from) }), ...(to && { lt: asBuffer(to) }) };
    settle(this.#level.iterator({ ...bounds, reverse, limit }).all(), (error, entries = []) =>
      done(
        error,
        entries.map(([key, value]) => ({ key, value })),
      ),
    );
  }

  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    assert(!this.#closed, 'the store is closed');
    settle(this.#batch(puts, deletes), done);
  }

  async #batch(puts: readonly Row[], deletes: readonly Uint8Array[]): Promise<void> {
    if (this.#writeFailed) await this.#reopen();
    const put = puts.map((row) => ({ type: 'put' as const, key: asBuffer(row.key), value: asBuffer(row.value) }));
    const del = deletes.map((key) => ({ type: 'del' as const, key: asBuffer(key) }));
    try {
      await this.#level.batch([...put, ...del], { sync: true });
    } catch (error) {
      this.#writeFailed = true;
      throw error;
    }
  }

  async #reopen(): Promise<void> {
    await this.#level.close();
    await this.#level.open();
    this.#writeFailed = false;
  }

  close(done: StoreDone): void {
    assert(!this.#closed, 'closed twice');
    this.#closed = true;
    settle(this.#level.close(), done);
  }
}

/** A promise's end as a callback outside of the promise, so that what the callback throws is not swallowed. */
function settle<T>(promise: Promise<T>, done: (error: Error | undefined, value?: T) => void): void {
  promise.then(
    (value) => process.nextTick(done, undefined, value),
    (error: Error) => process.nextTick(done, error),
  );
}

function openError(path: string, error: Error): StorageError {
  const cause = (error.cause ?? error) as NodeJS.ErrnoException;
  if (cause.code === 'LEVEL_LOCKED') {
    return new StorageError('DIRECTORY_LOCKED', `${path} is in use by another process: stop that one first`, { cause });
  }
  return new StorageError(
    'STORE_DAMAGED',
    `the checkpoint store ${path} does not open (${cause.message}): move that directory away and start again; as long as ` +
      'the log holds all its segments, the state is rebuilt from them',
    { cause },
  );
}
