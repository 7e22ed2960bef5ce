/** Goals of a run: how they are written, and when they are met. */
import t from 'tap';
import { judge, readSlo } from '../../../src/bench/plan/slo.js';

t.test('times in any unit, counts with k and M, all relations', async (t) => {
  t.match(readSlo('p99<=5ms,failed=0,ops>=700k,p99.9<1.5s,silence≤400ms,unknown==0'), [
    { field: 'p99Us', relation: '<=', limit: 5_000 },
    { field: 'failed', relation: '=', limit: 0 },
    { field: 'opsPerSec', relation: '>=', limit: 700_000 },
    { field: 'p999Us', relation: '<', limit: 1_500_000 },
    { field: 'silenceUs', relation: '<=', limit: 400_000 },
    { field: 'unknown', relation: '=', limit: 0 },
  ]);
  t.equal(readSlo('p50<=300us')[0]?.limit, 300);
});

t.test('met at the limit itself, missed beyond it or without a figure', async (t) => {
  const verdicts = judge(readSlo('p99<=5ms,p90<5ms,ops>100,max<=1s'), {
    p99Us: 5_000,
    p90Us: 5_000,
    opsPerSec: 101,
    maxUs: null,
  });
  t.same(
    verdicts.map(({ met }) => met),
    [true, false, true, false],
  );
  t.same(verdicts[3], { objective: 'max<=1s', measured: null, met: false });
});

for (const wrong of ['', 'p99', 'p98<=5ms', 'p99<=5', 'p99<=fast', 'failed=none', 'p99<=5ms,', 'toString<=1']) {
  t.test(`'${wrong}' is refused`, async (t) => {
    t.throws(() => readSlo(wrong), { name: 'PlanError' });
  });
}
