/** The toxics that end a connection, or delay its end: slow close, timeout, reset peer, limit data; and noop. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChainBench, countingBytes, repeatable, toxic } from './chain-bench.js';

t.test('slow close: data passes, the end waits; it comes at once when the toxic goes', async (t) => {
  const bench = new ChainBench([toxic('slow_close', { delay: 100 })]);
  bench.send('a');
  bench.clock.advance(10);
  bench.chain.end();
  bench.clock.advance(99);
  t.strictSame(bench.story, ['0 a']);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['0 a', '110 end']);
  bench.chain.apply([]);
  t.equal(bench.events.length, 2, 'the end comes once');

  const removed = new ChainBench([toxic('slow_close', { delay: 100 })]);
  removed.chain.end();
  removed.clock.advance(10);
  removed.chain.apply([toxic('slow_close', { delay: 7 })]);
  removed.clock.advance(10);
  t.strictSame(removed.story, [], 'an end that is held stays held as it was');
  removed.chain.apply([]);
  removed.clock.advance(1_000);
  t.strictSame(removed.story, ['20 end']);

  const none = new ChainBench([toxic('slow_close')]);
  none.chain.end();
  t.strictSame(none.story, ['0 end']);
});

t.test('timeout: nothing passes; it closes after silence, and each chunk begins it anew', async (t) => {
  const bench = new ChainBench([toxic('timeout', { timeout: 100 })]);
  bench.clock.advance(90);
  bench.send('a');
  bench.clock.advance(90);
  bench.send('b');
  bench.chain.end();
  bench.clock.advance(99);
  t.strictSame(bench.story, []);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['280 close']);
  bench.clock.advance(1_000);
  t.equal(bench.events.length, 1);
});

t.test('timeout 0 never closes; a new time counts from the last chunk', async (t) => {
  const bench = new ChainBench([toxic('timeout')]);
  bench.send('a');
  bench.clock.advance(100_000);
  t.strictSame(bench.story, []);
  bench.chain.apply([toxic('timeout', { timeout: 100_500 })]);
  bench.clock.advance(499);
  t.strictSame(bench.story, []);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['100500 close']);
  const overdue = new ChainBench([toxic('timeout')]);
  overdue.clock.advance(500);
  overdue.chain.apply([toxic('timeout', { timeout: 100 })]);
  overdue.clock.advance(0);
  t.strictSame(overdue.story, ['500 close']);
});

t.test('timeout closes the connections that it has affected when it is taken away', async (t) => {
  const bench = new ChainBench([toxic('timeout')]);
  bench.send('a');
  bench.chain.apply([]);
  t.strictSame(bench.story, ['0 close']);
  t.notOk(bench.chain.isEmpty, 'nobody writes past a chain that has closed');
  bench.send('b');
  t.equal(bench.events.length, 1);
});

t.test('a busy timeout does not fill the heap of deadlines', async (t) => {
  const bench = new ChainBench([toxic('timeout', { timeout: 60_000 })]);
  for (let turn = 0; turn < 1_000; turn++) bench.send('x');
  t.equal(bench.deadlines.waiting, 1);
});

t.test('reset peer: so long after the first data or the end; later ones change nothing', async (t) => {
  const bench = new ChainBench([toxic('reset_peer', { timeout: 100 })]);
  bench.clock.advance(1_000);
  t.strictSame(bench.story, [], 'silence is no reason');
  bench.send('a');
  bench.clock.advance(60);
  bench.send('b');
  bench.clock.advance(39);
  t.strictSame(bench.story, []);
  bench.clock.advance(1);
  t.strictSame(bench.story, ['1100 reset']);
  const ended = new ChainBench([toxic('reset_peer', { timeout: 100 })]);
  ended.chain.end();
  ended.clock.advance(100);
  t.strictSame(ended.story, ['100 reset']);
  const atOnce = new ChainBench([toxic('reset_peer')]);
  atOnce.send('a');
  t.strictSame(atOnce.story, ['0 reset']);
});

t.test('reset peer taken away before it has struck leaves no trace', async (t) => {
  const bench = new ChainBench([toxic('reset_peer', { timeout: 100 })]);
  bench.send(countingBytes(300));
  bench.clock.advance(50);
  bench.chain.apply([toxic('reset_peer', { timeout: 1 })]);
  bench.send(countingBytes(300, 300));
  bench.chain.end();
  t.equal(bench.chain.heldBytes, 600);
  bench.clock.advance(49);
  t.strictSame(bench.story, [], 'what has begun is not changed by an update');
  bench.chain.apply([]);
  bench.clock.advance(1_000);
  t.strictSame(bench.received, countingBytes(600));
  t.equal(bench.events.at(-1)?.what, 'end');
});

t.test('limit data: exactly so many bytes, then a close, however they are cut', async (t) => {
  const plans = fc.record({
    bytes: fc.integer({ min: 0, max: 2_000 }),
    chunks: fc.array(fc.integer({ min: 1, max: 500 }), { maxLength: 10 }),
  });
  fc.assert(
    fc.property(plans, ({ bytes, chunks }) => {
      const bench = new ChainBench([toxic('limit_data', { bytes })]);
      let sent = 0;
      for (const size of chunks) {
        bench.send(countingBytes(size, sent));
        sent += size;
      }
      assert.deepEqual(bench.received, countingBytes(Math.min(bytes, sent)));
      assert.equal(bench.events.filter(({ what }) => what === 'close').length, sent > 0 && sent >= bytes ? 1 : 0);
    }),
    repeatable,
  );
  t.pass('held for every plan');
});

t.test('limit data counts on through an update; less than has passed closes with the next data', async (t) => {
  const bench = new ChainBench([toxic('limit_data', { bytes: 10 })]);
  bench.send('12345678');
  bench.chain.apply([toxic('limit_data', { bytes: 12 })]);
  bench.send('9abcdef');
  t.strictSame(bench.story, ['0 12345678', '0 9abc', '0 close']);
  const less = new ChainBench([toxic('limit_data', { bytes: 10 })]);
  less.send('12345678');
  less.chain.apply([toxic('limit_data', { bytes: 5 })]);
  t.equal(less.events.length, 1);
  less.send('9');
  t.strictSame(less.story, ['0 12345678', '0 close']);
});

t.test('limit data lets the end pass, and everything once it is gone', async (t) => {
  const bench = new ChainBench([toxic('limit_data', { bytes: 3 })]);
  bench.send('ab');
  bench.chain.apply([]);
  bench.chain.apply([toxic('limit_data', { bytes: 3 })]);
  bench.send('cd');
  bench.chain.end();
  t.strictSame(bench.story, ['0 ab', '0 cd', '0 end']);
});

t.test('noop passes everything', async (t) => {
  const bench = new ChainBench([toxic('noop')]);
  t.notOk(bench.chain.isEmpty);
  bench.send('a');
  bench.chain.apply([toxic('noop', {}, { toxicity: 1, attributes: {} })]);
  bench.chain.end();
  bench.chain.apply([]);
  t.strictSame(bench.story, ['0 a', '0 end']);
});
