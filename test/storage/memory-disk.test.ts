/** The disk of a server that keeps nothing: the bytes of a plain array, no memory for zeros, a log that opens on it. */
import * as fc from 'fast-check';
import t from 'tap';
import { nodeClock } from '../../src/base/index.js';
import { MemoryDisk, segmentName, Wal } from '../../src/storage/index.js';
import { testIdentity } from './world.js';

const KIB = 1024;

function done(step: (done: (error: Error | undefined) => void) => void): Promise<Error | undefined> {
  return new Promise((resolve) => step(resolve));
}

t.test('property: what is read is what a plain array holds', async (t) => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      at: fc.integer({ min: 0, max: 300 * KIB }),
      length: fc.integer({ min: 0, max: 150 * KIB }),
      byte: fc.integer({ min: 0, max: 2 }),
    }),
    fc.record({ kind: fc.constant('truncate' as const), at: fc.integer({ min: 0, max: 300 * KIB }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.integer({ min: 0, max: 400 * KIB }), async (steps, from) => {
      const disk = new MemoryDisk();
      let plain: Buffer = Buffer.alloc(0);
      const grown = (length: number): Buffer =>
        Buffer.concat([plain, Buffer.alloc(Math.max(0, length - plain.length))]);
      await done((next) => disk.write('file', 0, [], next));
      for (const one of steps) {
        if (one.kind === 'truncate') {
          plain = Buffer.from(grown(one.at).subarray(0, one.at));
          t.equal(await done((next) => disk.truncate('file', one.at, next)), undefined);
          continue;
        }
        const bytes = Buffer.alloc(one.length, one.byte);
        if (one.length > 0) plain = grown(one.at + one.length);
        bytes.copy(plain, one.at);
        if (one.length > 0)
          await done((next) => disk.write('file', one.at, [bytes.subarray(0, 7), bytes.subarray(7)], next));
      }
      t.equal(disk.size('file'), plain.length);
      const whole = Buffer.alloc(plain.length + 9, 0xee);
      t.equal(disk.readSync('file', 0, whole), plain.length);
      t.ok(whole.subarray(0, plain.length).equals(plain));
      const part = await new Promise<Buffer>((resolve) =>
        disk.read('file', from, 70 * KIB, (_, bytes) => resolve(bytes)),
      );
      t.ok(part.equals(plain.subarray(from, from + 70 * KIB)), `from ${from}`);
    }),
    { numRuns: 60 },
  );
});

t.test('zeros take no memory, and what is removed gives it back', async (t) => {
  const disk = new MemoryDisk();
  const zeros = Buffer.alloc(KIB * KIB);
  for (let at = 0; at < 8; at++) await done((next) => disk.write('blank', at * zeros.length, [zeros], next));
  t.equal(disk.size('blank'), 8 * KIB * KIB);
  t.equal(disk.heldBytes, 0);
  await done((next) => disk.write('blank', 5_000_000, [Buffer.from('something')], next));
  t.ok(disk.heldBytes > 0 && disk.heldBytes <= 128 * KIB, `${disk.heldBytes} bytes for nine`);
  t.equal(await done((next) => disk.rename('blank', 'other', next)), undefined);
  t.same(disk.list(), ['other']);
  t.equal(await done((next) => disk.remove('other', next)), undefined);
  t.equal(disk.heldBytes, 0);
  t.match(await done((next) => disk.remove('other', next)), { code: 'ENOENT' });
  t.throws(() => disk.readSync('other', 0, Buffer.alloc(1)), { code: 'ENOENT' });
});

t.test('a log on it: rolls, is read back, gives its oldest segments up', async (t) => {
  const disk = new MemoryDisk();
  let durable = 0;
  const fail = (error: unknown): never => {
    throw error;
  };
  const wal = await new Promise<Wal>((resolve) => {
    const options = {
      clock: nodeClock,
      segmentBytes: 256 * KIB,
      firstSegmentBytes: 256 * KIB,
      onDurable: (records: number) => {
        durable = records;
      },
      onFull: fail,
      onFatal: fail,
    };
    Wal.open(disk, testIdentity(1), options, (error, opened) => (opened ? resolve(opened.wal) : fail(error)));
  });
  const ballot = { round: 1, server: 2, incarnation: 3 };
  const places = [];
  for (let slot = 1; slot <= 40; slot++) {
    places.push(wal.append({ kind: 'accept', slot, ballot, value: Buffer.alloc(20_000, slot) }));
    wal.flush();
    while (durable < slot) await new Promise((resolve) => setImmediate(resolve));
  }
  t.ok(wal.segments.length > 2, `${wal.segments.length} segments`);
  for (const place of [places[0], places[39]]) {
    const value = await new Promise<Buffer | undefined>((resolve) => {
      if (place !== undefined) wal.read(place, (_, bytes) => resolve(bytes));
    });
    t.equal(value?.length, 20_000);
  }
  t.equal(await done((next) => wal.removeBelow(3, next)), undefined);
  t.equal(disk.size(segmentName(1)), undefined);
  t.ok(disk.heldBytes < 1024 * KIB, `${disk.heldBytes} bytes held`);
  t.equal(await done((next) => wal.close(next)), undefined);
});
