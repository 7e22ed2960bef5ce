/**
 * A server reduced to what storage sees of it: appends, applies, checkpoints. Its state is how many slots it has
 * applied and, in forty rows, which one last touched each. Holds no tests.
 */
import { assert } from '../../src/base/index.js';
import {
  Checkpointer,
  type CheckpointMeta,
  LogReader,
  loadCheckpoint,
  type MemoryRows,
  MemoryStore,
  Retention,
  SlotIndex,
  StateBuilder,
  StateSets,
  StateSource,
  type StateStore,
} from '../../src/storage/index.js';
import { readStateItems } from '../../src/wire/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { type OpenLog, openLog, testIdentity, type World } from './world.js';

const SEGMENT_BYTES = 20_000;
const COUNT_KEY = Buffer.from('count');
const TOUCHED_ROWS = 40;
export const ballot = { round: 1, server: 2, incarnation: 9 };

/** What slot `slot` holds, in every life. */
export function slotValue(slot: number): Buffer {
  return Buffer.alloc(20 + ((slot * 37) % 200), slot % 251);
}

export function stateHash(applied: number): Buffer {
  const hash = Buffer.alloc(8);
  hash.writeUInt32BE(applied, 4);
  return hash;
}

function touchedKey(slot: number): Buffer {
  return Buffer.from(`touched-${slot % TOUCHED_ROWS}`);
}

export interface LifeOptions {
  readonly cacheBytes?: number;
  /** Segments kept at least; undefined: all. */
  readonly retainSegments?: number;
}

/** A piece of a state, and what stands around it. */
export interface Piece {
  readonly bytes: Buffer;
  readonly next: Buffer;
}

export interface SentState {
  readonly applied: number;
  readonly firstKept: number;
  readonly pieces: readonly Piece[];
}

export class Life {
  readonly log: OpenLog;
  readonly index: SlotIndex;
  readonly reader: LogReader;
  readonly checkpointer: Checkpointer;
  readonly retention: Retention;
  readonly store: StateStore;
  readonly sets: StateSets;
  readonly meta: CheckpointMeta | undefined;
  written = 0;
  #touched = new Set<number>();

  constructor(
    readonly world: World,
    readonly disk: SimDisk,
    kept: MemoryRows,
    counter: number,
    { cacheBytes = 2000, retainSegments }: LifeOptions = {},
  ) {
    const store = new MemoryStore(kept, (act) => void world.schedule(world.random.between(50, 500), act));
    this.store = store;
    this.meta = this.wait<CheckpointMeta | undefined>((done) => loadCheckpoint(store, done));
    const { meta } = this;
    const sets = new StateSets(store, meta?.set ?? 0);
    this.sets = sets;
    this.index = new SlotIndex(() => sets.liveSet.slots);
    const { index } = this;
    if (meta !== undefined) this.wait<void>((done) => index.load(meta.applied, meta.firstKept, done));
    this.log = openLog(world, disk, {
      segmentBytes: SEGMENT_BYTES,
      firstSegmentBytes: SEGMENT_BYTES,
      identity: testIdentity(counter),
      appliedSlot: meta?.applied ?? 0,
      ...(meta && { replayFrom: meta.replayFrom, durableFloor: meta.durableFloor }),
      onDurable: (records) => this.checkpointer.onDurable(records),
    });
    const { wal, recovered } = this.log;
    this.reader = new LogReader(wal, index, cacheBytes, (act) => void world.schedule(1, act));
    const retainBytes = retainSegments === undefined ? undefined : retainSegments * SEGMENT_BYTES;
    this.retention = new Retention({ wal, index, retainBytes });
    this.checkpointer = new Checkpointer({ store, sets, wal, index, retention: this.retention, last: meta });
    for (const { slot, location } of recovered.entries) index.logged(slot, location);
    for (const { slot, value } of recovered.entries) if (slot === index.applied + 1) this.apply(slot, value);
  }

  /** Runs the world until `act` has called back; throws its error. */
  wait<T>(act: (done: (error: Error | undefined, value?: T) => void) => void): T {
    let answer: { error: Error | undefined; value?: T } | undefined;
    act((error, value) => {
      answer = { error, ...(value !== undefined && { value }) };
    });
    this.world.until(() => answer !== undefined, 'an answer');
    if (answer?.error !== undefined) throw answer.error;
    return answer?.value as T;
  }

  apply(slot: number, value: Uint8Array): void {
    this.index.appliedSlot(slot);
    this.reader.remember(slot, value);
    this.#touched.add(slot);
  }

  append(count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = this.index.applied + 1;
      this.vote(slot);
      this.apply(slot, slotValue(slot));
    }
    this.log.wal.flush();
  }

  /** A vote for a slot that is not applied. */
  vote(slot: number): void {
    const location = this.log.wal.append({ kind: 'accept', ballot, slot, value: slotValue(slot) });
    assert(location !== undefined, 'a vote has a value');
    this.index.logged(slot, location);
  }

  checkpoint(): void {
    if (this.checkpointer.busy) return;
    const { applied } = this.index;
    const rows = [...this.#touched].map((slot) => ({ key: touchedKey(slot), value: Buffer.from(String(slot)) }));
    // The last of each row.
    const puts = [...new Map(rows.map((row) => [row.key.toString(), row])).values()];
    puts.push({ key: COUNT_KEY, value: Buffer.from(String(applied)) });
    this.#touched = new Set();
    const input = { applied, hash: stateHash(applied), logClockMs: applied * 10, puts, deletes: [] };
    this.checkpointer.write(input, (error) => {
      if (error === undefined) this.written = applied;
    });
  }

  /** Appends and checkpoints until `applied` slots are in a checkpoint. */
  runTo(applied: number): void {
    while (this.index.applied < applied) {
      this.append(Math.min(10, applied - this.index.applied));
      this.world.run(1500);
      if (this.index.applied % 50 === 0) this.checkpoint();
    }
    this.world.until(() => !this.checkpointer.busy, 'the checkpoint before');
    this.checkpoint();
    this.world.until(() => this.written === applied, `checkpoint at ${applied}`);
    this.world.run(20_000);
  }

  /** Everything kept, read back in pieces of at most `limitBytes`; the last slot read. */
  readAll(limitBytes: number): number {
    let next = this.index.firstKept;
    while (next <= this.index.applied) {
      const values = this.wait<Uint8Array[]>((done) => this.reader.read(next, this.index.applied, limitBytes, done));
      if (values.length === 0) throw new Error(`nothing at slot ${next}`);
      for (const value of values) {
        if (!slotValue(next).equals(value)) throw new Error(`slot ${next} reads back wrong`);
        next++;
      }
    }
    return next - 1;
  }

  #row(key: Buffer): number {
    const value = this.wait<Uint8Array | undefined>((done) => this.sets.liveSet.chat.get(key, done));
    return Number(Buffer.from(value ?? []).toString());
  }

  /** How many slots the checkpoint's rows say they hold. Throws if the rows are of two moments. */
  count(): number {
    const count = this.#row(COUNT_KEY);
    for (let slot = Math.max(1, count - TOUCHED_ROWS + 1); slot <= count; slot++) {
      const last = this.#row(touchedKey(slot));
      if (last !== slot) throw new Error(`row of slot ${slot} says ${last}, the state is at ${count}`);
    }
    return count;
  }

  /** Everything that a peer would be sent now. */
  send(bytesMax = 700): SentState {
    const { store, retention, index, reader } = this;
    const source = this.wait<StateSource>((done) => StateSource.open({ store, retention, index, reader }, done));
    const pieces: Piece[] = [];
    let position = Buffer.alloc(0);
    do {
      const piece = this.wait<Piece>((done) => source.read(position, bytesMax, done));
      pieces.push(piece);
      position = Buffer.from(piece.next);
    } while (position.length > 0);
    source.close();
    return { applied: source.meta.applied, firstKept: source.firstKept, pieces };
  }

  /** Takes a peer's state, as the driver does; `done` once it is the live one. */
  receive(sent: SentState, done: (error: Error | undefined) => void): void {
    const { sets, index, checkpointer } = this;
    const { wal } = this.log;
    const { applied, firstKept, pieces } = sent;
    sets.clearSpare((error) => {
      if (error !== undefined) return done(error);
      const builder = new StateBuilder({ set: sets.spareSet, wal, applied, firstKept });
      const add = (at: number): void => {
        const piece = pieces[at];
        if (piece === undefined) return builder.seal((failure) => (failure === undefined ? install() : done(failure)));
        builder.add(readStateItems(piece.bytes), (failure) => (failure === undefined ? add(at + 1) : done(failure)));
      };
      const install = (): void => {
        const input = {
          applied,
          hash: stateHash(applied),
          logClockMs: applied * 10,
          firstKept: builder.index().firstKept,
          firstSegment: builder.firstSegment,
        };
        checkpointer.install(input, (failure) => {
          if (failure === undefined) {
            index.installed(builder.index());
            this.reader.forget();
            this.#touched = new Set();
          }
          done(failure);
        });
        wal.flush();
      };
      add(0);
    });
  }
}
