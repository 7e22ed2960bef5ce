/** Bandwidth: never faster than the line, never slower either, whatever its rate becomes; a cut loses nothing. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChainBench, countingBytes, repeatable, toxic } from './chain-bench.js';

const line = (rate: number) => [toxic('bandwidth', { rate })];

t.test('a chunk leaves when its last byte is through; a kilobyte is 1000 bytes', async (t) => {
  const bench = new ChainBench(line(10));
  bench.send(Buffer.alloc(500, 'a'));
  bench.clock.advance(49);
  t.strictSame(bench.story, []);
  bench.clock.advance(1);
  t.strictSame(bench.story, [`50 ${'a'.repeat(500)}`]);
});

t.test('a long chunk leaves in slices of 100 ms', async (t) => {
  const bench = new ChainBench(line(10));
  bench.send(countingBytes(2_500));
  bench.clock.advance(1_000);
  const shape = bench.events.map(({ atMs, bytes }) => `${atMs} ${bytes.length}`);
  t.strictSame(shape, ['100 1000', '200 1000', '250 500']);
  t.strictSame(bench.received, countingBytes(2_500));
});

t.test('rate 0 holds everything, the connection stays, and nothing is lost when it goes', async (t) => {
  for (const rate of [0, -1]) {
    const bench = new ChainBench(line(rate));
    bench.send(countingBytes(1_000));
    bench.send(countingBytes(1_000, 1_000));
    bench.chain.end();
    bench.clock.advance(3_600_000);
    t.strictSame(bench.story, []);
    t.equal(bench.chain.heldBytes, 2_000);
    bench.chain.apply([]);
    t.strictSame(bench.received, countingBytes(2_000));
    t.equal(bench.events.at(-1)?.what, 'end');
  }
});

t.test('a new rate counts from now on: also from 0, also to 0', async (t) => {
  const bench = new ChainBench(line(10));
  bench.send(Buffer.alloc(1_000));
  bench.clock.advance(50);
  bench.chain.apply(line(0));
  bench.clock.advance(10_000);
  t.equal(bench.events.length, 0);
  bench.chain.apply(line(100));
  bench.clock.advance(4);
  t.equal(bench.events.length, 0, 'half of it was through, the other half takes 5 ms');
  bench.clock.advance(1);
  t.strictSame(
    bench.events.map(({ atMs, bytes }) => `${atMs} ${bytes.length}`),
    ['10055 1000'],
  );
});

t.test('the end comes behind what is held, or at once', async (t) => {
  const bench = new ChainBench(line(1));
  bench.send('abc');
  bench.chain.end();
  bench.clock.advance(10);
  t.strictSame(bench.story, ['3 abc', '3 end']);
  const idle = new ChainBench(line(0));
  idle.chain.end();
  t.strictSame(idle.story, ['0 end']);
});

t.test('what is out never exceeds what the line could carry, nor falls behind it while it is busy', async (t) => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ send: fc.integer({ min: 1, max: 5_000 }) }),
      fc.record({ wait: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ rate: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })) }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (plan) => {
      const bench = new ChainBench(line(5));
      let rate = 5;
      let sentBytes = 0;
      // The line as plain arithmetic, a millisecond at a time: bytes through while there is something to carry.
      let throughBytes = 0;
      for (const step of plan) {
        if ('send' in step) {
          bench.send(countingBytes(step.send, sentBytes));
          sentBytes += step.send;
        } else if ('rate' in step) {
          rate = step.rate;
          bench.chain.apply(line(rate));
        } else {
          for (let ms = 0; ms < step.wait; ms++) {
            bench.clock.advance(1);
            throughBytes = Math.min(sentBytes, throughBytes + rate);
            const outBytes = bench.received.length;
            assert.ok(outBytes <= throughBytes + 1e-6, `${outBytes} are out, ${throughBytes} could be`);
            // A slice is out only once it is whole; the largest is 100 ms of the fastest rate.
            assert.ok(outBytes > throughBytes - 4_001, `${outBytes} are out, ${throughBytes} should be`);
          }
        }
      }
      bench.chain.apply(line(1_000));
      bench.clock.advance(60_000);
      assert.deepEqual(bench.received, countingBytes(sentBytes));
      assert.equal(bench.chain.heldBytes, 0);
    }),
    { ...repeatable, numRuns: 60 },
  );
  t.pass('held for every plan');
});
