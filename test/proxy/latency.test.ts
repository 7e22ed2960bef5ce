/** Latency: in order, never early, pipelined; nothing is lost when it changes or goes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChainBench, countingBytes, repeatable, toxic } from './chain-bench.js';

t.test('chunks are on their way together', async (t) => {
  const bench = new ChainBench([toxic('latency', { latency: 100 })]);
  bench.send('a');
  bench.clock.advance(10);
  bench.send('b');
  t.equal(bench.chain.heldBytes, 512, 'a small chunk counts for what it costs to keep');
  bench.send(Buffer.alloc(1000, 'c'));
  t.equal(bench.chain.heldBytes, 1512);
  bench.clock.advance(99);
  t.strictSame(bench.story, ['100 a']);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['100 a', '110 b', `110 ${'c'.repeat(1000)}`]);
  t.equal(bench.chain.heldBytes, 0);
});

t.test('two of them add up', async (t) => {
  const bench = new ChainBench([
    toxic('latency', { latency: 100 }, { name: 'one' }),
    toxic('latency', { latency: 50 }, { name: 'two' }),
  ]);
  bench.send('a');
  bench.clock.advance(149);
  t.strictSame(bench.story, []);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['150 a']);
});

t.test('the end is not delayed, but does not overtake', async (t) => {
  const bench = new ChainBench([toxic('latency', { latency: 100 })]);
  bench.send('a');
  bench.clock.advance(40);
  bench.chain.end();
  bench.clock.advance(100);
  t.strictSame(bench.story, ['100 a', '100 end']);
  const idle = new ChainBench([toxic('latency', { latency: 100 })]);
  idle.chain.end();
  t.strictSame(idle.story, ['0 end']);
});

t.test('an update is for what comes; a removal lets everything go at once', async (t) => {
  const bench = new ChainBench([toxic('latency', { latency: 100 })]);
  bench.send('a');
  bench.chain.apply([toxic('latency', { latency: 10 })]);
  bench.send('b');
  bench.clock.advance(99);
  t.strictSame(bench.story, [], 'b must not overtake a');
  bench.clock.advance(1);
  t.strictSame(bench.story, ['100 a', '100 b']);
  bench.send('c');
  bench.chain.end();
  bench.chain.apply([]);
  t.strictSame(bench.story.slice(2), ['100 c', '100 end']);
  t.ok(bench.chain.isEmpty);
});

t.test('0 and less is none', async (t) => {
  const bench = new ChainBench([toxic('latency', { latency: -5 })]);
  bench.send('a');
  t.strictSame(bench.story, ['0 a']);
});

t.test('with any jitter: in order, each within its range or right behind the one before', async (t) => {
  const plans = fc.record({
    latency: fc.integer({ min: 0, max: 200 }),
    jitter: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 150 })),
    seed: fc.integer(),
    gaps: fc.array(fc.oneof(fc.nat(2), fc.nat(60)), { minLength: 1, maxLength: 30 }),
  });
  fc.assert(
    fc.property(plans, ({ latency, jitter, seed, gaps }) => {
      const bench = new ChainBench([toxic('latency', { latency, jitter })], { seed });
      const sentMs: number[] = [];
      for (const [at, gapMs] of gaps.entries()) {
        bench.clock.advance(gapMs);
        sentMs.push(bench.nowMs);
        bench.send(countingBytes(3, at));
      }
      bench.clock.advance(1_000);
      assert.equal(bench.events.length, gaps.length);
      let behindMs = 0;
      for (const [at, { atMs, bytes }] of bench.events.entries()) {
        assert.deepEqual(bytes, countingBytes(3, at));
        const leastMs = (sentMs[at] as number) + Math.max(0, latency - jitter);
        assert.ok(atMs >= leastMs, `chunk ${at} left at ${atMs}, not before ${leastMs}`);
        behindMs = Math.max(behindMs, (sentMs[at] as number) + latency + jitter);
        assert.ok(atMs <= behindMs + 1, `chunk ${at} left at ${atMs}, at most ${behindMs}`);
      }
    }),
    repeatable,
  );
  t.pass('held for every plan');
});

t.test('jitter spreads over its whole range, and the seed decides', async (t) => {
  const delays = (seed: number): number[] => {
    const bench = new ChainBench([toxic('latency', { latency: 100, jitter: 100 })], { seed });
    return Array.from({ length: 300 }, () => {
      const sentMs = bench.nowMs;
      bench.send('x');
      bench.clock.advance(201);
      return (bench.events.at(-1)?.atMs ?? Number.NaN) - sentMs;
    });
  };
  const first = delays(1);
  t.ok(Math.min(...first) < 15 && Math.max(...first) > 185, `${Math.min(...first)} to ${Math.max(...first)} ms`);
  t.strictSame(delays(1), first, 'the same seed repeats it');
  t.notSame(delays(2), first, 'another one does not');
});
