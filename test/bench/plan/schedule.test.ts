/** Intended send times: exactly the rate, never falling, the same again for the same seed. */
import fc from 'fast-check';
import t from 'tap';
import { Prng } from '../../../src/base/index.js';
import { countBefore, schedules } from '../../../src/bench/plan/schedule.js';

const shape = fc.record({ clients: fc.integer({ min: 1, max: 50 }), perSecond: fc.integer({ min: 1, max: 100_000 }) });

function times(arrivals: 'uniform' | 'poisson', load: { clients: number; perSecond: number }, endMs: number, seed = 1) {
  return schedules(arrivals, load, new Prng(seed)).flatMap((schedule) => {
    const due: number[] = [];
    for (; schedule.dueMs < endMs; schedule.advance()) due.push(schedule.dueMs);
    return due;
  });
}

t.test('uniform: message k at k / rate, whatever the number of clients', async (t) => {
  fc.assert(
    fc.property(shape, ({ clients, perSecond }) => {
      const endMs = 2_000_000 / perSecond;
      const due = times('uniform', { clients, perSecond }, endMs).sort((a, b) => a - b);
      return due.length === 2_000 && due.every((ms, k) => ms === (k * 1_000) / perSecond);
    }),
    { numRuns: 50 },
  );
  t.pass('property held');
});

t.test('uniform: nothing adds up over hours', async (t) => {
  const [schedule] = schedules('uniform', { clients: 1, perSecond: 3 }, new Prng(1));
  for (let k = 0; k < 30_000; k++) schedule?.advance();
  t.equal(schedule?.dueMs, 10_000_000);
});

t.test('poisson: about the rate, exponential gaps, and the same for the same seed', async (t) => {
  const load = { clients: 5, perSecond: 1_000 };
  const due = times('poisson', load, 20_000, 42).sort((a, b) => a - b);
  // 20,000 are expected, with a standard deviation of 141.
  t.ok(Math.abs(due.length - 20_000) < 700, `${due.length} in 20 s`);
  const gaps = due.slice(1).map((ms, k) => ms - (due[k] as number));
  const longer = gaps.filter((gap) => gap > 1).length / gaps.length;
  t.ok(Math.abs(longer - Math.exp(-1)) < 0.02, `${longer} of the gaps are longer than their mean`);
  t.strictSame(times('poisson', load, 1_000, 42), times('poisson', load, 1_000, 42));
  t.strictNotSame(times('poisson', load, 1_000, 42), times('poisson', load, 1_000, 43));
});

t.test('counting goes on where it ended', async (t) => {
  const [schedule] = schedules('uniform', { clients: 1, perSecond: 1_000 }, new Prng(1));
  if (schedule === undefined) throw new Error('no schedule');
  t.equal(countBefore(schedule, 10), 10);
  t.equal(countBefore(schedule, 10), 0);
  t.equal(countBefore(schedule, 25), 15);
});
