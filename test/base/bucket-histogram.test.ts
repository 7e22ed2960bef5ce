/** The histogram of metrics against a naive twin, and its quantiles against the values themselves. */
import fc from 'fast-check';
import t from 'tap';
import { BucketHistogram, bytesBounds, countBounds, quantileOf, secondsBounds } from '../../src/base/index.js';
import { repeatable } from '../support/repeatable.js';

/** Counts by looking at every bound. */
function naiveCounts(bounds: readonly number[], values: readonly number[]): number[] {
  const counts = [...bounds, Number.POSITIVE_INFINITY].map(() => 0);
  for (const value of values) {
    const at = [...bounds, Number.POSITIVE_INFINITY].findIndex((bound) => value <= bound);
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

for (const [name, bounds] of Object.entries({ secondsBounds, bytesBounds, countBounds })) {
  t.test(`${name}: every value is counted where its naive twin counts it`, async (t) => {
    const onBounds = fc.constantFrom(...bounds);
    const value = fc.oneof(onBounds, fc.double({ min: 0, max: (bounds.at(-1) as number) * 2, noNaN: true }));
    fc.assert(
      fc.property(fc.array(value), (values) => {
        const histogram = new BucketHistogram(bounds);
        for (const one of values) histogram.observe(one);
        t.same(histogram.counts, naiveCounts(bounds, values));
        t.equal(histogram.count, values.length);
        const sum = values.reduce((total, one) => total + one, 0);
        t.ok(Math.abs(histogram.sum - sum) <= 1e-9 * Math.max(1, sum), `${histogram.sum} is ${sum}`);
      }),
      repeatable,
    );
  });
}

t.test('one value seen many times is that many values', async (t) => {
  const one = new BucketHistogram([1, 2]);
  one.observe(1.5, 3);
  one.observe(9);
  t.same(one.counts, [0, 3, 1]);
  t.equal(one.count, 4);
  t.equal(one.sum, 13.5);
  one.counts[0] = 99;
  t.same(one.counts, [0, 3, 1], 'counts are a copy');
});

t.test('a quantile lies in the bucket of the value that it stands for', async (t) => {
  const bounds = [1, 2, 5, 10, 20];
  const values = fc.array(fc.double({ min: 0.01, max: 20, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
      const histogram = new BucketHistogram(bounds);
      for (const one of values) histogram.observe(one);
      const found = quantileOf(bounds, histogram.counts, share);
      const sorted = [...values].sort((a, b) => a - b);
      const meant = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
      const upper = bounds.find((bound) => meant <= bound) as number;
      const lower = bounds[bounds.indexOf(upper) - 1] ?? 0;
      t.ok(found >= lower && found <= upper, `${found} of ${meant} in ${lower}..${upper}`);
    }),
    repeatable,
  );
});

t.test('quantiles at the edges', async (t) => {
  t.ok(Number.isNaN(quantileOf([1, 2], [0, 0, 0], 0.5)), 'of nothing');
  t.equal(quantileOf([1, 2], [0, 0, 5], 0.5), 2, 'above all bounds: the highest');
  t.equal(quantileOf([10], [4, 0], 0.5), 5, 'in the middle of the bucket');
});

t.test('bounds must rise', async (t) => {
  t.throws(() => new BucketHistogram([]), /rising/);
  t.throws(() => new BucketHistogram([1, 1]), /rising/);
});
