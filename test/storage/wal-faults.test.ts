/** A full disk is waited out, a failed disk ends everything: no record is called durable that is not. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { appendDurably, beginOpen, openLog, RecordStream, recordsIn, show, testIdentity, World } from './world.js';

t.test('a full disk: told once, kept in memory, written when there is space, nothing lost', async (t) => {
  const world = new World(2);
  const disk = world.disk();
  const log = openLog(world, disk);
  world.run(50_000);
  const stream = new RecordStream(new Prng(8), 1500);
  const used = disk.list().reduce((sum, name) => sum + (disk.size(name) ?? 0), 0);
  disk.capacityBytes = used + 1000;
  const written: string[] = [];
  for (let turn = 0; turn < 30 && !log.wal.full; turn++) {
    for (const record of stream.some(3)) {
      written.push(show(record));
      log.wal.append(record);
    }
    log.wal.flush();
    world.run(5000);
  }
  t.strictSame(log.full, [true], 'the log said so once');
  const before = log.wal.durableRecords;
  t.ok(before > 0 && before < written.length, `${before} of ${written.length} durable`);
  t.ok(log.wal.pendingBytes > 0);
  t.notOk(disk.list().includes('wal-next.tmp'), 'the unfinished segment was removed');
  world.run(3_000_000);
  t.strictSame(log.full, [true]);
  t.equal(log.wal.durableRecords, before);
  t.strictSame(recordsIn(disk.copy()).map(show), written.slice(0, before));
  disk.capacityBytes = undefined;
  world.until(() => log.wal.durableRecords === written.length, 'written after space was freed');
  t.strictSame(log.full, [true, false]);
  t.strictSame(recordsIn(disk.crash()).map(show), written);
  t.strictSame(log.fatal, []);
});

t.test(
  'ENOSPC in the middle of a batch: the partial write is a lawful tear, then the same bytes are written again',
  async (t) => {
    const world = new World(5);
    const disk = world.disk();
    const log = openLog(world, disk);
    const stream = new RecordStream(new Prng(8), 400);
    const first = stream.some(2);
    appendDurably(world, log, first);
    const second = stream.some(3);
    disk.inject('write', 'ENOSPC', /wal-0000000001/, 2);
    for (const record of second) log.wal.append(record);
    log.wal.flush();
    world.run(100_000);
    t.strictSame(log.full, [true]);
    t.strictSame(
      recordsIn(disk.copy()).slice(0, 2).map(show),
      first.map(show),
      'a crash now would keep what was durable',
    );
    world.until(() => log.wal.durableRecords === 5, 'second try');
    t.strictSame(log.full, [true, false]);
    t.strictSame(recordsIn(disk.crash()).map(show), [...first, ...second].map(show));
  },
);

t.test('a failed sync is final: told once, never retried, nothing durable afterwards', async (t) => {
  const world = new World(5);
  const disk = world.disk();
  const log = openLog(world, disk);
  world.run(1_000_000);
  const stream = new RecordStream(new Prng(8), 400);
  appendDurably(world, log, stream.some(1));
  disk.inject('sync', 'EIO', /wal-0000000001/, 1);
  for (const record of stream.some(3)) log.wal.append(record);
  log.wal.flush();
  world.until(() => log.fatal.length > 0, 'fatal');
  const { sync } = disk.counts;
  log.wal.append(stream.next());
  log.wal.flush();
  world.run(5_000_000);
  t.equal(log.fatal.length, 1);
  t.match(log.fatal[0], { code: 'DISK_ERROR', exitCode: 7, message: /syncing wal-0000000001.*start again/ });
  t.equal(disk.counts.sync, sync, 'no further sync');
  t.strictSame(log.durable, [1]);
  t.equal(log.wal.durableRecords, 1);
});

t.test('EIO on write, and on preparing the next segment, is final too', async (t) => {
  for (const [operation, name] of [
    ['write', /wal-0000000001/],
    ['sync', /wal-next/],
    ['rename', /wal-next/],
    ['syncDirectory', /./],
  ] as const) {
    const world = new World(5);
    const disk = world.disk();
    disk.inject('sync', 'EIO', /never/);
    const log = openLog(world, disk);
    if (operation === 'write') {
      disk.inject(operation, 'EIO', name);
      log.wal.append({ kind: 'commit', upto: 1 });
      log.wal.flush();
    } else {
      disk.inject(operation, 'EIO', name);
    }
    world.run(1_000_000);
    t.match(log.fatal, [{ code: 'DISK_ERROR' }], `${operation} ${name}`);
    t.strictSame(log.durable, []);
  }
});

t.test('a start on a full or failing disk fails with a text, and a later one succeeds', async (t) => {
  const world = new World(5);
  for (const [operation, fault] of [
    ['write', 'ENOSPC'],
    ['sync', 'EIO'],
    ['syncDirectory', 'EIO'],
    ['rename', 'EIO'],
  ] as const) {
    const disk = world.disk();
    disk.inject(operation, fault);
    t.throws(() => openLog(world, disk), { code: 'DISK_ERROR', exitCode: 7 }, `${operation} ${fault}`);
    const after = disk.crash();
    const log = openLog(world, after, { identity: testIdentity(2) });
    appendDurably(world, log, [{ kind: 'commit', upto: 3 }]);
    t.strictSame(log.durable, [1]);
  }
});

t.test('a value that rots behind the head fails its checksum when it is read back', async (t) => {
  const world = new World(5);
  const disk = world.disk();
  const log = openLog(world, disk);
  const location = log.wal.append({
    kind: 'accept',
    ballot: { round: 1, server: 2, incarnation: 3 },
    slot: 1,
    value: Buffer.from('precious'),
  });
  log.wal.flush();
  world.until(() => log.wal.durableRecords === 1, 'durable');
  disk.flipBit('wal-0000000001.log', (location?.offset ?? 0) + 3, 1);
  let failure: Error | undefined;
  if (location !== undefined)
    log.wal.read(location, (error) => {
      failure = error;
    });
  world.until(() => failure !== undefined, 'read');
  t.match(failure, { code: 'LOG_DAMAGED', exitCode: 7 });
});

t.test('what a failed sync left in the page cache is written again before anything vouches for it', async (t) => {
  const world = new World(5);
  const disk = world.disk();
  const first = openLog(world, disk, { identity: testIdentity(1) });
  world.run(1_000_000);
  const stream = new RecordStream(new Prng(8), 400);
  disk.inject('sync', 'EIO', /wal-0000000001/, 1);
  const records = stream.some(3);
  for (const record of records) first.wal.append(record);
  first.wal.flush();
  world.until(() => first.fatal.length > 0, 'the process ends');

  // The next life finds the batch in the page cache, vouches for it, and loses power.
  const second = disk.kill();
  openLog(world, second, { identity: testIdentity(2) });
  t.strictSame(recordsIn(second.copy()).map(show), records.map(show), 'found in the page cache');
  const third = second.crash();
  t.strictSame(recordsIn(third).map(show), records.map(show), 'and on the disk');
});

t.test('a header whose sync failed is written again, or a later segment would prove it damaged', async (t) => {
  const world = new World(5);
  const disk = world.disk();
  const stream = new RecordStream(new Prng(8), 400);
  const records = stream.some(3);
  appendDurably(world, openLog(world, disk, { identity: testIdentity(1) }), records);
  const second = disk.kill();
  second.inject('sync', 'EIO', /wal-0000000002/, 1);
  let failure: Error | undefined;
  beginOpen(world, second, { identity: testIdentity(2) }, (error) => {
    failure = error;
  });
  world.until(() => failure !== undefined, 'opening fails');
  const third = second.kill();
  openLog(world, third, { identity: testIdentity(3) });
  t.strictSame(recordsIn(third.crash()).map(show), records.map(show));
});
