/**
 * Power failures and kills at any moment, many times in a row: what was called durable is there, and nothing else is.
 */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { type LogRecord, scanLog } from '../../src/storage/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { beginOpen, type OpenLog, openLog, RecordStream, recordsIn, show, testIdentity, World } from './world.js';

t.setTimeout(120_000);

const SIZES = { segmentBytes: 6000, firstSegmentBytes: 5000, markAfterMs: 2 };

/** One life after the other on what is left of one disk, each ended in the midst of things. */
function lives(seed: number, count: number): string | undefined {
  const world = new World(seed);
  const stream = new RecordStream(new Prng(seed + 1), 900);
  let disk: SimDisk = world.disk();
  /** Everything ever appended that may still be in the log, and how much of it is known to be durable. */
  let appended: string[] = [];
  let acknowledged = 0;
  for (let life = 1; life <= count; life++) {
    let log: OpenLog | undefined;
    let failure: Error | undefined;
    beginOpen(world, disk, { ...SIZES, identity: testIdentity(life) }, (error, opened) => {
      failure = error;
      log = opened;
    });
    // Half of the lives may end while the log is still being opened.
    const stepsToOpen = world.random.chance(1, 2) ? world.random.below(40) : 1000;
    for (let i = 0; i < stepsToOpen && log === undefined && failure === undefined; i++) world.step();
    if (failure !== undefined) return `life ${life}: ${(failure as Error).message}`;
    if (log !== undefined) {
      const found = recordsIn(disk, testIdentity(life)).map(show);
      const wrong = compare(found, appended, acknowledged);
      if (wrong !== undefined) return `life ${life}: ${wrong}`;
      // Opening has made durable what it found.
      appended = found;
      acknowledged = found.length;
      const base = found.length;
      const steps = world.random.below(400);
      for (let i = 0; i < steps; i++) {
        if (world.random.chance(1, 4)) {
          for (const record of stream.some(world.random.below(5))) {
            log.wal.append(record);
            appended.push(show(record));
          }
          log.wal.flush();
        }
        world.step();
        acknowledged = base + log.wal.durableRecords;
      }
      if (log.fatal.length > 0) return `life ${life}: ${log.fatal[0]?.message}`;
    }
    world.forget();
    disk = world.random.chance(1, 5) ? disk.kill() : disk.crash();
  }
  return undefined;
}

function compare(found: readonly string[], appended: readonly string[], acknowledged: number): string | undefined {
  if (found.length < acknowledged) return `${found.length} records left of ${acknowledged} acknowledged`;
  const at = found.findIndex((text, i) => text !== appended[i]);
  return at < 0 ? undefined : `record ${at} is ${found[at]}, was ${appended[at]}`;
}

t.test('many lives, many seeds', async (t) => {
  for (let seed = 1; seed <= Number(process.env.SEEDS ?? 40); seed++) {
    const wrong = lives(seed, 12);
    if (wrong !== undefined) {
      t.fail(`seed ${seed}: ${wrong}`);
      return;
    }
  }
  t.pass('every seed held');
});

t.test('a crash behind every single event of a start, a roll-over and a stop', async (t) => {
  let events = 0;
  let cuts = 0;
  for (let stopAfter = 0; ; stopAfter++) {
    let ended = false;
    for (let seed = 1; seed <= 6; seed++) {
      const result = oneLife(stopAfter, seed);
      if (typeof result === 'string') {
        t.fail(`crash behind event ${stopAfter}, seed ${seed}: ${result}`);
        return;
      }
      ended = result.ended;
      cuts += result.cut ? 1 : 0;
    }
    events = stopAfter;
    if (ended) break;
  }
  t.ok(events > 60, `${events} events`);
  t.ok(cuts > 5, `${cuts} torn tails were among them`);
});

/** A life that rolls over twice and stops in order, cut off after `stopAfter` events. */
function oneLife(stopAfter: number, seed: number): { ended: boolean; cut: boolean } | string {
  const world = new World(seed);
  const disk = world.disk();
  const stream = new RecordStream(new Prng(99), 700);
  const turns = Array.from({ length: 14 }, () => stream.some(2));
  const all = turns.flat().map(show);
  let log: OpenLog | undefined;
  let closed = false;
  beginOpen(world, disk, { ...SIZES, identity: testIdentity(1) }, (_error, opened) => {
    log = opened;
  });
  for (let i = 0; i < stopAfter && !closed; i++) {
    if (!world.step()) break;
    const wal = log?.wal;
    if (wal === undefined || wal.appendedRecords !== wal.durableRecords) continue;
    const turn: LogRecord[] | undefined = turns.shift();
    if (turn !== undefined) {
      for (const record of turn) wal.append(record);
      wal.flush();
    } else if (turns.length === 0 && !closing.has(wal)) {
      closing.add(wal);
      wal.close(() => {
        closed = true;
      });
    }
  }
  const acknowledged = log?.wal.durableRecords ?? 0;
  world.forget();
  const after = disk.crash();
  const cut = scanLog(after, { identity: testIdentity(2) }).cut !== undefined;
  const again = openLog(world, after, { ...SIZES, identity: testIdentity(2) });
  const wrong = compare(recordsIn(after).map(show), all, acknowledged);
  if (wrong !== undefined) return wrong;
  again.wal.append({ kind: 'commit', upto: 1 });
  again.wal.flush();
  world.until(() => again.wal.durableRecords === 1, 'the next life writes');
  return { ended: closed, cut };
}

const closing = new WeakSet<object>();

t.test('a crash behind every event of a recovery that cuts a tail leaves the same log', async (t) => {
  const torn = tornDisk();
  const expected = recordsIn(torn).map(show);
  t.ok(scanLog(torn, { identity: testIdentity(2) }).cut !== undefined, 'the tail is torn');
  let events = 0;
  for (let stopAfter = 0; ; stopAfter++) {
    const world = new World(stopAfter + 1);
    const disk = torn.copy(world.diskOptions());
    let open = false;
    beginOpen(world, disk, { ...SIZES, identity: testIdentity(2) }, () => {
      open = true;
    });
    for (let i = 0; i < stopAfter && !open; i++) world.step();
    world.forget();
    const after = disk.crash(world.diskOptions());
    openLog(world, after, { ...SIZES, identity: testIdentity(3) });
    if (
      !recordsIn(after)
        .map(show)
        .every((text, i) => text === expected[i])
    ) {
      t.fail(`crash behind event ${stopAfter}`);
      return;
    }
    t.equal(recordsIn(after).length, expected.length);
    events = stopAfter;
    if (open) break;
  }
  t.ok(events >= 8, `${events} events`);
});

/** A disk on which the last batch's first sector is lost and a later one is intact. */
function tornDisk(): SimDisk {
  for (let seed = 1; seed < 1000; seed++) {
    const world = new World(seed);
    const disk = world.disk();
    const log = openLog(world, disk, { identity: testIdentity(1), segmentBytes: 20_000, firstSegmentBytes: 20_000 });
    const stream = new RecordStream(new Prng(3), 300);
    for (const record of stream.some(4)) log.wal.append(record);
    log.wal.flush();
    world.until(() => log.wal.durableRecords === 4, 'durable');
    for (const record of stream.some(9)) log.wal.append(record);
    log.wal.flush();
    world.forget();
    const after = disk.crash();
    if ((scanLog(after, { identity: testIdentity(2) }).cut?.records ?? 0) > 0) return after;
  }
  throw new Error('no seed tears a batch with an intact record behind the tear');
}
