/**
 * Every truncation and every bit flip of a small log: the whole log, or a refusal; never silently less than
 * acknowledged.
 */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import {
  DamagedLog,
  FORMAT_VERSION,
  type LogRecord,
  StorageError,
  scanLog,
  segmentName,
} from '../../src/storage/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import {
  appendDurably,
  closeLog,
  type OpenLog,
  openLog,
  RecordStream,
  recordsIn,
  show,
  testIdentity,
  World,
} from './world.js';

const SEGMENT_BYTES = 4900;
const HEADER_SPACE = [160, 4088] as const;
t.setTimeout(120_000);
/** Half a million errors are made here; nobody reads where. */
Error.stackTraceLimit = 0;

interface Built {
  readonly world: World;
  readonly disk: SimDisk;
  readonly records: readonly string[];
  /** Byte range of the last batch of records in the newest segment. */
  readonly lastBatch: { readonly segment: number; readonly from: number; readonly to: number };
}

/** A log of two lives and several segments with every kind of record; `orderly` says how the last life ends. */
function build(orderly: boolean): Built {
  const world = new World(11);
  const stream = new RecordStream(new Prng(4), 120);
  let disk = world.disk();
  const records: LogRecord[] = [];
  let log: OpenLog | undefined;
  for (let life = 1; life <= 2; life++) {
    log = openLog(world, disk, {
      identity: testIdentity(life),
      segmentBytes: SEGMENT_BYTES,
      firstSegmentBytes: SEGMENT_BYTES,
    });
    for (let turn = 0; turn < 4; turn++) {
      const some = stream.some(2);
      records.push(...some);
      appendDurably(world, log, some);
    }
    if (life === 2 && orderly) closeLog(world, log);
    else world.run(20_000);
    world.forget();
    disk = disk.kill();
  }
  const head = log?.wal.headSegment ?? 0;
  let from = 0;
  let to = 0;
  scanLog(disk, {
    visit: (segment, { place, length, record }) => {
      if (segment !== head || record.kind === 'mark') return;
      if (place.sequence === place.batchFirst) from = place.offset;
      to = place.offset + length;
    },
  });
  return { world, disk, records: records.map(show), lastBatch: { segment: head, from, to } };
}

/** What the log gives: its records, or the error's code. Anything but a StorageError is a failure of the test. */
function outcome(disk: SimDisk): readonly string[] | StorageError {
  try {
    return recordsIn(disk).map(show);
  } catch (error) {
    if (error instanceof StorageError) return error;
    throw error;
  }
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

t.test('the log that is damaged below', async (t) => {
  const { disk, records } = build(true);
  t.ok(disk.list().filter((name) => name.startsWith('wal-')).length >= 4, disk.list().join(' '));
  t.strictSame(outcome(disk), records);
  const kinds = new Set(records.map((record) => record.split(' ')[0]));
  t.strictSame([...kinds].sort(), ['accept', 'chosen', 'commit', 'promise'], 'every kind is in it');
});

for (const orderly of [true, false]) {
  const ending = orderly ? 'after an orderly stop' : 'after a kill right behind the last sync';

  t.test(`truncation at every byte ${ending}`, async (t) => {
    const { disk, records, lastBatch } = build(orderly);
    let full = 0;
    let refused = 0;
    const names = orderly ? disk.list() : [segmentName(lastBatch.segment)];
    for (const name of names) {
      const content = disk.content(name);
      for (let length = 0; length < content.length; length++) {
        disk.put(name, content.subarray(0, length));
        const result = outcome(disk);
        if (result instanceof StorageError) refused++;
        else if (same(result, records)) full++;
        else {
          t.fail(`${name} cut to ${length} bytes gives ${result.length} of ${records.length} records`);
          return;
        }
        const inHead = name === segmentName(lastBatch.segment);
        if (inHead && !(result instanceof DamagedLog)) {
          t.fail(`the newest segment cut to ${length} bytes was accepted`);
          return;
        }
      }
      disk.put(name, content);
    }
    t.ok(refused > 4000 && (full > 0 || !orderly), `${full} whole, ${refused} refused`);
  });

  t.test(`every bit flip ${ending}`, async (t) => {
    const { disk, records, lastBatch } = build(orderly);
    let full = 0;
    let refused = 0;
    let taken = 0;
    // Before the newest segment both endings are the same log.
    const names = orderly ? disk.list() : [segmentName(lastBatch.segment)];
    for (const name of names) {
      const size = disk.size(name) ?? 0;
      for (let at = 0; at < size; at++) {
        // The header's empty space is 3,900 like bytes under one checksum: there one bit of each byte, each bit in
        // turn.
        const only = at >= HEADER_SPACE[0] && at < HEADER_SPACE[1] ? at % 8 : undefined;
        for (let bit = only ?? 0; bit <= (only ?? 7); bit++) {
          disk.flipBit(name, at, bit);
          const result = outcome(disk);
          disk.flipBit(name, at, bit);
          if (result instanceof StorageError) refused++;
          else if (same(result, records)) full++;
          else {
            const inLastBatch = name === segmentName(lastBatch.segment) && at >= lastBatch.from && at < lastBatch.to;
            const isPrefix = same(result, records.slice(0, result.length));
            if (orderly || !inLastBatch || !isPrefix) {
              t.fail(`bit ${bit} of byte ${at} in ${name}: ${result.length} records`);
              return;
            }
            taken++;
          }
        }
      }
    }
    t.ok(refused > 5000 && full > 1000, `${full} whole, ${refused} refused`);
    // The one thing no local rule can tell from a torn write: damage to the very last batch before its mark.
    const lastBits = (lastBatch.to - lastBatch.from) * 8;
    t.equal(taken, orderly ? 0 : lastBits, 'only the last, unmarked batch can look torn');
  });
}

t.test('the checkpoint’s floor closes even that window', async (t) => {
  const { disk, lastBatch } = build(false);
  const { lastSequence } = scanLog(disk, { identity: testIdentity(1000) });
  disk.flipBit(segmentName(lastBatch.segment), lastBatch.from + 40, 0);
  t.doesNotThrow(() => scanLog(disk, { identity: testIdentity(1000) }));
  t.throws(() => scanLog(disk, { identity: testIdentity(1000), durableFloor: lastSequence }), { code: 'LOG_DAMAGED' });
});

t.test('a damaged log refuses to open and changes nothing; the text names place and remedy', async (t) => {
  const { world, disk } = build(true);
  disk.flipBit(segmentName(1), 4096 + 100, 3);
  const before = disk.list().map((name) => [name, disk.content(name)]);
  try {
    openLog(world, disk, { identity: testIdentity(9), segmentBytes: SEGMENT_BYTES });
    t.fail('opened');
  } catch (error) {
    t.ok(error instanceof DamagedLog);
    const { message, exitCode, code, segment, offset } = error as DamagedLog;
    t.match({ exitCode, code, segment }, { exitCode: 7, code: 'LOG_DAMAGED', segment: 1 });
    t.ok(offset >= 4096 && offset < 4096 + 200, `offset ${offset}`);
    t.match(message, /segment 1 is damaged at byte \d+.*start again with an intact copy .* or with an empty/);
  }
  t.strictSame(
    disk.list().map((name) => [name, disk.content(name)]),
    before,
  );
});

t.test('whole records swapped, doubled, wiped by sectors', async (t) => {
  const { disk, records } = build(true);
  const places: { segment: number; offset: number; length: number }[] = [];
  scanLog(disk, { visit: (segment, { place, length }) => places.push({ segment, offset: place.offset, length }) });
  const inFirst = places.filter(({ segment, offset }) => segment === 1 && offset >= 4096 + 90);
  const name = segmentName(1);
  const content = disk.content(name);
  const attempt = (what: string, change: (bytes: Buffer) => void): void => {
    const bytes = Buffer.from(content);
    change(bytes);
    if (bytes.equals(content)) return;
    disk.put(name, bytes);
    const result = outcome(disk);
    t.ok(result instanceof DamagedLog || (!(result instanceof StorageError) && same(result, records)), what);
    disk.put(name, content);
  };
  for (const a of inFirst) {
    for (const b of inFirst) {
      attempt(`record at ${a.offset} copied over ${b.offset}`, (bytes) =>
        content.copy(bytes, b.offset, a.offset, a.offset + a.length),
      );
      attempt(`two records damaged: ${a.offset}, ${b.offset}`, (bytes) => {
        bytes[a.offset + 20] = 0xff;
        bytes[b.offset + 9] = 0xff;
      });
    }
    attempt(`record at ${a.offset} lost`, (bytes) => bytes.copy(bytes, a.offset, a.offset + a.length));
  }
  for (let sector = 0; sector * 512 < content.length; sector++) {
    attempt(`sector ${sector} zero`, (bytes) =>
      bytes.fill(0, sector * 512, Math.min(bytes.length, (sector + 1) * 512)),
    );
  }
});

t.test('files missing, exchanged, foreign, of a newer program', async (t) => {
  const cases: [string, (disk: SimDisk, names: string[]) => void, string][] = [
    ['a middle segment is missing', (disk) => disk.remove(segmentName(2), () => {}), 'LOG_DAMAGED'],
    ['a middle segment is empty', (disk) => disk.put(segmentName(2), Buffer.alloc(0)), 'LOG_DAMAGED'],
    [
      'two segments are exchanged',
      (disk) => {
        const [a, b] = [disk.content(segmentName(1)), disk.content(segmentName(2))];
        disk.put(segmentName(1), b);
        disk.put(segmentName(2), a);
      },
      'LOG_DAMAGED',
    ],
    ['a segment is a copy of another', (disk) => disk.put(segmentName(2), disk.content(segmentName(1))), 'LOG_DAMAGED'],
    [
      'all segments are gone',
      (disk, names) => {
        for (const name of names) disk.remove(name, () => {});
      },
      'LOG_MISSING',
    ],
  ];
  for (const [what, change, code] of cases) {
    const { disk } = build(true);
    change(disk, disk.list());
    t.throws(() => scanLog(disk, { identity: testIdentity(1000), expectLog: true }), { code }, what);
  }
  const { disk } = build(true);
  const scan =
    (overrides: object, counter = 1000) =>
    () =>
      scanLog(disk, { identity: testIdentity(counter, overrides) });
  t.throws(scan({ clusterId: Buffer.alloc(16, 9) }), { code: 'FOREIGN_LOG', message: /another cluster/ });
  t.throws(scan({ serverId: 3 }), { code: 'FOREIGN_LOG', message: /server 2/ });
  t.throws(scan({ birthId: Buffer.alloc(16, 1) }), { code: 'FOREIGN_LOG', message: /another data directory/ });
  t.throws(scan({ epoch: 0 }), { code: 'IDENTITY_OLD' });
  t.throws(scan({}, 1), { code: 'IDENTITY_OLD' }, 'the identity of an earlier life');
  t.throws(() => scanLog(disk, { replayFrom: 99 }), { code: 'LOG_MISSING' });
  const newer = disk.content(segmentName(1));
  newer.writeUInt32BE(FORMAT_VERSION + 1, 8);
  disk.put(segmentName(1), newer);
  t.throws(scan({}), { code: 'LOG_VERSION', exitCode: 7 });
});

t.test('a single bit flip in what was prepared ahead costs nothing', async (t) => {
  const { world, disk, records } = build(true);
  const head = Math.max(...scanLog(disk, {}).segments.map(({ segment }) => segment));
  const blank = segmentName(head + 1);
  t.ok(disk.list().includes(blank), 'a segment is prepared');
  for (const at of [0, 8, 4095, 4096, 4700]) {
    const copy = disk.copy();
    copy.flipBit(blank, at, 5);
    const log = openLog(world, copy, {
      identity: testIdentity(9),
      segmentBytes: SEGMENT_BYTES,
      firstSegmentBytes: SEGMENT_BYTES,
    });
    appendDurably(world, log, [{ kind: 'commit', upto: 77 }]);
    t.strictSame(recordsIn(copy.kill()).map(show), [...records, 'commit 77']);
  }
});
