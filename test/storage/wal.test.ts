/** The log in its normal life: places, group commit, rolling, reading back, marks, orderly stop. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { type Location, type LogRecord, scanLog, segmentName } from '../../src/storage/index.js';
import { appendDurably, closeLog, openLog, RecordStream, recordsIn, show, testIdentity, World } from './world.js';

const ballot = { round: 4, server: 2, incarnation: 5 * 0x1_0000_0000 + 1 };

function accept(slot: number, text: string): LogRecord {
  return { kind: 'accept', ballot, slot, value: Buffer.from(text) };
}

t.test('what was durable is there in the next life, the last word per slot', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  t.strictSame(log.recovered.entries, []);
  appendDurably(world, log, [
    { kind: 'promise', ballot },
    accept(1, 'one'),
    accept(2, 'two'),
    { kind: 'commit', upto: 1 },
    { kind: 'accept', ballot: { ...ballot, round: 6 }, slot: 2, value: Buffer.from('two again') },
    { kind: 'chosen', ballot, slot: 3, value: Buffer.from('three') },
    accept(3, 'never'),
  ]);
  t.strictSame(log.durable, [7]);
  const { recovered } = openLog(world, disk.kill(), { identity: testIdentity(2), appliedSlot: 1 });
  t.strictSame(recovered.promised, { ...ballot, round: 6 }, 'an accept above the promise raises it');
  t.equal(recovered.commit, 1);
  t.strictSame(
    recovered.entries.map(({ slot, chosen, value }) => [slot, chosen, Buffer.from(value).toString()]),
    [
      [2, false, 'two again'],
      [3, true, 'three'],
    ],
    'slots up to the applied one are left out, chosen outranks a later vote',
  );
});

t.test('a ballot of a lower round never replaces a vote, whatever the order', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  appendDurably(world, log, [
    { kind: 'accept', ballot: { ...ballot, round: 9 }, slot: 1, value: Buffer.from('high') },
    accept(1, 'low'),
  ]);
  const { recovered } = openLog(world, disk.kill(), { identity: testIdentity(2) });
  t.equal(Buffer.from(recovered.entries[0]?.value ?? []).toString(), 'high');
});

t.test('another segment stands ready behind the one that is written', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  world.run(1_000_000);
  t.equal(disk.size(segmentName(2)), 8192);
  appendDurably(world, log, [accept(1, 'x'.repeat(3000)), accept(2, 'x'.repeat(3000))]);
  t.equal(log.wal.durableSegment, 2);
  world.run(1_000_000);
  t.equal(disk.size(segmentName(3)), 8192, 'before anything asks for it');
  t.equal(disk.size(segmentName(4)), undefined, 'and no second one');
});

t.test('the next life gives the zeros behind the last record back to the disk', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  appendDurably(world, log, [accept(1, 'one')]);
  closeLog(world, log);
  const after = disk.kill();
  t.equal(after.size(segmentName(1)), 8192);
  openLog(world, after, { identity: testIdentity(2) });
  world.run(1_000_000);
  t.equal(after.size(segmentName(1)), log.wal.segments[0]?.usedBytes);
});

t.test('group commit: whatever is appended while one batch syncs goes with the next one', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk, { segmentBytes: 1 << 20, firstSegmentBytes: 1 << 20 });
  world.run(1_000_000);
  const { write, sync } = disk.counts;
  log.wal.append(accept(1, 'first'));
  log.wal.flush();
  for (let slot = 2; slot <= 500; slot++) {
    log.wal.append(accept(slot, 'later'));
    log.wal.flush();
  }
  world.until(() => log.wal.durableRecords === 500, 'all durable');
  t.equal(disk.counts.sync - sync, 2, '500 appends, two syncs');
  t.equal(disk.counts.write - write, 2, 'and two writes');
  t.strictSame(log.durable, [1, 500]);
});

t.test('nothing is written before flush, nothing counted before its sync', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  world.run(1_000_000);
  const { write } = disk.counts;
  log.wal.append(accept(1, 'x'));
  world.run(1_000_000);
  t.equal(disk.counts.write, write);
  let synced = false;
  disk.onOperation = (operation) => {
    if (operation === 'sync') synced = true;
  };
  log.wal.flush();
  world.until(() => log.durable.length > 0, 'durable');
  t.ok(synced);
  t.strictSame(log.durable, [1]);
});

t.test('rolls over many segments and reads every value back, also before it is written', async (t) => {
  const world = new World(3);
  const disk = world.disk();
  const log = openLog(world, disk);
  const stream = new RecordStream(new Prng(5), 3000);
  const written: LogRecord[] = [];
  const wanted: { location: Location; value: Uint8Array }[] = [];
  let read = 0;
  for (let turn = 0; turn < 60; turn++) {
    for (const record of stream.some(1 + world.random.below(6))) {
      written.push(record);
      const location = log.wal.append(record);
      if (location !== undefined && 'value' in record) {
        wanted.push({ location, value: record.value });
        log.wal.read(location, (error, value) => {
          t.error(error);
          if (value?.equals(Buffer.from(record.value)) !== true) t.fail('a value read at once differs');
          read++;
        });
      }
    }
    log.wal.flush();
    world.run(world.random.below(2000));
  }
  world.until(() => log.wal.durableRecords === written.length, 'all durable');
  t.ok(log.wal.segments.length > 5, `${log.wal.segments.length} segments`);
  world.until(() => read === wanted.length, 'all read');
  t.strictSame(recordsIn(disk.copy()).map(show), written.map(show));
  const { recovered } = openLog(world, disk.kill(), { identity: testIdentity(2) });
  const again = openLog(world, disk.copy(), { identity: testIdentity(2) });
  for (const entry of recovered.entries) {
    let value: Buffer | undefined;
    again.wal.read(entry.location, (_error, bytes) => {
      value = bytes;
    });
    world.until(() => value !== undefined, 'read');
    t.strictSame(value, entry.value);
  }
});

t.test('an orderly stop ends in a mark; a restart goes on in a new segment', async (t) => {
  const world = new World();
  const disk = world.disk();
  const first = openLog(world, disk);
  appendDurably(world, first, [accept(1, 'a')]);
  closeLog(world, first);
  const kinds: string[] = [];
  scanLog(disk, { visit: (_segment, { record }) => kinds.push(record.kind) });
  t.strictSame(kinds, ['promise', 'commit', 'accept', 'mark']);
  const second = openLog(world, disk.kill(), { identity: testIdentity(2) });
  t.equal(second.wal.headSegment, 2);
  t.equal(second.recovered.entries.length, 1);
});

t.test('idleness writes one mark, and only one', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk, { markAfterMs: 100 });
  appendDurably(world, log, [accept(1, 'a')]);
  const before = log.wal.durableSequence;
  world.run(10_000_000);
  t.equal(log.wal.durableSequence, before + 1);
  t.strictSame(log.durable, [1], 'marks are not counted');
});

t.test('retention removes old segments and their names', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  const stream = new RecordStream(new Prng(1), 2000);
  for (let i = 0; i < 20; i++) appendDurably(world, log, stream.some(3));
  const keep = log.wal.headSegment - 1;
  let removed = false;
  log.wal.removeBelow(keep, (error) => {
    t.error(error);
    removed = true;
  });
  world.until(() => removed, 'removed');
  t.equal(log.wal.segments[0]?.segment, keep);
  const next = openLog(world, disk.crash(), { identity: testIdentity(2), replayFrom: keep });
  t.equal(next.wal.segments[0]?.segment, keep);
});

t.test('a record larger than a segment is our own mistake', async (t) => {
  const world = new World();
  const log = openLog(world, world.disk());
  t.throws(() => log.wal.append({ kind: 'accept', ballot, slot: 1, value: Buffer.alloc(9000) }), {
    name: 'InvariantError',
  });
});

t.test('saturated: the driver is told, and ignoring it is our own mistake', async (t) => {
  const world = new World();
  const log = openLog(world, world.disk(), { pendingBytesMax: 20_000, segmentBytes: 1 << 20 });
  const value = Buffer.alloc(1000);
  let slot = 0;
  while (!log.wal.saturated) log.wal.append({ kind: 'accept', ballot, slot: ++slot, value });
  t.ok(slot > 10 && slot < 25, `${slot} records of 1,000 bytes`);
  t.throws(() => {
    for (let i = 0; i < 100; i++) log.wal.append({ kind: 'accept', ballot, slot: ++slot, value });
  }, /saturated/);
  log.wal.flush();
  world.until(() => !log.wal.saturated, 'drained');
});

t.test('what the log says is chosen is handed out as it is read, and not kept', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  const text = (slot: number) => `value ${slot} ${'x'.repeat(300)}`;
  let hinted = 0;
  for (let slot = 1; slot <= 200; slot++) {
    const records = [accept(slot, 'an older vote'), { ...accept(slot, text(slot)), ballot: { ...ballot, round: 5 } }];
    appendDurably(world, log, records);
    if (slot % 30 !== 0) continue;
    hinted = slot - 2;
    appendDurably(world, log, [{ kind: 'commit', upto: hinted }]);
  }
  t.ok(log.wal.segments.length > 5, `${log.wal.segments.length} segments, votes and hints in different ones`);
  const image = disk.kill();
  const all = scanLog(image, { identity: testIdentity(2) }).entries;
  for (const appliedSlot of [0, 17, hinted, 190]) {
    const handed: typeof all = [];
    const found = scanLog(image, {
      identity: testIdentity(2),
      appliedSlot,
      onChosen: (entry) => (handed as (typeof all)[number][]).push(entry),
    });
    t.strictSame([...handed, ...found.entries], all.slice(appliedSlot), 'together the same as without');
    t.equal(handed.length, Math.max(0, hinted - appliedSlot));
    t.ok(found.entries.every(({ slot }) => slot > hinted));
  }
});

t.test('a chosen slot that the log lacks ends what is handed out', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk);
  appendDurably(world, log, [accept(1, 'one'), accept(3, 'three'), { kind: 'commit', upto: 3 }]);
  const handed: number[] = [];
  const found = scanLog(disk.kill(), { onChosen: ({ slot }) => handed.push(slot) });
  t.strictSame(handed, [1]);
  t.equal(found.commit, 3);
  t.strictSame(
    found.entries.map(({ slot }) => slot),
    [3],
  );
});

t.test('each sync is counted: its time, its bytes, its records', async (t) => {
  const world = new World();
  const disk = world.disk();
  const log = openLog(world, disk, { segmentBytes: 1 << 20, firstSegmentBytes: 1 << 20, markAfterMs: 1e6 });
  world.run(1_000_000);
  const { syncSeconds, batchBytes, batchRecords } = log.wal.figures;
  const before = { count: syncSeconds.count, bytes: batchBytes.sum, records: batchRecords.sum };
  const begunMs = world.clock.monotonicMs();
  const { appendedBytes } = log.wal;
  log.wal.append(accept(1, 'first'));
  log.wal.flush();
  for (let slot = 2; slot <= 11; slot++) log.wal.append(accept(slot, 'later'));
  log.wal.flush();
  world.until(() => log.wal.durableRecords === 11, 'all durable');
  t.equal(syncSeconds.count - before.count, 2);
  t.equal(batchRecords.sum - before.records, 11);
  t.equal(batchBytes.sum - before.bytes, log.wal.appendedBytes - appendedBytes);
  const tookSeconds = (world.clock.monotonicMs() - begunMs) / 1000;
  t.ok(syncSeconds.sum > 0 && syncSeconds.sum < tookSeconds, 'by the clock that was handed in, in seconds');
});
