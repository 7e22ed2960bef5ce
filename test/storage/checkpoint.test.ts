/** Checkpoints, slot index and log reader together: every applied slot can be read, after a crash at any moment too. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import {
  Checkpointer,
  type CheckpointMeta,
  LogReader,
  loadCheckpoint,
  MemoryRows,
  MemoryStore,
  Retention,
  SlotIndex,
  StateSets,
  type StateStore,
} from '../../src/storage/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { type OpenLog, openLog, testIdentity, World } from './world.js';

const SIZES = { segmentBytes: 20_000, firstSegmentBytes: 20_000 };
const ballot = { round: 1, server: 2, incarnation: 9 };
const COUNT_KEY = Buffer.from('count');

/** What slot `slot` holds, in every life. */
function slotValue(slot: number): Buffer {
  return Buffer.alloc(20 + ((slot * 37) % 200), slot % 251);
}

function checkpointerOf(
  store: StateStore,
  sets: StateSets,
  { wal }: OpenLog,
  index: SlotIndex,
  last: CheckpointMeta | undefined,
): Checkpointer {
  const retention = new Retention({ wal, index, retainBytes: undefined });
  return new Checkpointer({ store, sets, wal, index, retention, last });
}

/**
 * A server reduced to what storage sees of it: appends, applies, checkpoints; its state is the number of applied slots.
 */
class Life {
  readonly log: OpenLog;
  readonly index: SlotIndex;
  readonly reader: LogReader;
  readonly checkpointer: Checkpointer;
  readonly store: StateStore;
  readonly sets: StateSets;
  readonly meta: CheckpointMeta | undefined;
  written = 0;

  constructor(
    readonly world: World,
    readonly disk: SimDisk,
    kept: MemoryRows,
    counter: number,
    cacheBytes = 2000,
  ) {
    const store = new MemoryStore(kept, (act) => void world.schedule(world.random.between(50, 500), act));
    this.store = store;
    this.meta = this.#wait<CheckpointMeta | undefined>((done) => loadCheckpoint(store, done));
    const { meta } = this;
    this.sets = new StateSets(store, meta?.set ?? 0);
    this.index = new SlotIndex(() => this.sets.liveSet.slots);
    if (meta !== undefined) this.#wait<void>((done) => this.index.load(meta.applied, meta.firstKept, done));
    this.log = openLog(world, disk, {
      ...SIZES,
      identity: testIdentity(counter),
      appliedSlot: meta?.applied ?? 0,
      ...(meta && { replayFrom: meta.replayFrom, durableFloor: meta.durableFloor }),
      onDurable: (records) => this.checkpointer.onDurable(records),
    });
    this.reader = new LogReader(this.log.wal, this.index, cacheBytes, (act) => void world.schedule(1, act));
    this.checkpointer = checkpointerOf(store, this.sets, this.log, this.index, meta);
    for (const { slot, location } of this.log.recovered.entries) this.index.logged(slot, location);
    for (const { slot, value } of this.log.recovered.entries)
      if (slot === this.index.applied + 1) this.apply(slot, value);
  }

  #wait<T>(act: (done: (error: Error | undefined, value?: T) => void) => void): T {
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
  }

  append(count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = this.index.applied + 1;
      const location = this.log.wal.append({ kind: 'accept', ballot, slot, value: slotValue(slot) });
      if (location !== undefined) this.index.logged(slot, location);
      this.apply(slot, slotValue(slot));
    }
    this.log.wal.flush();
  }

  checkpoint(): void {
    if (this.checkpointer.busy) return;
    const { applied } = this.index;
    const puts = [{ key: COUNT_KEY, value: Buffer.from(String(applied)) }];
    const hash = Buffer.alloc(8);
    hash.writeUInt32BE(applied, 4);
    this.checkpointer.write({ applied, hash, logClockMs: applied * 10, puts, deletes: [] }, (error) => {
      if (error === undefined) this.written = applied;
    });
  }

  /** Everything applied, read back in pieces of at most `limitBytes`. */
  readAll(limitBytes: number): number {
    let next = 1;
    while (next <= this.index.applied) {
      const values = this.#wait<Uint8Array[]>((done) => this.reader.read(next, this.index.applied, limitBytes, done));
      if (values.length === 0) throw new Error(`nothing at slot ${next}`);
      for (const value of values) {
        if (!slotValue(next).equals(value)) throw new Error(`slot ${next} reads back wrong`);
        next++;
      }
    }
    return next - 1;
  }

  count(): number {
    const value = this.#wait<Uint8Array | undefined>((done) => this.sets.liveSet.chat.get(COUNT_KEY, done));
    return Number(Buffer.from(value ?? []).toString());
  }
}

t.test('a checkpoint shortens the replay; every slot is still read, cached or not', async (t) => {
  const world = new World(4);
  const kept = new MemoryRows();
  const disk = world.disk();
  const first = new Life(world, disk, kept, 1);
  for (let turn = 0; turn < 100; turn++) {
    first.append(10);
    world.run(1500);
    if (turn % 10 === 9) first.checkpoint();
  }
  world.until(() => first.written === 1000, 'checkpoint at 1000');
  first.append(7);
  world.until(() => first.log.wal.durableRecords === 1007, 'durable');
  t.equal(first.readAll(500), 1007);
  t.equal(first.readAll(1_000_000), 1007);
  t.ok(first.reader.cachedBytes <= 2000);
  const second = new Life(world, disk.kill(), kept, 2);
  t.match(second.meta, { applied: 1000, logClockMs: 10_000 });
  t.equal(second.count(), 1000);
  t.equal(second.log.recovered.entries.length, 7, 'only what follows the checkpoint is replayed');
  t.equal(second.readAll(3000), 1007);
});

t.test('neighbouring records are read in one piece', async (t) => {
  const world = new World(4);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1, 0);
  life.append(60);
  world.until(() => life.log.wal.durableRecords === 60, 'durable');
  const { read } = disk.counts;
  t.equal(life.readAll(1_000_000), 60);
  t.ok(disk.counts.read - read <= 2, `${disk.counts.read - read} reads for 60 slots`);
});

t.test('a log that ends below the checkpoint is damaged, not short', async (t) => {
  const world = new World(4);
  const kept = new MemoryRows();
  const disk = world.disk();
  const life = new Life(world, disk, kept, 1);
  life.append(5);
  world.until(() => life.log.wal.durableRecords === 5, 'durable');
  life.checkpoint();
  world.until(() => life.written === 5, 'checkpoint');
  const copy = disk.kill();
  copy.put('wal-0000000001.log', copy.content('wal-0000000001.log').fill(0, 4096 + 90));
  t.throws(() => new Life(world, copy, kept, 2), { code: 'LOG_DAMAGED' });
});

t.test(
  'a crash at any moment, many lives: no durable slot is lost, the store never runs ahead of the log',
  async (t) => {
    for (let seed = 1; seed <= 60; seed++) {
      const world = new World(seed);
      const chance = new Prng(seed);
      const kept = new MemoryRows();
      let disk = world.disk();
      let durable = 0;
      for (let counter = 1; counter <= 8; counter++) {
        let life: Life;
        try {
          life = new Life(world, disk, kept, counter);
          if (life.meta !== undefined && life.count() !== life.meta.applied)
            throw new Error('rows and meta are of two moments');
          if (life.index.applied < durable) throw new Error(`${life.index.applied} slots of ${durable}`);
          if (life.readAll(chance.between(1, 5000)) !== life.index.applied) throw new Error('not all read');
        } catch (error) {
          t.fail(`seed ${seed}, life ${counter}: ${(error as Error).message}`);
          return;
        }
        const base = life.index.applied;
        durable = base;
        const steps = chance.below(300);
        for (let i = 0; i < steps; i++) {
          if (chance.chance(1, 5)) life.append(chance.below(8));
          if (chance.chance(1, 15)) life.checkpoint();
          world.step();
          durable = base + life.log.wal.durableRecords;
          if (life.written > durable) t.fail(`seed ${seed}: checkpoint at ${life.written}, log durable to ${durable}`);
        }
        world.forget();
        disk = disk.crash();
      }
    }
    t.pass('60 seeds of 8 lives');
  },
);

t.test('a failed checkpoint keeps its rows for the next one', async (t) => {
  const world = new World(4);
  const life = new Life(world, world.disk(), new MemoryRows(), 1);
  const failing: StateStore = {
    ...life.store,
    get: (key, done) => life.store.get(key, done),
    batch: (puts, deletes, done) => {
      batches++;
      if (batches === 1) world.schedule(10, () => done(Object.assign(new Error('full'), { code: 'ENOSPC' })));
      else life.store.batch(puts, deletes, done);
    },
  };
  let batches = 0;
  const checkpointer = checkpointerOf(failing, life.sets, life.log, life.index, undefined);
  const answers: (Error | undefined)[] = [];
  const write = (name: string) => {
    const puts = [{ key: Buffer.from(name), value: Buffer.from('v') }];
    checkpointer.write(
      { applied: life.index.applied, hash: Buffer.alloc(8), logClockMs: 0, puts, deletes: [] },
      (error) => answers.push(error),
    );
    world.until(() => !checkpointer.busy, 'answered');
  };
  write('a');
  t.equal(checkpointer.last, undefined);
  write('b');
  t.match(answers, [{ code: 'ENOSPC' }, undefined]);
  let found: Uint8Array | undefined;
  life.sets.liveSet.chat.get(Buffer.from('a'), (_error, value) => {
    found = value;
  });
  world.until(() => found !== undefined, 'row a');
});
