/** The chain: toxics come, change and go while bytes are on their way, and only what is meant to be lost is lost. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import t from 'tap';
import type { Toxic } from '../../src/proxy/engine/toxic-chain.js';
import { ChainBench, countingBytes, repeatable, toxic } from './chain-bench.js';

const named = (name: string, type: string, attributes: Record<string, number> = {}, toxicity = 1): Toxic =>
  toxic(type, attributes, { name, toxicity });

t.test('without toxics it is empty and passes everything', async (t) => {
  const bench = new ChainBench();
  t.ok(bench.chain.isEmpty);
  bench.send('a');
  bench.send('');
  bench.chain.end();
  t.strictSame(bench.story, ['0 a', '0 end']);
});

t.test('bytes in are bytes out, in order, whatever toxics come, change and go meanwhile', async (t) => {
  const some = fc.oneof(
    fc.record({ type: fc.constant('latency'), latency: fc.nat(80), jitter: fc.nat(80) }),
    fc.record({ type: fc.constant('bandwidth'), rate: fc.nat(20) }),
    fc.record({
      type: fc.constant('slicer'),
      average_size: fc.nat(40),
      size_variation: fc.nat(40),
      delay: fc.nat(900),
    }),
    fc.record({ type: fc.constant('slow_close'), delay: fc.nat(50) }),
    fc.record({ type: fc.constant('packet_loss'), loss_rate: fc.constant(0) }),
    fc.record({ type: fc.constant('noop') }),
  );
  const set = fc.uniqueArray(
    fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), toxicity: fc.constantFrom(0, 0.5, 1), some }),
    { selector: ({ name }) => name, maxLength: 4 },
  );
  const steps = fc.array(
    fc.oneof(
      fc.record({ bytes: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ waitMs: fc.nat(60) }),
      fc.record({ set }),
      fc.record({ framed: fc.boolean() }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, fc.nat(40), fc.integer(), (plan, endAt, seed) => {
      const bench = new ChainBench([], { seed });
      let sentBytes = 0;
      let hasEnded = false;
      for (const [at, step] of plan.entries()) {
        if (at === endAt) {
          hasEnded = true;
          bench.chain.end();
        }
        if ('bytes' in step && !hasEnded) {
          bench.send(countingBytes(step.bytes, sentBytes));
          sentBytes += step.bytes;
        } else if ('waitMs' in step) bench.clock.advance(step.waitMs);
        else if ('framed' in step) bench.isFramed = step.framed;
        else if ('set' in step) {
          bench.chain.apply(
            step.set.map(({ name, toxicity, some: { type, ...rest } }) => named(name, type, rest, toxicity)),
          );
        }
        assert.deepEqual(bench.received, countingBytes(bench.received.length));
      }
      if (!hasEnded) bench.chain.end();
      bench.chain.apply([]);
      assert.deepEqual(bench.received, countingBytes(sentBytes));
      assert.deepEqual(
        bench.events.filter(({ what }) => what !== 'data').map(({ what }) => what),
        ['end'],
      );
      assert.equal(bench.events.at(-1)?.what, 'end');
      assert.equal(bench.chain.heldBytes, 0);
      const { length } = bench.events;
      bench.clock.advance(100_000);
      assert.equal(bench.events.length, length, 'nothing comes afterwards');
    }),
    { ...repeatable, numRuns: 400 },
  );
  t.pass('held for every plan');
});

t.test('toxics stand in their order, and a new one only meets what has not passed its place', async (t) => {
  const bench = new ChainBench([named('slow', 'latency', { latency: 100 })]);
  bench.send('a');
  bench.chain.apply([named('slow', 'latency', { latency: 100 }), named('cut', 'slicer', { average_size: 1 })]);
  bench.send('bc');
  bench.clock.advance(100);
  t.strictSame(bench.story, ['100 a', '100 b', '100 c']);
  bench.send('d');
  bench.chain.apply([named('cut', 'slicer', { average_size: 1 }), named('slow', 'latency', { latency: 100 })]);
  bench.send('ef');
  bench.clock.advance(100);
  t.equal(bench.received.toString(), 'abcdef');
});

t.test('two that change places keep what they hold in order', async (t) => {
  const one = named('one', 'latency', { latency: 100 });
  const two = named('two', 'latency', { latency: 100 });
  const bench = new ChainBench([one, two]);
  bench.send('a');
  bench.clock.advance(100);
  bench.send('b');
  bench.chain.apply([two, one]);
  bench.send('c');
  bench.clock.advance(1_000);
  t.equal(bench.received.toString(), 'abc');
});

t.test('taken away together, what one has held is not harmed by the others', async (t) => {
  const bench = new ChainBench([
    named('slow', 'latency', { latency: 100 }),
    named('full', 'limit_data', { bytes: 3 }),
    named('lossy', 'packet_loss', { loss_rate: 1 }),
  ]);
  bench.send('abcdef');
  bench.chain.apply([]);
  t.strictSame(bench.story, ['0 abcdef']);
});

t.test('a toxic that closes closes behind what has passed it', async (t) => {
  const bench = new ChainBench([
    named('before', 'latency', { latency: 10 }),
    named('full', 'limit_data', { bytes: 3 }),
    named('behind', 'latency', { latency: 100 }),
  ]);
  bench.send('abc');
  bench.send('def');
  bench.clock.advance(10);
  t.strictSame(bench.story, [], 'closed at 10, but abc is on its way');
  bench.send('ghi');
  bench.chain.end();
  bench.chain.apply([
    named('full', 'limit_data', { bytes: 3 }),
    named('behind', 'latency', { latency: 1_000 }),
    named('late', 'timeout', { timeout: 1 }),
  ]);
  bench.clock.advance(99);
  t.strictSame(bench.story, [], 'what is on its way is not sent into new toxics, nor delayed anew');
  bench.clock.advance(1);
  t.strictSame(bench.story, ['110 abc', '110 close']);
  bench.send('jkl');
  bench.chain.end();
  bench.chain.apply([]);
  bench.clock.advance(10_000);
  t.equal(bench.events.length, 2);
});

t.test('the toxics behind a close can be changed and taken away', async (t) => {
  const full = named('full', 'limit_data', { bytes: 3 });
  const bench = new ChainBench([full, named('line', 'bandwidth', { rate: 0 })]);
  bench.send('abcdef');
  bench.clock.advance(1_000);
  t.equal(bench.chain.heldBytes, 256);
  bench.chain.apply([full, named('line', 'bandwidth', { rate: 1 })]);
  bench.clock.advance(2);
  t.strictSame(bench.story, []);
  bench.chain.apply([full]);
  t.strictSame(bench.story, ['1002 abc', '1002 close']);
});

t.test('a flush that makes a toxic close does not confuse the chain', async (t) => {
  const full = named('full', 'limit_data', { bytes: 3 });
  const bench = new ChainBench([
    named('one', 'latency', { latency: 9 }),
    named('two', 'latency', { latency: 9 }),
    full,
  ]);
  bench.send('ab');
  bench.clock.advance(9);
  bench.send('cd');
  bench.send('ef');
  bench.chain.apply([full, named('new', 'latency', { latency: 9 })]);
  t.strictSame(bench.story, ['9 ab', '9 c', '9 close']);
  bench.clock.advance(100);
  t.equal(bench.events.length, 3);
});

t.test('stopped in the middle of a call, it calls nobody any more', async (t) => {
  const bench = new ChainBench([named('slow', 'latency', { latency: 10 })]);
  bench.onData = () => bench.chain.stop();
  bench.send('a');
  bench.send('b');
  bench.chain.end();
  bench.clock.advance(100);
  t.strictSame(bench.story, ['10 a']);
  t.equal(bench.chain.heldBytes, 0);
  bench.send('c');
  bench.chain.apply([named('new', 'timeout', { timeout: 1 })]);
  bench.clock.advance(100);
  t.equal(bench.events.length, 1);
  t.notOk(bench.chain.isEmpty);
});

t.test('stopped, it keeps nothing in memory, however long its deadlines would have been', async (t) => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const bench = new ChainBench([named('slow', 'latency', { latency: 3_600_000 })]);
  const kept = ((): WeakRef<Uint8Array> => {
    const chunk = Buffer.alloc(100_000);
    bench.chain.data(chunk);
    return new WeakRef(chunk);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  t.ok(kept.deref() !== undefined, 'it is held');
  bench.chain.stop();
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  t.equal(kept.deref(), undefined);
  t.equal(bench.deadlines.waiting, 0, 'nothing of it will run');
});

t.test('a reset is at once, and the last thing that happens', async (t) => {
  const bench = new ChainBench([
    named('slow', 'latency', { latency: 10 }),
    named('rst', 'reset_peer'),
    named('slower', 'latency', { latency: 1_000 }),
  ]);
  bench.send('a');
  bench.send('b');
  bench.clock.advance(5_000);
  t.strictSame(bench.story, ['10 reset']);
});

t.test('toxicity: that share of the connections, drawn once, for good', async (t) => {
  const affected = (toxicity: number, seed = 1): number[] =>
    Array.from({ length: 2_000 }, (_, number) => number).filter(
      (number) => !new ChainBench([named('n', 'noop', {}, toxicity)], { name: `p ${number} up`, seed }).chain.isEmpty,
    );
  const third = affected(0.3);
  t.ok(Math.abs(third.length - 600) < 80, `${third.length} of 2000`);
  t.strictSame(affected(0.3), third, 'the same again');
  t.notSame(affected(0.3, 2), third, 'another seed, others');
  const half = new Set(affected(0.5));
  t.ok(
    third.every((number) => half.has(number)),
    'more toxicity only adds connections',
  );
  t.equal(affected(0).length + affected(-1).length, 0);
  t.equal(affected(1).length + affected(7).length, 4_000);
});

t.test('toxicity acts at once on an open connection, and its toxic passes on what it holds', async (t) => {
  const bench = new ChainBench([named('slow', 'latency', { latency: 100 })]);
  bench.send('a');
  bench.chain.apply([named('slow', 'latency', { latency: 100 }, 0)]);
  t.strictSame(bench.story, ['0 a']);
  t.ok(bench.chain.isEmpty);
  bench.chain.apply([named('slow', 'latency', { latency: 100 }, 1)]);
  bench.send('b');
  bench.clock.advance(100);
  t.strictSame(bench.story, ['0 a', '100 b']);
});

t.test('it tells when less is held although nothing came out', async (t) => {
  const lossy = named('lossy', 'packet_loss', { loss_rate: 1 });
  const bench = new ChainBench([named('slow', 'latency', { latency: 100 }), lossy]);
  bench.send(Buffer.alloc(1_000));
  const before = bench.released;
  bench.clock.advance(100);
  t.ok(bench.released > before);
  t.equal(bench.chain.heldBytes, 0);
  bench.chain.apply([named('slow', 'latency', { latency: 100 }), lossy]);
  bench.send(Buffer.alloc(1_000));
  const later = bench.released;
  bench.chain.apply([lossy]);
  t.ok(bench.released > later);
  t.equal(bench.chain.heldBytes + bench.events.length, 0);
});

t.test('a toxic of the same name and another kind is another toxic', async (t) => {
  const bench = new ChainBench([named('x', 'latency', { latency: 100 })]);
  bench.send('ab');
  bench.chain.apply([named('x', 'slicer', { average_size: 1 })]);
  bench.send('cd');
  t.strictSame(bench.story, ['0 ab', '0 c', '0 d']);
});
