/**
 * The state as a peer gets it: the rows of a checkpoint, frozen by a snapshot, then the values of all slots up to it
 * that this log holds. It is read from any position on, as often as wanted, in the memory of one chunk.
 */
import { readU64, writeU53 } from '../base/index.js';
import { encodeStateRow, encodeStateValue, type Slot } from '../wire/index.js';
import { type CheckpointMeta, loadCheckpoint } from './checkpoint.js';
import type { LogReader } from './log-reader.js';
import type { Pin, Retention } from './retention.js';
import type { SlotIndex } from './slot-index.js';
import { chatRowsOf } from './state-sets.js';
import type { RowReader, StateStore, StoreSnapshot } from './state-store.js';

/** Rows read at once; a chunk takes as many of them as it has room for, and at least one. */
const ROWS_AT_ONCE = 64;
/** The first byte of a position: a row's key follows, or a slot. */
const AT_ROW = 0;
const AT_SLOT = 1;
const SLOT_POSITION_BYTES = 1 + 8;

export interface StateSourceParts {
  readonly store: Pick<StateStore, 'snapshot'>;
  readonly retention: Pick<Retention, 'pin'>;
  readonly index: Pick<SlotIndex, 'firstKept'>;
  readonly reader: Pick<LogReader, 'read'>;
}

export interface StatePiece {
  readonly bytes: Buffer;
  /** Where the next piece begins; empty behind the last one. */
  readonly next: Buffer;
}

export type PieceDone = (error: Error | undefined, piece?: StatePiece) => void;

export class StateSource {
  readonly meta: CheckpointMeta;
  /** The values are those of the slots from here through `meta.applied`. */
  readonly firstKept: Slot;
  readonly #snapshot: StoreSnapshot;
  readonly #pin: Pin;
  readonly #reader: Pick<LogReader, 'read'>;
  readonly #chat: RowReader;

  private constructor(parts: StateSourceParts, snapshot: StoreSnapshot, pin: Pin, meta: CheckpointMeta) {
    this.meta = meta;
    // What was given up since that checkpoint was not pinned any more.
    this.firstKept = Math.max(meta.firstKept, parts.index.firstKept);
    this.#snapshot = snapshot;
    this.#pin = pin;
    this.#reader = parts.reader;
    this.#chat = chatRowsOf(snapshot, meta.set);
  }

  /** Freezes the newest checkpoint and pins the log; undefined if there is no checkpoint yet. Close it. */
  static open(parts: StateSourceParts, done: (error: Error | undefined, source?: StateSource) => void): void {
    const pin = parts.retention.pin();
    const snapshot = parts.store.snapshot();
    loadCheckpoint(snapshot, (error, meta) => {
      if (meta !== undefined) return done(undefined, new StateSource(parts, snapshot, pin, meta));
      snapshot.close();
      pin.release();
      done(error);
    });
  }

  /** The piece at `position`, which an earlier one called its next; about `bytesMax` long and at least one item. */
  read(position: Uint8Array, bytesMax: number, done: PieceDone): void {
    if (position.length === 0) this.#rows(new Uint8Array(0), bytesMax, done);
    else if (position[0] === AT_ROW) this.#rows(position.subarray(1), bytesMax, done);
    else if (position[0] === AT_SLOT && position.length === SLOT_POSITION_BYTES) {
      this.#values(readU64(position, 1), bytesMax, done);
    } else done(new Error('no position of this state'));
  }

  #rows(from: Uint8Array, bytesMax: number, done: PieceDone): void {
    this.#chat.iterate({ from, limit: ROWS_AT_ONCE }, (error, rows) => {
      if (error !== undefined) return done(error);
      const items: Buffer[] = [];
      let bytes = 0;
      for (const { key, value } of rows) {
        const item = encodeStateRow(key, value);
        if (items.length > 0 && bytes + item.length > bytesMax) {
          return done(undefined, { bytes: Buffer.concat(items), next: rowPosition(key) });
        }
        items.push(item);
        bytes += item.length;
      }
      const last = rows.at(-1);
      const next =
        last !== undefined && rows.length === ROWS_AT_ONCE
          ? rowPosition(Buffer.concat([last.key, Buffer.alloc(1)]))
          : this.#slotPosition(this.firstKept);
      done(undefined, { bytes: Buffer.concat(items), next });
    });
  }

  #values(from: Slot, bytesMax: number, done: PieceDone): void {
    const upto = this.meta.applied;
    if (from < this.firstKept || !(from <= upto)) return done(new Error('no position of this state'));
    this.#reader.read(from, upto, bytesMax, (error, values) => {
      if (error !== undefined) return done(error);
      if (values.length === 0) return done(new Error(`slot ${from} is not kept any more`));
      const items = values.map((value, at) => encodeStateValue(from + at, value));
      done(undefined, { bytes: Buffer.concat(items), next: this.#slotPosition(from + values.length) });
    });
  }

  #slotPosition(slot: Slot): Buffer {
    if (slot > this.meta.applied) return Buffer.alloc(0);
    const position = Buffer.alloc(SLOT_POSITION_BYTES);
    position[0] = AT_SLOT;
    writeU53(position, 1, slot);
    return position;
  }

  close(): void {
    this.#snapshot.close();
    this.#pin.release();
  }
}

function rowPosition(key: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([AT_ROW]), key]);
}
