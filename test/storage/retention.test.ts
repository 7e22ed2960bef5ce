/** Retention: what goes, what must not go, and a crash at every step of it. */
import t from 'tap';
import { MemoryRows, segmentName, segmentNumber } from '../../src/storage/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { Life } from './life.js';
import { openLog, World } from './world.js';

const retainSegments = 2;
/** About 130 bytes of value and 60 of head per slot: 100 slots a segment. */
const manySlots = 1500;

function segmentsOn(disk: SimDisk): number[] {
  const numbers = disk.list().map(segmentNumber);
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b);
}

t.test('old segments go, the kept slots are read, the others are said to be gone; a restart knows it', async (t) => {
  const world = new World(1);
  const kept = new MemoryRows();
  const disk = world.disk();
  const life = new Life(world, disk, kept, 1, { retainSegments, cacheBytes: 0 });
  life.log.wal.append({ kind: 'promise', ballot: { round: 77, server: 3, incarnation: 5 } });
  life.runTo(manySlots);
  const first = segmentsOn(disk)[0] ?? 0;
  t.ok(first > 8, `segments below ${first} are gone`);
  const bytes = life.log.wal.segments.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  t.ok(bytes >= retainSegments * 20_000, 'so much is kept as was asked for');
  t.ok(bytes <= (retainSegments + 2) * 20_000, 'and no more than one segment above');
  const { firstKept } = life.index;
  t.ok(firstKept > 1000 && firstKept < manySlots, `history begins at slot ${firstKept}`);
  t.equal(life.readAll(5000), manySlots);
  t.same(
    life.wait<Uint8Array[]>((done) => life.reader.read(firstKept - 1, manySlots, 5000, done)),
    [],
  );
  t.same(
    life.wait<Uint8Array[]>((done) => life.reader.read(1, 1, 5000, done)),
    [],
  );
  const second = new Life(world, disk.crash(), kept, 2, { retainSegments });
  t.equal(second.index.firstKept, firstKept);
  t.equal(second.count(), manySlots);
  t.equal(second.readAll(5000), manySlots);
  t.equal(second.log.recovered.promised.round, 77, 'the promise outlives the segment that it was made in');
});

t.test('a log that fills several segments between two checkpoints does not outgrow its size', async (t) => {
  const world = new World(8);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1, { retainSegments });
  const between = 4;
  let most = 0;
  for (let checkpoints = 0; checkpoints < 15; checkpoints++) {
    // 40 times ten slots: four segments.
    for (let turn = 0; turn < 10 * between; turn++) {
      life.append(10);
      world.run(1500);
    }
    most = Math.max(most, segmentsOn(disk).length);
    const { applied } = life.index;
    life.checkpoint();
    world.until(() => life.written === applied, `checkpoint at ${applied}`);
  }
  const rolled = segmentsOn(disk).at(-1) as number;
  t.ok(rolled > 15 * (between - 1), `${rolled} segments were begun`);
  // Those since the checkpoint before the last one, which a replay may need, the one being written and the next one.
  t.ok(most <= retainSegments + 2 * between + 2, `never more than ${most} of them at once`);
});

t.test('without a size all is kept', async (t) => {
  const world = new World(2);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1);
  life.runTo(600);
  t.equal(segmentsOn(disk)[0], 1);
  t.equal(life.index.firstKept, 1);
  t.equal(disk.counts.remove, 0);
});

t.test('nothing goes that a replay still needs, nor what a transfer has pinned', async (t) => {
  const world = new World(3);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1, { retainSegments });
  // A vote far ahead, in the first segment: every checkpoint must replay from there.
  life.vote(5000);
  life.runTo(500);
  t.equal(segmentsOn(disk)[0], 1, 'the vote is still needed');
  t.equal(life.checkpointer.last?.replayFrom, 1);

  const other = new World(4);
  const otherDisk = other.disk();
  const pinned = new Life(other, otherDisk, new MemoryRows(), 1, { retainSegments });
  pinned.runTo(700);
  const first = segmentsOn(otherDisk)[0] as number;
  t.ok(first > 1);
  const pin = pinned.retention.pin();
  pinned.runTo(1400);
  t.equal(segmentsOn(otherDisk)[0], first, 'pinned');
  pin.release();
  for (let applied = 1450; applied <= 2000; applied += 50) pinned.runTo(applied);
  t.ok((segmentsOn(otherDisk)[0] as number) > first, 'released');
  t.equal(pinned.readAll(5000), 2000);
});

t.test('a slot whose value stands in a later segment than those above it', async (t) => {
  const world = new World(5);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1, { retainSegments, cacheBytes: 0 });
  // Votes for 401 to 410 come first, then those for all below: the highest slots stand in the oldest segment.
  for (let slot = 401; slot <= 410; slot++) life.vote(slot);
  life.runTo(400);
  for (let slot = 401; slot <= 410; slot++) life.apply(slot, Buffer.alloc(0));
  for (let applied = 450; segmentsOn(disk)[0] === 1; applied += 10) life.runTo(applied);
  t.ok((segmentsOn(disk)[0] as number) >= 2);
  t.equal(life.index.firstKept, 411, 'with the first segment all slots through 410 went');
  t.equal(life.readAll(3000), life.index.applied);
});

t.test('a store of version 0.3, which knew nothing of segments, is surveyed once', async (t) => {
  const world = new World(6);
  const kept = new MemoryRows();
  const disk = world.disk();
  const first = new Life(world, disk, kept, 1);
  first.runTo(700);
  const rows = first.wait<{ key: Uint8Array }[]>((done) =>
    first.sets.liveSet.slots.iterate({ from: Buffer.from([0xff]) }, done),
  );
  t.ok(rows.length > 3, 'there are rows about segments');
  first.wait<void>((done) =>
    first.sets.liveSet.slots.batch(
      [],
      rows.map(({ key }) => key),
      done,
    ),
  );
  world.forget();
  const second = new Life(world, disk.kill(), kept, 2);
  second.runTo(750);
  world.forget();
  const third = new Life(world, second.disk.kill(), kept, 3, { retainSegments, cacheBytes: 0 });
  for (let applied = 760; segmentsOn(third.disk)[0] === 1; applied += 10) third.runTo(applied);
  t.ok(third.index.firstKept > 50, `history begins at slot ${third.index.firstKept}`);
  t.equal(third.readAll(5000), third.index.applied);
});

t.test('EIO while old segments are deleted is final: told once, nothing is written or told after it', async (t) => {
  for (const failing of ['remove', 'syncDirectory'] as const) {
    const world = new World(9);
    const disk = world.disk();
    const life = new Life(world, disk, new MemoryRows(), 1, { retainSegments });
    let injected = false;
    disk.onOperation = (operation, name) => {
      if (injected || operation !== 'remove' || segmentNumber(name) === undefined) return;
      injected = true;
      disk.inject(failing, 'EIO');
    };
    for (let turn = 0; turn < 200 && life.log.fatal.length === 0; turn++) {
      life.append(10);
      if (turn % 5 === 4) life.checkpoint();
      world.run(1500);
    }
    const told = { code: 'DISK_ERROR', exitCode: 7, message: /^deleting old segments: .*start again/ };
    t.match(life.log.fatal, [told], failing);
    const { write, sync, remove } = disk.counts;
    const durable = life.log.durable.length;
    life.append(10);
    world.run(5_000_000);
    t.equal(life.log.fatal.length, 1, `${failing}: once`);
    t.match(disk.counts, { write, sync, remove }, `${failing}: nothing is asked of the disk`);
    t.equal(life.log.durable.length, durable, `${failing}: nothing is called durable`);
  }
});

t.test('a log without its beginning and without checkpoints is refused with instructions', async (t) => {
  const world = new World(7);
  const disk = world.disk();
  const life = new Life(world, disk, new MemoryRows(), 1, { retainSegments });
  life.runTo(manySlots);
  const trimmed = disk.kill();
  t.throws(() => openLog(world, trimmed, { onChosen: () => undefined }), {
    code: 'LOG_TRIMMED',
    exitCode: 7,
    message: /put the directory state back/,
  });
  t.ok(trimmed.list().includes(segmentName(segmentsOn(trimmed)[0] as number)), 'nothing was touched');
});

t.test('a crash at every step of checkpoints and retention', async (t) => {
  const steps = { remove: 0, syncDirectory: 0, sync: 0, write: 0, rename: 0, batch: 0 };
  for (let seed = 1; seed <= 120; seed++) {
    const world = new World(seed);
    const kept = new MemoryRows();
    let disk = world.disk();
    let promised = 0;
    let applied = 0;
    for (let counter = 1; counter <= 6; counter++) {
      try {
        const life = new Life(world, disk, kept, counter, { retainSegments: 1, cacheBytes: 500 });
        if (life.index.applied < applied) throw new Error(`${life.index.applied} slots of ${applied}`);
        if (life.meta !== undefined && life.count() !== life.meta.applied) throw new Error('rows of two moments');
        if (life.log.recovered.promised.round < promised) throw new Error('the promise fell');
        if (life.readAll(2000) !== life.index.applied) throw new Error('not all read');
        const base = life.index.applied;
        const round = promised + 1;
        life.log.wal.append({ kind: 'promise', ballot: { round, server: 3, incarnation: 5 } });
        // The crash strikes at one of the steps that the disk or the store is asked for, in turn.
        let left = 1 + ((seed * 7 + counter * 3) % 60);
        let isDown = false;
        disk.onOperation = (operation) => {
          if (operation in steps) steps[operation as keyof typeof steps]++;
          left--;
          if (left <= 0) isDown = true;
        };
        const batch = life.store.batch.bind(life.store);
        life.store.batch = (puts, deletes, done) => {
          steps.batch++;
          left--;
          if (left <= 0) isDown = true;
          batch(puts, deletes, done);
        };
        for (let turn = 0; turn < 400 && !isDown; turn++) {
          if (turn % 4 === 0) life.append(12);
          if (turn % 12 === 0) life.checkpoint();
          world.step();
          const { durableRecords } = life.log.wal;
          if (durableRecords > 0) promised = round;
          // One record is the promise.
          applied = Math.max(applied, base + durableRecords - 1);
        }
        if (life.log.fatal.length > 0) throw life.log.fatal[0] as Error;
      } catch (error) {
        t.fail(`seed ${seed}, life ${counter}: ${(error as Error).stack}`);
        return;
      }
      world.forget();
      disk = disk.crash();
    }
  }
  for (const [step, count] of Object.entries(steps)) t.ok(count > 100, `${step}: ${count}`);
});
