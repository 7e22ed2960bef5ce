/** Latencies counted by the microsecond give the percentiles of the single ones. */
import t from 'tap';
import { Tally } from '../../bench/tally.js';

t.test('percentiles count each of the lines that shared a latency', async (t) => {
  const tally = new Tally();
  t.ok(Number.isNaN(tally.percentileUs(50)), 'nothing was counted');
  tally.add(10.4, 90);
  tally.add(500, 9);
  tally.add(7_000_000, 1);
  t.equal(tally.count, 100);
  t.equal(tally.percentileUs(50), 10);
  t.equal(tally.percentileUs(90), 10);
  t.equal(tally.percentileUs(91), 500);
  t.equal(tally.percentileUs(99), 500);
  t.equal(tally.maxUs, 7_000_000, 'the longest keeps its length');
  t.ok(tally.percentileUs(100) < 7_000_000, 'but is counted at the end of the scale');
  tally.reset();
  tally.add(3, 1);
  t.equal(tally.percentileUs(100), 3);
  t.equal(tally.maxUs, 3);
});
