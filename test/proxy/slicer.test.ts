/** Slicer: the same bytes in pieces of the asked size, with the asked pauses. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChainBench, countingBytes, repeatable, toxic } from './chain-bench.js';

t.test('without variation all pieces have one size, a rest has less', async (t) => {
  const bench = new ChainBench([toxic('slicer', { average_size: 3 })]);
  bench.send('abcdefgh');
  t.strictSame(bench.story, ['0 abc', '0 def', '0 gh']);
});

t.test('a pause after each piece, in microseconds', async (t) => {
  const bench = new ChainBench([toxic('slicer', { average_size: 1, delay: 20_000 })]);
  bench.send('abc');
  bench.chain.end();
  bench.clock.advance(100);
  t.strictSame(bench.story, ['0 a', '20 b', '40 c', '40 end']);
  bench.clock.advance(100);
  t.equal(bench.events.length, 4);
});

t.test('pauses shorter than a timer add up', async (t) => {
  const bench = new ChainBench([toxic('slicer', { average_size: 1, delay: 100 })]);
  bench.send(countingBytes(1_000));
  bench.clock.advance(50);
  t.equal(bench.received.length, 501, '10 pieces a millisecond and the first at once');
  bench.clock.advance(50);
  t.strictSame(bench.received, countingBytes(1_000));
});

t.test('size 0 is 1 and loses nothing: Toxiproxy crashes', async (t) => {
  const bench = new ChainBench([toxic('slicer', { average_size: 0 })]);
  bench.send('abc');
  t.strictSame(bench.story, ['0 a', '0 b', '0 c']);
});

t.test('taken away it passes the rest on as it came', async (t) => {
  const bench = new ChainBench([toxic('slicer', { average_size: 2, delay: 1_000_000 })]);
  bench.send('abcdef');
  bench.send('gh');
  bench.chain.end();
  t.strictSame(bench.story, ['0 ab']);
  t.equal(bench.chain.heldBytes, 2 * 256 - 2);
  bench.chain.apply([]);
  t.strictSame(bench.story, ['0 ab', '0 cdef', '0 gh', '0 end']);
});

t.test('every piece has a size in range, none leaves before the pauses ahead of it', async (t) => {
  const plans = fc.record({
    average: fc.integer({ min: 1, max: 50 }),
    variation: fc.integer({ min: 0, max: 60 }),
    delayUs: fc.integer({ min: 0, max: 3_000 }),
    seed: fc.integer(),
    chunks: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 10 }),
  });
  fc.assert(
    fc.property(plans, ({ average, variation, delayUs, seed, chunks }) => {
      const attributes = { average_size: average, size_variation: variation, delay: delayUs };
      const bench = new ChainBench([toxic('slicer', attributes)], { seed });
      let bytes = 0;
      for (const size of chunks) {
        bench.send(countingBytes(size, bytes));
        bytes += size;
      }
      bench.clock.advance(bytes * 3 + 1);
      assert.deepEqual(bench.received, countingBytes(bytes));
      const ends = new Set<number>();
      chunks.reduce((sum, size) => ends.add(sum + size) && sum + size, 0);
      let at = 0;
      for (const [turn, piece] of bench.events.entries()) {
        at += piece.bytes.length;
        assert.ok(piece.bytes.length <= average + variation, `${piece.bytes.length} bytes are too many`);
        const isRest = ends.has(at);
        assert.ok(isRest || piece.bytes.length >= Math.max(1, average - variation), 'too few bytes');
        assert.ok(piece.atMs >= (turn * delayUs) / 1_000 - 1e-6, `piece ${turn} left at ${piece.atMs}`);
      }
    }),
    repeatable,
  );
  t.pass('held for every plan');
});
