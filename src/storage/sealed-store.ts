/**
 * A state store that believes no disk: each row carries a checksum, each batch a number. LevelDB looks at its checksums
 * only where it is told to, which classic-level does not do; and of its log it passes over what fails them, so that a
 * batch can be missing while later ones are there. Both would make this server quietly another one than its peers.
 */
import { crc32, readU32, readU64, writeU32, writeU53 } from '../base/index.js';
import { storeDamage } from './errors.js';
import { prefixReader } from './prefix-store.js';
import type { GetDone, Row, RowReader, RowsDone, StateStore, StoreDone, StoreSnapshot } from './state-store.js';

/** First byte of every key: rows of whoever uses the store, or numbers of batches. */
const ROWS = 1;
const NUMBERS = 0;
/**
 * So many numbers are kept. LevelDB's own log, where batches can be lost, holds 8 MiB at most, and a checkpoint, with
 * the slot index's last row in it, has 3 KiB and more.
 */
const NUMBERS_KEPT = 4096;
const SEAL_BYTES = 4;

interface Batch {
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
  readonly done: StoreDone;
}

/** Opens `inner`, closing it when it is damaged. */
export function openSealed(
  inner: StateStore,
  name: string,
  done: (error: Error | undefined, store?: StateStore) => void,
): void {
  const refuse = (error: Error): void => inner.close(() => done(error));
  const range = { from: Buffer.from([NUMBERS]), to: Buffer.from([ROWS]) };
  inner.iterate(range, (error, rows) => {
    if (error !== undefined) return refuse(error);
    const numbers = rows.map((row) => unseal(row.key, row.value));
    if (numbers.includes(undefined)) return refuse(storeDamage(name, 'the number of a batch fails its checksum'));
    const last = numbers.reduce((highest, value) => Math.max(highest, numberIn(value)), 0);
    const missing = firstMissing(new Set(numbers.map(numberIn)), last);
    if (missing !== undefined) return refuse(storeDamage(name, `it has lost batch ${missing} of ${last}`));
    if (last > 0) return done(undefined, new SealedStore(inner, name, last));
    inner.iterate({ limit: 1 }, (anyError, any) => {
      if (anyError !== undefined) refuse(anyError);
      else if (any.length > 0) refuse(storeDamage(name, 'its batches have no numbers, as before synod 0.4'));
      else done(undefined, new SealedStore(inner, name, 0));
    });
  });
}

/** Of the last {@link NUMBERS_KEPT} batches the first that is not there. */
function firstMissing(numbers: ReadonlySet<number>, last: number): number | undefined {
  for (let n = Math.max(1, last - NUMBERS_KEPT + 1); n <= last; n++) if (!numbers.has(n)) return n;
  return undefined;
}

/** Use {@link openSealed}. */
class SealedStore implements StateStore {
  readonly #inner: StateStore;
  readonly #name: string;
  readonly #rows: RowReader;
  /** One batch at a time: a later one must never be there without an earlier one. */
  readonly #waiting: Batch[] = [];
  #isWriting = false;
  #lastNumber: number;

  constructor(inner: StateStore, name: string, lastNumber: number) {
    this.#inner = inner;
    this.#name = name;
    this.#rows = this.#reader(inner);
    this.#lastNumber = lastNumber;
  }

  get(key: Uint8Array, done: GetDone): void {
    this.#rows.get(key, done);
  }

  iterate(range: Parameters<RowReader['iterate']>[0], done: RowsDone): void {
    this.#rows.iterate(range, done);
  }

  batch(puts: readonly Row[], deletes: readonly Uint8Array[], done: StoreDone): void {
    this.#waiting.push({ puts, deletes, done });
    this.#writeNext();
  }

  snapshot(): StoreSnapshot {
    const snapshot = this.#inner.snapshot();
    return { ...this.#reader(snapshot), close: () => snapshot.close() };
  }

  close(done: StoreDone): void {
    this.#waiting.length = 0;
    this.#inner.close(done);
  }

  #writeNext(): void {
    const next = this.#isWriting ? undefined : this.#waiting.shift();
    if (next === undefined) return;
    this.#isWriting = true;
    const number = this.#lastNumber + 1;
    const puts = next.puts.map(({ key, value }) => sealed(wholeKey(key), value));
    this.#inner.batch([...puts, numberRow(number)], next.deletes.map(wholeKey), (error) => {
      this.#isWriting = false;
      if (error === undefined) this.#lastNumber = number;
      next.done(error);
      this.#writeNext();
    });
  }

  /** The rows of a store or a snapshot without their checksums, or STORE_DAMAGED. */
  #reader(source: RowReader): RowReader {
    const rows = prefixReader(source, ROWS);
    const rot = (): Error => storeDamage(this.#name, 'a row fails its checksum');
    return {
      get: (key, done) =>
        rows.get(key, (error, found) => {
          if (error !== undefined || found === undefined) return done(error, undefined);
          const value = unseal(wholeKey(key), found);
          done(value === undefined ? rot() : undefined, value);
        }),
      iterate: (range, done) =>
        rows.iterate(range, (error, found) => {
          if (error !== undefined) return done(error, []);
          const unsealed: Row[] = [];
          for (const { key, value } of found) {
            const plain = unseal(wholeKey(key), value);
            if (plain === undefined) return done(rot(), []);
            unsealed.push({ key, value: plain });
          }
          done(undefined, unsealed);
        }),
    };
  }
}

function wholeKey(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([ROWS]), key]);
}

function numberRow(number: number): Row {
  const key = Buffer.alloc(3);
  key[0] = NUMBERS;
  key.writeUInt16BE(number % NUMBERS_KEPT, 1);
  const value = Buffer.alloc(8);
  writeU53(value, 0, number);
  return sealed(key, value);
}

function numberIn(value: Uint8Array | undefined): number {
  return value?.length === 8 ? readU64(value, 0) : 0;
}

function sealed(key: Uint8Array, value: Uint8Array): Row {
  const bytes = Buffer.allocUnsafe(value.length + SEAL_BYTES);
  bytes.set(value);
  writeU32(bytes, value.length, checksum(key, value));
  return { key, value: bytes };
}

/** The value as it was put, undefined if it is not that any more. */
function unseal(key: Uint8Array, bytes: Uint8Array): Uint8Array | undefined {
  const end = bytes.length - SEAL_BYTES;
  if (end < 0) return undefined;
  const value = bytes.subarray(0, end);
  return readU32(bytes, end) === checksum(key, value) ? value : undefined;
}

function checksum(key: Uint8Array, value: Uint8Array): number {
  return crc32(value, crc32(key));
}
