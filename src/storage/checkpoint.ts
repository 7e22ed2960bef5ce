/**
 * Checkpoints: the applied state's dirty rows, the slot index's dirty rows and one meta row in a single atomic batch. A
 * batch begins only when the log is durable through everything the state rests on, so a store never runs ahead of its
 * log.
 */
import { assert, limits, readU32, readU64, writeU32, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { StorageError } from './errors.js';
import { prefixStore } from './prefix-store.js';
import { SlotIndex } from './slot-index.js';
import type { Row, StateStore } from './state-store.js';
import type { Wal } from './wal.js';

/** Key spaces: the first byte of every key in the store. */
const META = 0;
const SLOTS = 1;
const CHAT = 2;

const META_KEY = Buffer.from([META]);
const META_VERSION = 1;
const BIRTH_AT = 44;
const META_BYTES = 52;

export interface CheckpointMeta {
  /** Every slot up to this one is applied in the rows. */
  readonly applied: Slot;
  /** The state hash there, 8 bytes. */
  readonly hash: Uint8Array;
  readonly logClockMs: number;
  /** The first log segment that a restart must read. */
  readonly replayFrom: number;
  /** A sequence that was durable in the log when this was written: a log that ends below it has lost something. */
  readonly durableFloor: number;
  /** The beginning of the directory's birth id, 8 bytes: the slot index means this directory's segments only. */
  readonly birth: Uint8Array;
}

/** What the driver hands in: chat's dirty rows as of `applied`, encoded already. */
export interface CheckpointInput {
  readonly applied: Slot;
  readonly hash: Uint8Array;
  readonly logClockMs: number;
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

/** The key space of the chat state's rows. */
export function chatRows(store: StateStore): StateStore {
  return prefixStore(store, CHAT);
}

/** The slot index on its key space of the store. */
export function slotIndexOf(store: StateStore): SlotIndex {
  return new SlotIndex(prefixStore(store, SLOTS));
}

/** The meta row of the newest checkpoint, undefined for a store that never had one. */
export function loadCheckpoint(
  store: StateStore,
  done: (error: Error | undefined, meta?: CheckpointMeta) => void,
): void {
  store.get(META_KEY, (error, bytes) => {
    if (error !== undefined) return done(error);
    if (bytes === undefined) return done(undefined);
    if (bytes.length !== META_BYTES || readU32(bytes, 0) !== META_VERSION) {
      return done(
        new StorageError(
          'STORE_DAMAGED',
          'the checkpoint in the directory state is not readable by this program: start the version that wrote it, or ' +
            'move the directory state away; the log then replays from its first segment',
        ),
      );
    }
    done(undefined, {
      applied: readU64(bytes, 4),
      hash: Buffer.from(bytes.subarray(12, 20)),
      logClockMs: readU64(bytes, 20),
      replayFrom: readU64(bytes, 28),
      durableFloor: readU64(bytes, 36),
      birth: Buffer.from(bytes.subarray(BIRTH_AT, META_BYTES)),
    });
  });
}

/** The part of a directory's birth id that a checkpoint keeps. */
export function storedBirth(birthId: Uint8Array): Uint8Array {
  return birthId.subarray(0, META_BYTES - BIRTH_AT);
}

function encodeMeta(meta: CheckpointMeta): Buffer {
  const bytes = Buffer.alloc(META_BYTES);
  assert(meta.hash.length === 8, 'a state hash has 8 bytes');
  writeU32(bytes, 0, META_VERSION);
  writeU53(bytes, 4, meta.applied);
  bytes.set(meta.hash, 12);
  writeU53(bytes, 20, meta.logClockMs);
  writeU53(bytes, 28, meta.replayFrom);
  writeU53(bytes, 36, meta.durableFloor);
  bytes.set(meta.birth, BIRTH_AT);
  return bytes;
}

/** The latest version of each row since the last checkpoint that reached the disk; undefined: deleted. */
type Carried = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>;

/** Rows carried for checkpoints that fail again and again: beyond it the store must be given up. */
const CARRIED_ROWS_MAX = 64 * limits.checkpointSlots;

export class Checkpointer {
  readonly #store: StateStore;
  readonly #wal: Wal;
  readonly #index: SlotIndex;
  #carried: Carried = new Map();
  #waiting: { readonly records: number; readonly begin: () => void } | undefined;
  #busy = false;
  #last: CheckpointMeta | undefined;

  constructor(store: StateStore, wal: Wal, index: SlotIndex, last: CheckpointMeta | undefined) {
    this.#store = store;
    this.#wal = wal;
    this.#index = index;
    this.#last = last;
  }

  /** A checkpoint is being written: ask again when it is done. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The newest checkpoint on disk; segments below its `replayFrom` may be given to retention. */
  get last(): CheckpointMeta | undefined {
    return this.#last;
  }

  /** Rows of failed checkpoints are kept for the next one; true means that the store has failed for too long. */
  get overdue(): boolean {
    return this.#carried.size > CARRIED_ROWS_MAX;
  }

  /** To be called from the log's `onDurable`. */
  onDurable(records: number): void {
    if (this.#waiting === undefined || records < this.#waiting.records) return;
    const { begin } = this.#waiting;
    this.#waiting = undefined;
    begin();
  }

  /**
   * Writes a checkpoint at the applied slot once the log is durable through all that was appended up to now. One at a
   * time. After an error (a full disk) the rows are kept and go with the next one; nothing is lost but time at a
   * restart.
   */
  write(input: CheckpointInput, done: (error: Error | undefined) => void): void {
    assert(!this.#busy, 'one checkpoint at a time');
    assert(input.applied === this.#index.applied, `checkpoint at ${input.applied}, index at ${this.#index.applied}`);
    this.#busy = true;
    const { applied, logClockMs } = input;
    const hash = Buffer.from(input.hash);
    const oldest = this.#index.replayFrom(this.#wal.headSegment);
    this.#carry(CHAT, input.puts, input.deletes);
    this.#carry(SLOTS, this.#index.dirtyRows(), []);
    const records = this.#wal.appendedRecords;
    const begin = (): void => {
      // A mark or a new segment's first records may still be on their way: only what is durable now may be relied upon.
      const replayFrom = Math.min(oldest, this.#wal.durableSegment);
      const birth = storedBirth(this.#wal.birthId);
      this.#begin({ applied, hash, logClockMs, replayFrom, durableFloor: this.#wal.durableSequence, birth }, done);
    };
    if (this.#wal.durableRecords >= records) begin();
    else this.#waiting = { records, begin };
  }

  #begin(meta: CheckpointMeta, done: (error: Error | undefined) => void): void {
    const puts: Row[] = [{ key: META_KEY, value: encodeMeta(meta) }];
    const deletes: Uint8Array[] = [];
    for (const { key, value } of this.#carried.values()) {
      if (value === undefined) deletes.push(key);
      else puts.push({ key, value });
    }
    this.#store.batch(puts, deletes, (error) => {
      this.#busy = false;
      if (error === undefined) {
        this.#carried = new Map();
        this.#last = meta;
        this.#index.checkpointed(meta.applied);
      }
      done(error);
    });
  }

  #carry(space: number, puts: readonly Row[], deletes: readonly Uint8Array[]): void {
    const head = Buffer.from([space]);
    const put = (key: Uint8Array, value: Uint8Array | undefined): void => {
      const whole = Buffer.concat([head, key]);
      this.#carried.set(whole.toString('latin1'), { key: whole, value });
    };
    for (const key of deletes) put(key, undefined);
    for (const { key, value } of puts) put(key, value);
  }
}
