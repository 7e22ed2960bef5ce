/** The histogram against a sorted array: counts and maximum exact, percentiles within a thousandth. */
import fc from 'fast-check';
import t from 'tap';
import { Histogram } from '../../../src/bench/plan/histogram.js';

const latencies = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 60_000_000 }), fc.constant(2_048)),
  { minLength: 1, maxLength: 300 },
);

function of(us: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const value of us) histogram.recordMs(value / 1_000);
  return histogram;
}

function exact(us: readonly number[], percent: number): number {
  const sorted = us.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(Number(((percent / 100) * sorted.length).toPrecision(12))) - 1)] as number;
}

/** Within a bucket. */
function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(a, b) / 1_024;
}

t.test('percentiles', async (t) => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0, max: 100, noNaN: true }), (us, percent) => {
      const found = of(us).percentileUs(percent);
      const right = exact(us, percent);
      // A bucket's highest value is told, never less than the exact one.
      return found >= right && found <= Math.max(right, right * (1 + 1 / 1_024)) && found <= Math.max(...us);
    }),
  );
  t.pass('property held');
});

t.test('count, maximum and mean are exact', async (t) => {
  fc.assert(
    fc.property(latencies, (us) => {
      const histogram = of(us);
      const mean = us.reduce((sum, value) => sum + value, 0) / us.length;
      return (
        histogram.count === us.length &&
        histogram.maxUs === Math.max(...us) &&
        Math.abs(histogram.meanUs - mean) < 1e-6 * Math.max(1, mean)
      );
    }),
  );
  t.pass('property held');
});

t.test('two added are as one; what came since an earlier copy is the rest', async (t) => {
  fc.assert(
    fc.property(latencies, latencies, (first, second) => {
      const sum = of(first);
      const earlier = of(first);
      sum.add(of(second));
      const one = of([...first, ...second]);
      const percents = [0, 10, 50, 90, 99, 99.9, 100];
      const rest = sum.since(earlier);
      return (
        String(sum.percentilesUs(percents)) === String(one.percentilesUs(percents)) &&
        rest.count === second.length &&
        near(rest.percentileUs(50), of(second).percentileUs(50))
      );
    }),
  );
  t.pass('property held');
});

t.test('the curve rises from the lowest percentile to the maximum', async (t) => {
  fc.assert(
    fc.property(latencies, (us) => {
      const curve = of(us).curve();
      const rises = curve.every(({ percentile, us: value }, place) => {
        const before = curve[place - 1];
        return before === undefined || (percentile > before.percentile && value >= before.us);
      });
      return rises && curve[0]?.percentile === 0 && curve.at(-1)?.us === Math.max(...us);
    }),
  );
  t.pass('property held');
});

t.test('an empty one has no figures, and a cleared one is empty', async (t) => {
  const histogram = of([5, 10_000]);
  histogram.clear();
  t.equal(histogram.count, 0);
  t.equal(histogram.maxUs, 0);
  t.ok(Number.isNaN(histogram.percentileUs(50)));
  t.same(histogram.curve(), []);
  histogram.recordMs(7);
  t.equal(histogram.percentileUs(50), 7_000, 'nothing of before is left');
});

t.test('what is longer than its buckets reach keeps its true maximum', async (t) => {
  const histogram = of([1]);
  histogram.recordMs(3_600_000);
  t.equal(histogram.maxUs, 3_600_000_000);
  t.equal(histogram.percentileUs(100), 2 ** 31 - 1);
});
