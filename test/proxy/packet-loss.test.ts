/** Packet loss: whole frames or none of ours, chunks of others; wherever in the stream it begins. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChainBench, chunkSizes, countingBytes, inChunks, rawFrame, repeatable, toxic } from './chain-bench.js';

const losing = (rate: number, correlation = 0) => toxic('packet_loss', { loss_rate: rate, correlation });

function framed(rate: number, more: { seed?: number } = {}): ChainBench {
  const bench = new ChainBench([losing(rate)], more);
  bench.isFramed = true;
  return bench;
}

/** Frames of these body sizes, each filled with its own number. */
function framesOf(sizes: readonly number[]): Buffer[] {
  return sizes.map((size, at) => rawFrame(size, at + 1));
}

/** Takes `received` apart into frames of `frames` in their order; the places of those that are there. */
function placesOf(received: Buffer, frames: readonly Buffer[]): number[] {
  const places: number[] = [];
  let at = 0;
  for (const [place, frame] of frames.entries()) {
    if (!received.subarray(at, at + frame.length).equals(frame)) continue;
    places.push(place);
    at += frame.length;
  }
  assert.equal(at, received.length, 'nothing but whole frames in their order');
  return places;
}

const bodies = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 40 });

t.test('from the first frame on: whole frames in their order, the same ones however they are cut', async (t) => {
  const plans = fc.record({ sizes: bodies, chunks: chunkSizes, rate: fc.double({ min: 0, max: 1, noNaN: true }) });
  fc.assert(
    fc.property(plans, ({ sizes, chunks, rate }) => {
      const frames = framesOf([4, ...sizes]);
      const survivors = (cut: readonly number[]): number[] => {
        const bench = framed(rate);
        // As the proxy does it: the first frame comes whole.
        bench.send(frames[0] as Buffer);
        for (const chunk of inChunks(Buffer.concat(frames.slice(1)), cut)) bench.send(chunk);
        assert.equal(bench.chain.heldBytes, 0);
        return placesOf(bench.received, frames);
      };
      assert.deepEqual(survivors(chunks), survivors([100_000]));
    }),
    repeatable,
  );
  t.pass('held for every plan');
});

t.test('joined in the middle: all passes up to a boundary, then whole frames', async (t) => {
  const plans = fc.record({ sizes: bodies, chunks: chunkSizes, offset: fc.nat(3_000), rate: fc.constantFrom(0.3, 1) });
  fc.assert(
    fc.property(plans, ({ sizes, chunks, offset, rate }) => {
      const frames = framesOf(sizes);
      const stream = Buffer.concat(frames);
      const joined = offset % stream.length;
      const bench = framed(rate);
      for (const chunk of inChunks(stream.subarray(joined), chunks)) bench.send(chunk);
      bench.chain.end();
      // Some boundary at or behind where it was joined explains what came out.
      const boundaries = [0];
      for (const frame of frames) boundaries.push((boundaries.at(-1) as number) + frame.length);
      const explains = (boundary: number, place: number): boolean => {
        const passed = stream.subarray(joined, boundary);
        if (!bench.received.subarray(0, passed.length).equals(passed)) return false;
        try {
          placesOf(bench.received.subarray(passed.length), frames.slice(place));
          return true;
        } catch {
          return false;
        }
      };
      assert.ok(boundaries.some((boundary, place) => boundary >= joined && explains(boundary, place)));
    }),
    repeatable,
  );
  t.pass('held for every plan');
});

t.test('joined in the middle of a frame, it soon knows where the next one begins', async (t) => {
  for (const chunkBytes of [1, 7, 64, 5_000]) {
    const frames = framesOf([900, 30, 30, 2_000, 30]);
    const bench = framed(1);
    const stream = Buffer.concat(frames).subarray(400);
    for (const chunk of inChunks(stream, [chunkBytes])) bench.send(chunk);
    bench.chain.end();
    const rest = 912 - 400;
    // The first whole frame tells; if its beginning had passed before it was whole, all of it has passed.
    t.ok([rest, rest + 42].includes(bench.received.length), `${chunkBytes}: ${bench.received.length} bytes passed`);
  }
});

t.test('what looks like a frame in the middle of another is none', async (t) => {
  const inner = rawFrame(20);
  inner[4] = (inner[4] as number) ^ 1; // Its checksum is wrong.
  const outer = rawFrame(inner.length * 50);
  outer.set(Buffer.concat(Array.from({ length: 50 }, () => inner)), 12);
  const bench = framed(1);
  const rest = outer.subarray(12 + inner.length * 10);
  bench.send(rest);
  bench.send(rawFrame(10));
  bench.send(rawFrame(10));
  t.strictSame(bench.received, rest);
});

t.test('half a frame that is held goes on when the toxic goes, or the stream ends', async (t) => {
  for (const last of ['apply', 'end'] as const) {
    const bench = framed(1);
    bench.send(rawFrame(10));
    t.equal(bench.received.length, 0);
    const half = rawFrame(600).subarray(0, 500);
    bench.send(half);
    t.equal(bench.chain.heldBytes, 500);
    if (last === 'apply') bench.chain.apply([]);
    else bench.chain.end();
    t.strictSame(bench.received, half);
  }
});

t.test('a frame too large to be kept passes while it arrives; the next is cut right', async (t) => {
  const bench = framed(1);
  const large = rawFrame(2 << 20, 7);
  bench.send(rawFrame(10));
  for (const chunk of inChunks(Buffer.concat([large, rawFrame(10), rawFrame(20)]), [65_536])) {
    bench.send(chunk);
    t.ok(bench.chain.heldBytes < 65_536, `${bench.chain.heldBytes} held`);
  }
  t.ok(bench.received.equals(large));
});

t.test('a stream that stops being ours: what is held passes, then chunks are lost or not', async (t) => {
  const bench = framed(1);
  bench.send(rawFrame(10));
  bench.send('this is no frame, it can not be');
  t.equal(bench.received.toString(), 'this is no frame, it can not be', 'where no frame is known nothing is lost');
  bench.send(Buffer.concat([rawFrame(10), rawFrame(600).subarray(0, 300)]));
  t.equal(bench.chain.heldBytes, 300, 'found again');
  bench.isFramed = false;
  bench.send('lost');
  t.equal(bench.received.length, 31 + 300);
});

t.test('other protocols lose chunks at the rate, by default one in ten; out of range counts as 0 or 1', async (t) => {
  const lost = (attributes: Record<string, number>): number => {
    const bench = new ChainBench([toxic('packet_loss', attributes)]);
    for (let turn = 0; turn < 4_000; turn++) bench.send('x');
    return 4_000 - bench.received.length;
  };
  t.ok(Math.abs(lost({}) - 400) < 100, `${lost({})} of 4000`);
  t.ok(Math.abs(lost({ loss_rate: 0.5 }) - 2_000) < 200, `${lost({ loss_rate: 0.5 })} of 4000`);
  t.equal(lost({ loss_rate: 0 }), 0);
  t.equal(lost({ loss_rate: -3 }), 0);
  t.equal(lost({ loss_rate: 1 }), 4_000);
  t.equal(lost({ loss_rate: 20 }), 4_000);
});

t.test('correlation: after a loss the next is likelier', async (t) => {
  const bench = new ChainBench([losing(0.1, 0.8)]);
  const fates: boolean[] = [];
  for (let turn = 0; turn < 10_000; turn++) {
    const before = bench.events.length;
    bench.send('x');
    fates.push(bench.events.length === before);
  }
  const afterLoss = fates.filter((_, at) => fates[at - 1] === true);
  const rate = afterLoss.filter((lost) => lost).length / afterLoss.length;
  t.ok(Math.abs(rate - 0.9) < 0.03, `${rate} after a loss`);
  bench.chain.apply([losing(0, 0)]);
  const before = bench.events.length;
  for (const byte of countingBytes(100)) bench.send(Buffer.from([byte]));
  t.equal(bench.events.length - before, 100, 'an update acts at once');
});
