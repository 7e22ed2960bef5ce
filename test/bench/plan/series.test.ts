/** Bins over time: they add up to the whole, none is missing, and each knows its own latencies. */
import fc from 'fast-check';
import t from 'tap';
import { binWidthMs, Series } from '../../../src/bench/plan/series.js';

t.test('bins add up, follow each other without a gap, and their maximum is the maximum', async (t) => {
  const event = fc.record({
    gapMs: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2_000 })),
    tookMs: fc.integer({ min: 0, max: 5_000 }),
    end: fc.constantFrom('ok' as const, 'ok' as const, 'failed' as const, 'unknown' as const),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), fc.integer({ min: 0, max: 1_000 }), (events, startMs) => {
      const series = new Series(startMs, 100);
      let nowMs = startMs;
      for (const { gapMs, tookMs, end } of events) {
        nowMs += gapMs;
        if (end === 'ok') series.recordOk(nowMs, tookMs);
        else series.recordLost(nowMs, end);
      }
      const all = series.latencies();
      const bins = series.end(nowMs);
      const sum = (of: (bin: (typeof bins)[number]) => number): number =>
        bins.reduce((total, bin) => total + of(bin), 0);
      const count = (end: string): number => events.filter((one) => one.end === end).length;
      return (
        bins.every(({ atMs, ok, p50Us, maxUs }, place) => {
          return atMs === place * 100 && (ok === 0) === (p50Us === null) && (p50Us ?? 0) <= (maxUs ?? 0);
        }) &&
        sum(({ ok }) => ok) === count('ok') &&
        sum(({ failed }) => failed) === count('failed') &&
        sum(({ unknown }) => unknown) === count('unknown') &&
        all.count === count('ok') &&
        Math.max(0, ...bins.map(({ maxUs }) => maxUs ?? 0)) === all.maxUs
      );
    }),
  );
  t.pass('property held');
});

t.test('a silent end has its bins too', async (t) => {
  const series = new Series(0, 100);
  series.recordOk(10, 1);
  t.same(
    series.end(350).map(({ ok }) => ok),
    [1, 0, 0, 0],
  );
});

t.test('no report has more than a thousand bins or so', async (t) => {
  t.equal(binWidthMs(2_000), 100);
  t.equal(binWidthMs(100_000), 100);
  t.equal(binWidthMs(600_000), 1_000);
  t.equal(binWidthMs(3_600_000), 10_000);
  t.equal(binWidthMs(86_400_000), 600_000);
});
