/** Reports as text, results as files, and runs side by side. */
import t from 'tap';
import { caveats, compare, isSound, mixesLoops } from '../../../src/bench/plan/compare.js';
import { NoResult, readResult } from '../../../src/bench/plan/result.js';
import { comparisonLines, progressText, resultLines } from '../../../src/bench/plan/text.js';
import { judgeHistory } from '../../../src/bench/run/history.js';
import { openFigures, sampleResult } from '../sample-result.js';

const golden = `load       closed loop: 16 clients × 256 in flight, latency from sending
messages   100 B, 1 room, durable (fdatasync before every vote)
time       1 s after 2 s of warm-up
cluster    3 servers on this machine, data on ext4 on /dev/vda
placement  clients spread by the balancer (s1 6, s2 5, s3 5); s2 led, at the end s3
code       synod 0.5.0, commit ab12cd3, seed 7, 2026-01-01T12:00:00.000Z
machine    box, 2 cores (A Processor), Linux 6.1, Node v20.20.2
cores      load 0.50, server 1 0.40; foreign 0.02
memory     load 90 MiB (at most 91 MiB), server 1 110 MiB (at most 112 MiB)

3,000 messages/s   ok 3,000   failed 1   unknown 2
300.0 µs of processor time a message, all processes together

latency    p50   p90   p99  p99.9  p99.99    max   mean
ms       0.412  2.53  18.2    104   1,204  1,204  0.900
longest silence 240 ms, from 0.31 s on

  FROM   UNTIL  FAULT                    WHAT
0.30 s  0.45 s  300ms kill leader 100ms  server 2, which led, was killed; started again at 0.40 s

history: complete (3,016 acknowledged, 2 unknown, the rooms hold 3,017)
slo p99<=5ms: MISSED, measured 18.2 ms
slo ops>=1k: met`;

t.test('one run as text', async (t) => {
  t.equal(resultLines(sampleResult()).join('\n'), golden);
});

t.test('what must not be overlooked is said in the text', async (t) => {
  const text = (change: Parameters<typeof sampleResult>[0]): string => resultLines(sampleResult(change)).join('\n');
  t.match(text({ interrupted: true }), /^INTERRUPTED/);
  t.match(text({ durable: false }), /NOT durable/);
  t.match(text({ foreignCores: 0.7 }), /foreign 0\.70 - a busy machine/);
  t.match(text({ foreignCores: null, cluster: 'existing', durable: null }), /durable as its servers are set up/);
  t.match(text({ history: { state: 'incomplete', acknowledged: 5, unknown: 0, posts: 4 } }), /history: INCOMPLETE/);
  t.match(text({ history: { state: 'unchecked', acknowledged: 5, unknown: 0, posts: null } }), /history: unchecked/);
  t.match(text({ deliveries: { total: 10, perSec: 5, missing: 2 } }), /2 MISSING/);
  const open = text({ mode: 'open', open: openFigures });
  t.match(open, /open loop: 3,000 messages\/s, poisson arrivals, 16 clients, latency from the intended time/);
  t.match(open, /30 messages were NEVER SENT/);
  t.match(open, /late because a window was full: 12/);
  const nothing = {
    ok: 0,
    p50Us: null,
    p90Us: null,
    p99Us: null,
    p999Us: null,
    p9999Us: null,
    maxUs: null,
    meanUs: null,
  };
  t.match(text(nothing), /^ms +- +- +- +-/m);
});

t.test('control characters of a file do not reach the terminal', async (t) => {
  const text = resultLines(sampleResult({ host: 'evil\u001b[31m' })).join('\n');
  t.notMatch(text, /\u001b/);
});

t.test('two runs side by side, with the ratio to the first', async (t) => {
  const before = sampleResult();
  const after = sampleResult({ opsPerSec: 6_000, p99Us: 9_100, clients: 32, foreignCores: 0.5 });
  const lines = comparisonLines([before, after], ['a.json', 'b.json']);
  const text = lines.join('\n');
  t.match(text, /^A {2}a\.json: closed loop: 16 clients/m);
  t.match(text, /^messages\/s +3,000 +6,000 +2\.00×$/m);
  t.match(text, /^p99 ms +18\.2 +9\.10 +0\.50×$/m);
  t.match(text, /not like for like: clients differs: 16 \/ 32/);
  t.match(text, /not like for like: B: 0\.50 cores were busy/);
  t.notMatch(text, /unsent/, 'what no run has is no row');
  t.notOk(mixesLoops([before, after]));
  t.ok(mixesLoops([before, sampleResult({ mode: 'open', open: openFigures })]));
});

t.test('no ratio to nothing', async (t) => {
  const rows = compare([sampleResult({ failed: 0 }), sampleResult({ failed: 3 })]);
  t.same(rows.find(({ name }) => name === 'failed')?.ratios, [null, null]);
  t.same(caveats([sampleResult(), sampleResult()], ['A', 'B']), []);
});

t.test('a result is read again as it was written, further fields included', async (t) => {
  const result = sampleResult({ mode: 'open', open: openFigures });
  t.same(readResult(JSON.stringify(result)), result);
  t.same(readResult(JSON.stringify({ ...result, later: 1 })), { ...result, later: 1 });
});

t.test("the contract's fields come first", async (t) => {
  const first = Object.keys(sampleResult()).slice(0, 17).join(' ');
  t.equal(
    first,
    'mode clients inflight size durable seconds ok failed unknown opsPerSec p50Us p90Us p99Us p999Us maxUs commit cores',
  );
});

const { ok: _ok, ...withoutOk } = sampleResult();
for (const [what, text, says] of [
  ['nothing', '', /is no JSON/],
  ['half a file', JSON.stringify(sampleResult()).slice(0, 100), /is no JSON/],
  ['a list', '[]', /not what synod bench writes/],
  ['null', 'null', /not what synod bench writes/],
  ['a package', '{"name":"synod","version":"1"}', /not what synod bench writes/],
  [
    'a later schema',
    JSON.stringify({ ...sampleResult(), schema: 'synod-bench/9' }),
    /synod-bench\/9, and this program reads/,
  ],
  ['a missing field', JSON.stringify(withoutOk), /field ok is missing/],
  ['a field of another kind', JSON.stringify({ ...sampleResult(), p99Us: 'fast' }), /field p99Us/],
  ['a broken bin', JSON.stringify({ ...sampleResult(), series: [{ atMs: 1 }] }), /field series\[0\]\.ok/],
  ['a bin that is none', JSON.stringify({ ...sampleResult(), series: [null] }), /series\[0\] is no object/],
  ['another mode', JSON.stringify({ ...sampleResult(), mode: 'both' }), /neither closed nor open/],
  ['a mode that lies', JSON.stringify({ ...sampleResult(), mode: 'open' }), /disagree/],
] as const) {
  t.test(`${what} is no result`, async (t) => {
    t.throws(() => readResult(text), NoResult);
    t.throws(() => readResult(text), says);
  });
}

t.test('a history is complete between what was acknowledged and what may be there', async (t) => {
  const state = (posts: number | null): string => judgeHistory({ ok: 10, failed: 4, unknown: 2 }, posts).state;
  t.same([9, 10, 12, 13, null].map(state), ['incomplete', 'complete', 'complete', 'excess', 'unchecked']);
  const sound = (posts: number | null): boolean => {
    return isSound(sampleResult({ history: judgeHistory({ ok: 10, failed: 4, unknown: 2 }, posts) }));
  };
  t.same([9, 10, 13, null].map(sound), [false, true, false, true]);
});

t.test('progress in one line', async (t) => {
  const at = { elapsedMs: 3_012, ofMs: 10_000, perSecond: 712_334.4, failed: 0, unknown: 3 };
  t.equal(
    progressText({ ...at, phase: 'run', p99Us: 6_100 }),
    '   3/10 s    712,334 messages/s  p99 6.10 ms  failed 0  unknown 3',
  );
  t.equal(progressText({ ...at, phase: 'warm-up', p99Us: null }), '   3/10 s    712,334 messages/s  (warm-up)');
});
