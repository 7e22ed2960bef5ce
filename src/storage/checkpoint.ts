/**
 * Checkpoints: the applied state's dirty rows, the slot index's dirty rows and one meta row in a single atomic batch. A
 * batch begins only when the log is durable through everything the state rests on, so a store never runs ahead of its
 * log.
 */
import { assert, failStep, limits, readU32, readU64, writeU32, writeU53 } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import { madeAnew, StorageError } from './errors.js';
import type { Retention } from './retention.js';
import type { SlotIndex } from './slot-index.js';
import { META, prefixOf, type SetNumber, type StateSet, type StateSets } from './state-sets.js';
import type { Row, RowReader, StateStore } from './state-store.js';
import { runSteps, type Step } from './steps.js';
import type { Wal } from './wal.js';

const META_KEY = Buffer.from([META]);
const META_VERSION = 2;
const BIRTH_AT = 44;
const BIRTH_BYTES = 8;
/** Version 1 ended behind the birth id; version 2 adds the set u8, the first slot u53 and the first segment u53. */
const META_V1_BYTES = BIRTH_AT + BIRTH_BYTES;
const META_BYTES = META_V1_BYTES + 1 + 8 + 8;

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
  /** The set of key spaces that holds all this. */
  readonly set: SetNumber;
  /** The lowest slot whose value, and those of all behind it, this log holds; above `applied` if it holds none. */
  readonly firstKept: Slot;
  /** Segments below it are given up and may be gone. */
  readonly keepFrom: number;
}

/** What the driver hands in: chat's dirty rows as of `applied`, encoded already. */
export interface CheckpointInput {
  readonly applied: Slot;
  readonly hash: Uint8Array;
  readonly logClockMs: number;
  readonly puts: readonly Row[];
  readonly deletes: readonly Uint8Array[];
}

/** The meta row of the newest checkpoint, undefined for a store that never had one. */
export function loadCheckpoint(
  store: RowReader,
  done: (error: Error | undefined, meta?: CheckpointMeta) => void,
): void {
  store.get(META_KEY, (error, bytes) => {
    if (error !== undefined) return done(error);
    if (bytes === undefined) return done(undefined);
    const meta = decodeMeta(Buffer.from(bytes));
    if (meta === undefined) {
      return done(
        new StorageError(
          'STORE_DAMAGED',
          'the checkpoint in the directory state is not readable by this program: start the version that wrote it, or ' +
            `move the directory state away; then ${madeAnew}`,
        ),
      );
    }
    done(undefined, meta);
  });
}

function decodeMeta(bytes: Buffer): CheckpointMeta | undefined {
  const version = bytes.length < 4 ? 0 : readU32(bytes, 0);
  const bytesWanted = version === 1 ? META_V1_BYTES : META_BYTES;
  if (bytes.length !== bytesWanted || version < 1 || version > META_VERSION) return undefined;
  const isFirst = version === 1;
  return {
    applied: readU64(bytes, 4),
    hash: bytes.subarray(12, 20),
    logClockMs: readU64(bytes, 20),
    replayFrom: readU64(bytes, 28),
    durableFloor: readU64(bytes, 36),
    birth: bytes.subarray(BIRTH_AT, META_V1_BYTES),
    set: isFirst || bytes[META_V1_BYTES] === 0 ? 0 : 1,
    firstKept: isFirst ? 1 : readU64(bytes, META_V1_BYTES + 1),
    keepFrom: isFirst ? 1 : readU64(bytes, META_V1_BYTES + 9),
  };
}

/** The part of a directory's birth id that a checkpoint keeps. */
export function storedBirth(birthId: Uint8Array): Uint8Array {
  return birthId.subarray(0, BIRTH_BYTES);
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
  bytes[META_V1_BYTES] = meta.set;
  writeU53(bytes, META_V1_BYTES + 1, meta.firstKept);
  writeU53(bytes, META_V1_BYTES + 9, meta.keepFrom);
  return bytes;
}

/** The latest version of each row since the last checkpoint that reached the disk; undefined: deleted. */
type Carried = Map<string, { readonly key: Uint8Array; readonly value: Uint8Array | undefined }>;

/** Rows carried for checkpoints that fail again and again: beyond it the store must be given up. */
const CARRIED_ROWS_MAX = 64 * limits.checkpointSlots;

/** A state from a peer that stands complete in the set that is not live. */
export interface InstallInput {
  readonly applied: Slot;
  readonly hash: Uint8Array;
  readonly logClockMs: number;
  readonly firstKept: Slot;
  /** The first segment that holds a value of it, if any does. */
  readonly firstSegment: number | undefined;
}

export interface CheckpointerParts {
  readonly store: StateStore;
  readonly sets: StateSets;
  readonly wal: Wal;
  readonly index: SlotIndex;
  readonly retention: Retention;
  /** The newest checkpoint in the store. */
  readonly last: CheckpointMeta | undefined;
}

export class Checkpointer {
  readonly #store: StateStore;
  readonly #sets: StateSets;
  readonly #wal: Wal;
  readonly #index: SlotIndex;
  readonly #retention: Retention;
  #carried: Carried = new Map();
  #waiting: { readonly records: number; readonly begin: () => void } | undefined;
  #busy = false;
  #last: CheckpointMeta | undefined;

  constructor({ store, sets, wal, index, retention, last }: CheckpointerParts) {
    this.#store = store;
    this.#sets = sets;
    this.#wal = wal;
    this.#index = index;
    this.#retention = retention;
    this.#last = last;
    if (last !== undefined) retention.checkpointed(last);
  }

  /** A checkpoint is being written, or a state installed: ask again when it is done. */
  get busy(): boolean {
    return this.#busy;
  }

  /** The newest checkpoint on disk. */
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
   * restart. What retention gives up is given up in the same batch; its segments are deleted only after it.
   */
  write(input: CheckpointInput, done: (error: Error | undefined) => void): void {
    assert(!this.#busy, 'one checkpoint at a time');
    assert(input.applied === this.#index.applied, `checkpoint at ${input.applied}, index at ${this.#index.applied}`);
    this.#busy = true;
    const { applied, logClockMs } = input;
    const hash = Buffer.from(input.hash);
    const oldest = this.#index.replayFrom(this.#wal.headSegment);
    const keepFrom = this.#retention.trim(this.#last?.replayFrom ?? 0);
    this.#carry('chat', input.puts, input.deletes);
    const { puts, deletes } = this.#index.takeDirty();
    this.#carry('slots', puts, deletes);
    const { firstKept } = this.#index;
    this.#whenDurable(() => {
      const meta = { applied, hash, logClockMs, firstKept, keepFrom, set: this.#sets.live, ...this.#place(oldest) };
      const steps: Step[] = [
        failStep('checkpoint.before-batch'),
        (next) => this.#store.batch(...this.#batchOf(meta), next),
        failStep('checkpoint.after-batch'),
      ];
      runSteps(steps, (error) => {
        this.#busy = false;
        if (error === undefined) {
          this.#carried = new Map();
          this.#index.checkpointed(meta.applied);
          this.#checkpointed(meta);
        }
        done(error);
      });
    });
  }

  /**
   * Makes the set that is not live the live one, with a meta row that says so: one row, all or nothing. Everything that
   * the log was given before must be durable first, the values that came along among it. Nothing may be applied until
   * `done`.
   */
  install(input: InstallInput, done: (error: Error | undefined) => void): void {
    assert(!this.#busy, 'one checkpoint at a time');
    assert(input.applied > this.#index.applied, 'an older state is never installed');
    this.#busy = true;
    const oldest = this.#index.replayFrom(this.#wal.headSegment, input.applied);
    const { applied, logClockMs, firstKept, firstSegment } = input;
    const hash = Buffer.from(input.hash);
    this.#whenDurable(() => {
      const place = this.#place(oldest);
      // Older segments hold nothing that the new index leads to.
      const keepFrom = Math.min(firstSegment ?? place.replayFrom, place.replayFrom);
      const meta = { applied, hash, logClockMs, firstKept, keepFrom, set: this.#sets.spare, ...place };
      const steps: Step[] = [
        failStep('snapshot.before-switch'),
        (next) => this.#store.batch([{ key: META_KEY, value: encodeMeta(meta) }], [], next),
        failStep('snapshot.after-switch'),
      ];
      runSteps(steps, (error) => {
        this.#busy = false;
        if (error === undefined) {
          // They belonged to the state that was replaced.
          this.#carried = new Map();
          this.#sets.switched();
          this.#checkpointed(meta);
        }
        done(error);
      });
    });
  }

  #checkpointed(meta: CheckpointMeta): void {
    this.#last = meta;
    this.#retention.checkpointed(meta);
  }

  #whenDurable(begin: () => void): void {
    const records = this.#wal.appendedRecords;
    if (this.#wal.durableRecords >= records) begin();
    else this.#waiting = { records, begin };
  }

  /** Where the log stands. A mark or a new segment's first records may be on their way: only what is durable counts. */
  #place(oldest: number): Pick<CheckpointMeta, 'replayFrom' | 'durableFloor' | 'birth'> {
    return {
      replayFrom: Math.min(oldest, this.#wal.durableSegment),
      durableFloor: this.#wal.durableSequence,
      birth: storedBirth(this.#wal.birthId),
    };
  }

  #batchOf(meta: CheckpointMeta): [puts: Row[], deletes: Uint8Array[]] {
    const puts: Row[] = [{ key: META_KEY, value: encodeMeta(meta) }];
    const deletes: Uint8Array[] = [];
    for (const { key, value } of this.#carried.values()) {
      if (value === undefined) deletes.push(key);
      else puts.push({ key, value });
    }
    return [puts, deletes];
  }

  #carry(space: keyof StateSet, puts: readonly Row[], deletes: readonly Uint8Array[]): void {
    const head = Buffer.from([prefixOf(this.#sets.live, space)]);
    const put = (key: Uint8Array, value: Uint8Array | undefined): void => {
      const whole = Buffer.concat([head, key]);
      this.#carried.set(whole.toString('latin1'), { key: whole, value });
    };
    for (const key of deletes) put(key, undefined);
    for (const { key, value } of puts) put(key, value);
  }
}
