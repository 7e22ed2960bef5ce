/** The state store on classic-level (LevelDB): binary keys in bytewise order, every batch synced. */
import { statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { ClassicLevel, type Snapshot } from 'classic-level';
import { asBuffer, assert } from '../base/index.js';
import { diskError, StorageError, storeDamage } from './errors.js';
import type { GetDone, KeyRange, Row, RowsDone, StateStore, StoreDone, StoreSnapshot } from './state-store.js';

type Level = ClassicLevel<Buffer, Buffer>;

/** Small on purpose: the state is sessions and sparse indexes, and a server's memory is promised elsewhere. */
const OPTIONS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  cacheSize: 4 * 1024 * 1024,
  writeBufferSize: 4 * 1024 * 1024,
} as const;

/** Free bytes without which a store that failed is not opened anew: twice what it then writes out of its log. */
const REOPEN_BYTES = 2 * OPTIONS.writeBufferSize;
/** A store that could not be opened anew for want of space is tried again this often while somebody wants to read. */
const REOPEN_MS = 200;

/** Where a read looks: the store as it is, or a snapshot of it. */
interface Source {
  readonly snapshot?: Snapshot;
}

/** What is taken of a store that is just being opened anew. */
const brokenSnapshot: StoreSnapshot = {
  get: (_key, done) => process.nextTick(done, new Error('the store was being opened anew'), undefined),
  iterate: (_range, done) => process.nextTick(done, new Error('the store was being opened anew'), []),
  close: () => undefined,
};

export type OpenStoreDone = (error: Error | undefined, store?: LevelStore) => void;

export class LevelStore implements StateStore {
  readonly #level: Level;
  readonly #path: string;
  /** After a failed write LevelDB refuses all further ones until it is opened again. */
  #writeFailed = false;
  #reopening: Promise<void> | undefined;
  /** Reads under way; LevelDB is not closed beneath them. */
  #reading = 0;
  #onIdle: (() => void) | undefined;
  #closed = false;

  private constructor(level: Level, path: string) {
    this.#level = level;
    this.#path = path;
  }

  /**
   * Opens or creates the store in the directory `path`. A damaged one gives STORE_DAMAGED, a locked one
   * DIRECTORY_LOCKED.
   */
  static open(path: string, done: OpenStoreDone): void {
    const level: Level = new ClassicLevel(path, OPTIONS);
    settle(level.open(), (error) => {
      if (error === undefined) done(undefined, new LevelStore(level, path));
      else done(openError(path, error));
    });
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#get({}, key, done);
  }

  iterate(range: KeyRange, done: RowsDone): void {
    this.#iterate({}, range, done);
  }

  /** LevelDB closes its snapshots with itself: after a failed write, which opens it anew, their reads fail. */
  snapshot(): StoreSnapshot {
    assert(!this.#closed, 'the store is closed');
    if (this.#level.status !== 'open') return brokenSnapshot;
    const snapshot = this.#level.snapshot();
    return {
      get: (key, done) => this.#get({ snapshot }, key, done),
      iterate: (range, done) => this.#iterate({ snapshot }, range, done),
      close: () => settle(snapshot.close(), () => undefined),
    };
  }

  #get(from: Source, key: Uint8Array, done: GetDone): void {
    this.#read<Uint8Array | undefined>(() => this.#level.get(asBuffer(key), from), done);
  }

  #iterate(source: Source, range: KeyRange, done: RowsDone): void {
    const { from, to, reverse = false, limit = -1 } = range;
    const bounds = { ...(from && { gte: asBuffer(from) }), ...(to && { lt: asBuffer(to) }) };
    this.#read(
      () => this.#level.iterator({ ...bounds, ...source, reverse, limit }).all(),
      (error, entries = []) =>
        done(
          error,
          entries.map(([key, value]) => ({ key, value })),
        ),
    );
  }

  /** A read that the store's end overtakes is never answered. */
  #read<T>(read: () => Promise<T>, done: (error: Error | undefined, value: T | undefined) => void): void {
    assert(!this.#closed, 'the store is closed');
    settle(this.#readWhenOpen(read), (error, value) => {
      if (!this.#closed) done(error === undefined ? undefined : readError(this.#path, error), value);
    });
  }

  async #readWhenOpen<T>(read: () => Promise<T>): Promise<T> {
    while (this.#reopening !== undefined || this.#level.status !== 'open') {
      try {
        await this.#reopen();
      } catch (error) {
        if (this.#closed || !lacksSpace(error as Error)) throw error;
        await pause(REOPEN_MS, undefined, { ref: false });
      }
    }
    this.#reading++;
    try {
      return await read();
    } finally {
      this.#reading--;
      if (this.#reading === 0) this.#onIdle?.();
    }
  }

  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    assert(!this.#closed, 'the store is closed');
    settle(this.#batch(puts, deletes), done);
  }

  async #batch(puts: readonly Row[], deletes: readonly Uint8Array[]): Promise<void> {
    if (this.#writeFailed) {
      await this.#demandSpace();
      await this.#reopen();
    }
    const put = puts.map(({ key, value }) => ({ type: 'put' as const, key: asBuffer(key), value: asBuffer(value) }));
    const del = deletes.map((key) => ({ type: 'del' as const, key: asBuffer(key) }));
    try {
      await this.#level.batch([...put, ...del], { sync: true });
    } catch (error) {
      this.#writeFailed = true;
      throw isCorruption(error as Error) ? storeDamage(this.#path, reasonOf(error as Error)) : error;
    }
  }

  /**
   * Opening writes what the last process life of LevelDB left in its log, so on a full disk it fails, and the store
   * that could still be read is gone. It stays open for readers until there is space.
   */
  async #demandSpace(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#path);
    if (bavail * bsize >= REOPEN_BYTES) return;
    throw new Error(`no space left for a checkpoint: free at least ${REOPEN_BYTES / 1024 / 1024} MiB`);
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#reopenOnce().finally(() => {
      this.#reopening = undefined;
    });
    return this.#reopening;
  }

  async #reopenOnce(): Promise<void> {
    while (this.#reading > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    await this.#level.close();
    if (this.#closed) throw new Error('the store is closed');
    await this.#level.open();
    this.#writeFailed = false;
  }

  close(done: StoreDone): void {
    assert(!this.#closed, 'closed twice');
    this.#closed = true;
    settle(this.#close(), done);
  }

  async #close(): Promise<void> {
    await this.#reopening?.catch(() => undefined);
    await this.#level.close();
  }
}

function lacksSpace(error: Error): boolean {
  return /No space left|quota exceeded|Too many open files/.test(reasonOf(error));
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
  if (isDiskTrouble(cause)) return diskError(`opening the checkpoint store ${path}`, cause);
  return storeDamage(path, `it does not open: ${cause.message}`, cause);
}

/** Trouble that a new store would have as well. LevelDB gives the system's error as a text only. */
function isDiskTrouble(error: Error): boolean {
  return lacksSpace(error) || /Input\/output error|Permission denied|Read-only file system/.test(reasonOf(error));
}

/** What a read met: rot, a disk that fails, or (as it comes) a store or snapshot that was closed meanwhile. */
function readError(path: string, error: Error): Error {
  if (isCorruption(error)) return storeDamage(path, reasonOf(error), error);
  if (codeOf(error) !== 'LEVEL_IO_ERROR') return error;
  if (isDiskTrouble(error)) return diskError(`reading the checkpoint store ${path}`, error);
  return storeDamage(path, reasonOf(error), error);
}

function isCorruption(error: Error): boolean {
  return codeOf(error) === 'LEVEL_CORRUPTION';
}

function codeOf(error: Error): string | undefined {
  return ((error.cause ?? error) as NodeJS.ErrnoException).code;
}

function reasonOf(error: Error): string {
  return ((error.cause ?? error) as Error).message;
}
