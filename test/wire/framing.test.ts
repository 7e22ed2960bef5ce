/** The splitter: any chunking gives the same frames, memory follows what arrived, a broken stream stays broken. */
import fc from 'fast-check';
import t from 'tap';
import { limits, Prng } from '../../src/base/index.js';
import { decode, encode, FrameSplitter, type Message } from '../../src/wire/index.js';
import { reasonOf } from './reason.js';

const seed = Number(process.env.SEED ?? 20260103);
t.comment(`seed ${seed}`);
const KIB = 1024;

function forward(bytes: number, fill: number): Message {
  return { type: 'forward', batch: fill, bytes: Buffer.alloc(bytes, fill) };
}

function drain(splitter: FrameSplitter): Buffer[] {
  const out: Buffer[] = [];
  for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) out.push(Buffer.from(frame));
  return out;
}

t.test('any chunking gives the same frames', async (t) => {
  const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(70 * KIB)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(sizes, fc.integer(), fc.boolean(), (bodies, cuts, lazy) => {
      const frames = bodies.map((bytes, i) => encode(forward(bytes, i)));
      const stream = Buffer.concat(frames);
      const random = new Prng(cuts);
      const splitter = new FrameSplitter(limits.frameBytesMaxServer);
      const given: Buffer[] = [];
      for (let at = 0; at < stream.length; ) {
        const size = random.chance(1, 2) ? random.between(1, 20) : random.between(1, 90 * KIB);
        splitter.push(Buffer.from(stream.subarray(at, at + size)));
        at += size;
        if (!lazy) given.push(...drain(splitter));
      }
      given.push(...drain(splitter));
      if (splitter.bufferedBytes !== 0 || splitter.midFrame) throw new Error(`${splitter.bufferedBytes} bytes left`);
      if (given.length !== frames.length) throw new Error(`${given.length} of ${frames.length} frames`);
      given.forEach((frame, i) => {
        if (!frame.equals(frames[i]!.subarray(8))) throw new Error(`frame ${i} differs`);
      });
    }),
    { seed, numRuns: 150 },
  );
  t.pass('150 streams');
});

t.test('a frame given out is never written again', async (t) => {
  const splitter = new FrameSplitter(limits.frameBytesMaxServer);
  const stream = Buffer.concat([1, 2, 3, 4].map((fill) => encode(forward(50 * KIB, fill))));
  const held: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += 30_000) {
    splitter.push(Buffer.from(stream.subarray(at, at + 30_000)));
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) held.push(frame);
  }
  t.equal(held.length, 4);
  held.forEach((frame, i) => {
    const { bytes } = decode(frame) as { bytes: Uint8Array } & Message;
    t.ok(
      bytes.every((byte) => byte === i + 1),
      `frame ${i} is as it was`,
    );
  });
});

t.test('the largest length alone allocates next to nothing', async (t) => {
  const header = Buffer.alloc(12);
  header.writeUInt32BE(limits.frameBytesMaxServer - 8, 0);
  const before = process.memoryUsage();
  const splitters = Array.from({ length: 500 }, () => {
    const splitter = new FrameSplitter(limits.frameBytesMaxServer);
    splitter.push(Buffer.from(header));
    t.equal(splitter.next(), undefined) || t.bailout('a header is no frame');
    return splitter;
  });
  const after = process.memoryUsage();
  const grown = after.arrayBuffers - before.arrayBuffers;
  t.ok(grown <= 500 * 2 * limits.frameAssemblyBytes, `${grown} bytes for 500 half-open frames`);
  t.ok(splitters.every((splitter) => splitter.bufferedBytes === 12 && splitter.midFrame));
});

t.test('a megabyte that drips in byte by byte costs one buffer and linear time', async (t) => {
  const frame = encode({ type: 'forward', batch: 1, bytes: Buffer.alloc(limits.frameBytesMaxClient, 7) });
  const splitter = new FrameSplitter(limits.frameBytesMaxServer);
  const before = process.memoryUsage().arrayBuffers;
  let given: Uint8Array | undefined;
  for (let at = 0; at < frame.length; at++) {
    splitter.push(frame.subarray(at, at + 1));
    given = splitter.next();
    if (at === frame.length - 2) {
      const grown = process.memoryUsage().arrayBuffers - before;
      t.ok(grown < 8 * limits.frameBytesMaxClient, `${grown} bytes held for ${frame.length}`);
    }
  }
  t.ok(given !== undefined && frame.subarray(8).equals(given));
});

t.test('the limit can rise after hello', async (t) => {
  const frame = encode(forward(8 * KIB, 1));
  const strict = new FrameSplitter(limits.frameBytesMaxHello);
  strict.push(frame.subarray(0, 8));
  t.equal(
    reasonOf(() => strict.next()),
    'tooLong',
    'eight bytes are enough to refuse it',
  );
  const splitter = new FrameSplitter(limits.frameBytesMaxHello);
  splitter.push(Buffer.concat([encode({ type: 'ping', token: 1 }), frame]));
  t.ok(splitter.next());
  splitter.setLimit(limits.frameBytesMaxServer);
  t.equal(splitter.next()?.length, frame.length - 8);
});

t.test('the limit counts the whole frame', async (t) => {
  const frame = encode(forward(100, 1));
  const exact = new FrameSplitter(frame.length);
  exact.push(frame);
  t.ok(exact.next());
  const less = new FrameSplitter(frame.length - 1);
  less.push(frame);
  t.equal(
    reasonOf(() => less.next()),
    'tooLong',
  );
});

t.test('a broken stream stays broken and keeps nothing', async (t) => {
  const good = encode({ type: 'ping', token: 1 });
  const bad = Buffer.from(good);
  bad[bad.length - 1] = 9;
  const splitter = new FrameSplitter(limits.frameBytesMaxHello);
  splitter.push(Buffer.concat([good, bad, good]));
  t.ok(splitter.next());
  t.equal(
    reasonOf(() => splitter.next()),
    'checksum',
  );
  t.equal(splitter.bufferedBytes, 0);
  splitter.push(good);
  t.equal(splitter.bufferedBytes, 0);
  t.equal(
    reasonOf(() => splitter.next()),
    'checksum',
    'the frame behind the broken one is never given out',
  );
});
