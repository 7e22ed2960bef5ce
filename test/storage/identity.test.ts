/** A data directory's identity: durable before it is used, also with a crash behind every event; coded refusals. */
import t from 'tap';
import { crc32 } from '../../src/base/index.js';
import { Directory, type DirectoryOptions } from '../../src/storage/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { World } from './world.js';

function options(world: World, serverId = 2, origin?: number): DirectoryOptions {
  return {
    serverId,
    ...(origin !== undefined && { origin }),
    randomBytes: (count) => Buffer.from(Array.from({ length: count }, () => world.random.below(256))),
  };
}

function openDirectory(world: World, disk: SimDisk, serverId = 2, origin?: number): Directory {
  let result: Directory | Error | undefined;
  Directory.open(disk, options(world, serverId, origin), (error, directory) => {
    result = error ?? directory;
  });
  world.until(() => result !== undefined, 'opening the identity');
  if (result instanceof Directory) return result;
  throw result;
}

function wait(world: World, act: (done: (error: Error | undefined) => void) => void): Error | undefined {
  let answer: { error: Error | undefined } | undefined;
  act((error) => {
    answer = { error };
  });
  world.until(() => answer !== undefined, 'written');
  return answer?.error;
}

const seal = {
  clusterId: Buffer.alloc(16, 1),
  epoch: 1,
  members: [1, 2, 3].map((id) => ({ id, birthId: Buffer.alloc(16, id) })),
};

t.test('each life counts, the birth id stays, the seal stays', async (t) => {
  const world = new World();
  const disk = world.disk();
  const first = openDirectory(world, disk);
  t.equal(Math.floor(first.incarnation / 0x1_0000_0000), 1);
  t.notOk(first.expectLog);
  t.error(wait(world, (done) => first.setSeal(seal, done)));
  t.error(wait(world, (done) => first.logBegun(done)));
  const second = openDirectory(world, disk.crash(), 0);
  t.equal(Math.floor(second.incarnation / 0x1_0000_0000), 2);
  t.same(second.birthId, first.birthId);
  t.same(second.seal, seal);
  t.ok(second.expectLog);
  t.equal(second.serverId, 2, 'id 0 takes what the directory says');
  t.match(second.walIdentity, { serverId: 2, epoch: 1, incarnation: second.incarnation });
});

t.test('a cluster that began with a state: its slot stays, in a format that older programs refuse', async (t) => {
  const world = new World();
  const disk = world.disk();
  const content = (): Record<string, unknown> => JSON.parse(String(disk.content('identity')).split('\n')[0] ?? '');
  const first = openDirectory(world, disk, 2, 4711);
  t.match(content(), { format: 2, origin: 4711, unfinished: true }, 'from the first line on');
  t.ok(Directory.isUnfinished(disk));
  t.throws(() => first.complete(() => undefined), /completed once, whole/);
  const starts = (): unknown => openDirectory(world, disk, 0);
  t.throws(starts, { code: 'RESTORE_UNFINISHED', exitCode: 7 });
  t.error(wait(world, (done) => first.setSeal(seal, done)));
  t.throws(starts, { code: 'RESTORE_UNFINISHED' }, 'sealed');
  t.error(wait(world, (done) => first.logBegun(done)));
  t.throws(starts, { code: 'RESTORE_UNFINISHED' }, 'with a log');
  t.match(content(), { counter: 1 }, 'and no life is counted');
  t.error(wait(world, (done) => first.complete(done)));
  t.throws(() => first.complete(() => undefined), /completed once, whole/);
  t.notOk(Directory.isUnfinished(disk));
  const left = disk.crash();
  const second = openDirectory(world, left);
  t.equal(second.demands.origin, 4711);
  t.same(second.seal, seal);
  t.throws(() => openDirectory(world, left, 2, 4711), /only a new directory/);
  t.error(wait(world, (done) => second.demand({ origin: 4711, decisions: false }, done)));
  t.throws(() => second.demand({ origin: 4712, decisions: false }, () => undefined), /a cluster begins once/);
});

t.test('a seal leaves the origin that was there before it', async (t) => {
  const world = new World();
  const disk = world.disk();
  const first = openDirectory(world, disk);
  t.error(wait(world, (done) => first.demand({ origin: 4711, decisions: false }, done)));
  t.error(wait(world, (done) => first.setSeal(seal, done)));
  t.equal(openDirectory(world, disk.crash()).demands.origin, 4711);
});

t.test("the origin that came with a peer's state is kept", async (t) => {
  const world = new World();
  let disk = world.disk();
  const first = openDirectory(world, disk);
  t.error(wait(world, (done) => first.setSeal(seal, done)));
  t.error(
    wait(world, (done) => first.demand({ origin: 0, decisions: false }, done)),
    'a cluster that began with nothing',
  );
  disk = disk.crash();
  const second = openDirectory(world, disk);
  t.equal(second.demands.origin, 0);
  t.error(wait(world, (done) => second.demand({ origin: 4711, decisions: false }, done)));
  t.equal(openDirectory(world, disk.crash()).demands.origin, 4711);
});

t.test('that operators have decided something is kept, beside an origin or alone', async (t) => {
  const world = new World();
  let disk = world.disk();
  const demand = (directory: Directory, origin: number, decisions: boolean): unknown =>
    wait(world, (done) => directory.demand({ origin, decisions }, done));
  const format = (): unknown => JSON.parse(String(disk.content('identity')).split('\n')[0] ?? '').format;
  const first = openDirectory(world, disk);
  t.error(demand(first, 0, false));
  t.equal(format(), 1);
  t.error(demand(first, 0, true));
  t.equal(format(), 2, 'no program of format 1 starts here');
  disk = disk.crash();
  const second = openDirectory(world, disk);
  t.same(second.demands, { origin: 0, decisions: true });
  t.error(demand(second, 0, false), 'a log that does not know yet that it is chosen');
  t.same(second.demands, { origin: 0, decisions: true }, 'changes nothing');
  t.error(demand(second, 4711, true));
  t.same(openDirectory(world, disk.crash()).demands, { origin: 4711, decisions: true });
});

t.test('an id given later is kept', async (t) => {
  const world = new World();
  const disk = world.disk();
  const first = openDirectory(world, disk, 0);
  t.error(wait(world, (done) => first.setServerId(3, done)));
  t.equal(openDirectory(world, disk.crash(), 0).serverId, 3);
});

t.test('crash behind every event: no life is counted twice, no birth id changes once told', async (t) => {
  let events = 0;
  for (let stopAfter = 0, open = false; !open; stopAfter++) {
    for (let seed = 1; seed <= 10; seed++) {
      const world = new World(seed);
      const disk = world.disk();
      const first = openDirectory(world, disk);
      const told: Directory[] = [];
      Directory.open(disk, options(world), (_error, directory) => {
        if (directory !== undefined) told.push(directory);
      });
      for (let i = 0; i < stopAfter && told.length === 0; i++) world.step();
      world.forget();
      open = told.length > 0;
      const third = openDirectory(world, disk.crash());
      t.same(third.birthId, first.birthId);
      const newest = told[0] ?? first;
      if (Math.floor(third.incarnation / 2 ** 32) <= Math.floor(newest.incarnation / 2 ** 32)) {
        t.fail(`counter reused, ${stopAfter}`);
        return;
      }
    }
    events = stopAfter;
  }
  t.ok(events >= 4, `${events} events`);
});

t.test('refusals: each with its code, its exit code and what to do', async (t) => {
  const world = new World();
  const disk = world.disk();
  const directory = openDirectory(world, disk);
  wait(world, (done) => directory.setSeal(seal, done));
  t.error(
    wait(world, (done) => directory.setSeal(seal, done)),
    'the same seal again is fine',
  );
  const foreign = wait(world, (done) => directory.setSeal({ ...seal, clusterId: Buffer.alloc(16, 9) }, done));
  t.match(foreign, { code: 'FOREIGN_CLUSTER', exitCode: 3, message: /start with/ });
  const others = wait(world, (done) => directory.setSeal({ ...seal, members: seal.members.slice(1) }, done));
  t.match(others, { code: 'FOREIGN_CLUSTER' });
  t.match(
    wait(world, (done) => directory.setServerId(5, done)),
    { code: 'WRONG_ID', exitCode: 3 },
  );
  t.throws(() => openDirectory(world, disk.copy(), 4), { code: 'WRONG_ID', message: /--id 2/ });

  const lost = disk.copy();
  lost.remove('identity', () => {});
  lost.put('wal-0000000001.log', Buffer.alloc(5000));
  t.throws(() => openDirectory(world, lost), { code: 'IDENTITY_MISSING', exitCode: 7 });
});

t.test('every bit flip and every truncation of the file is noticed', async (t) => {
  const world = new World();
  const disk = world.disk();
  wait(world, (done) => openDirectory(world, disk).setSeal(seal, done));
  const content = disk.content('identity');
  for (let at = 0; at < content.length; at++) {
    const short = disk.copy();
    short.put('identity', content.subarray(0, at));
    if (at < content.length - 1)
      t.throws(() => openDirectory(world, short), { code: 'IDENTITY_DAMAGED', exitCode: 7 }, `cut to ${at}`);
    for (let bit = 0; bit < 8; bit++) {
      const copy = disk.copy();
      copy.flipBit('identity', at, bit);
      t.throws(() => openDirectory(world, copy), { code: 'IDENTITY_DAMAGED' }, `bit ${bit} of ${at}`);
    }
  }
});

t.test('a line whose checksum holds but whose fields are no identity is refused as damaged', async (t) => {
  const world = new World();
  const id = '05'.repeat(16);
  const sealed = { clusterId: id, epoch: 1, members: [{ id: 1, birthId: id }] };
  const lawful = { format: 1, serverId: 2, birthId: id, counter: 7, logBegun: true, ...sealed };
  const text = (change: object): string => JSON.stringify({ ...lawful, ...change });
  const bad = [
    ['no JSON', '{'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no counter', text({ counter: undefined })],
    ['a counter of text', text({ counter: '7' })],
    ['a counter beyond all lives', text({ counter: 2 ** 21 - 1 })],
    ['a negative server', text({ serverId: -1 })],
    ['a birth id of another kind', text({ birthId: 5 })],
    ['logBegun of a kind that counts as false', text({ logBegun: 0 })],
    ['members that are none', text({ members: { length: 1 } })],
    ['a member that is null', text({ members: [null] })],
    ['a demand for nothing', text({ format: 2 })],
    ['decisions that are none', text({ format: 2, decisions: 1 })],
    ['a slot that is none', text({ format: 2, origin: 0 })],
    ['a format of tomorrow', text({ format: 3 })],
  ] as const;
  const openWith = (json: string): Directory => {
    const disk = world.disk();
    const sum = crc32(Buffer.from(json)).toString(16).padStart(8, '0');
    disk.put('identity', Buffer.from(`${json}\n${sum}\n`));
    return openDirectory(world, disk);
  };
  t.equal(openWith(text({})).serverId, 2);
  for (const [what, json] of bad) t.throws(() => openWith(json), { code: 'IDENTITY_DAMAGED', exitCode: 7 }, what);
});
