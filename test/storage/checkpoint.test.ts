/** Checkpoints, slot index and log reader together: every applied slot can be read, after a crash at any moment too. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { Checkpointer, MemoryRows, type StateStore } from '../../src/storage/index.js';
import { Life } from './life.js';
import { World } from './world.js';

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
  const life = new Life(world, disk, new MemoryRows(), 1, { cacheBytes: 0 });
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
  const checkpointer = new Checkpointer({ ...life, store: failing, wal: life.log.wal, last: undefined });
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
