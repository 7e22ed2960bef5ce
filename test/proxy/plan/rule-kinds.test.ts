/**
 * What each kind of rule decides about a frame: times drawn within their bounds, rates, bursts, and how they add up.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { Fate } from '../../../src/proxy/plan/fate.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { RuleBook } from '../../../src/proxy/plan/rule-book.js';
import { registry } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';

const accept = registry.accept.code;

/** What rules decide about accepts 1>2; `at` judges the next one. */
function judge(...actions: readonly unknown[]) {
  const book = new RuleBook(1);
  book.set(
    actions.map((action, place) => readRule({ do: action }, `r${place}`)),
    0,
  );
  return (nowMs = 0, bytes = 100, to = 2): Fate | undefined => book.link(1, to).judge(accept, bytes, nowMs);
}

/** The delays of so many frames. */
function delays(action: unknown, count: number): number[] {
  const at = judge({ type: 'delay', ...(action as object) });
  return Array.from({ length: count }, () => at()?.delayMs ?? Number.NaN);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

t.test('delay: within its bounds, and spread as it says', async (t) => {
  t.same(delays({ time: '80ms' }, 3), [80, 80, 80]);
  const uniform = delays({ distribution: 'uniform', least: 100, most: 200 }, 5_000);
  t.ok(uniform.every((ms) => ms >= 100 && ms < 200));
  t.ok(Math.abs(mean(uniform) - 150) < 2, `uniform: mean ${mean(uniform)}`);
  const normal = delays({ distribution: 'normal', mean: 100, deviation: 20 }, 5_000);
  t.ok(Math.abs(mean(normal) - 100) < 2, `normal: mean ${mean(normal)}`);
  t.ok(Math.abs(mean(normal.map((ms) => (ms - 100) ** 2)) - 400) < 50, 'and its deviation');
  const wide = delays({ distribution: 'normal', mean: 1, deviation: 100 }, 500);
  t.ok(wide.every((ms) => ms >= 0) && wide.includes(0), 'never below 0');
  const exponential = delays({ distribution: 'exponential', mean: 100 }, 5_000);
  t.ok(Math.abs(mean(exponential) - 100) < 6, `exponential: mean ${mean(exponential)}`);
  t.ok(exponential.every((ms) => ms >= 0 && Number.isFinite(ms)));
  const longTail = delays({ distribution: 'longTail', least: 10, most: '10s' }, 20_000).sort((a, b) => a - b);
  t.ok(longTail[0]! >= 10 && longTail.at(-1)! <= 10_000, 'longTail: between its bounds');
  t.ok(Math.abs(longTail[10_000]! - 17.8) < 0.7, `half of them below ${longTail[10_000]}`);
  t.ok(longTail[19_800]! > 350 && longTail[19_800]! < 600, `and one in a hundred above ${longTail[19_800]}`);
  t.same(delays({ distribution: 'longTail', least: 0, most: 0 }, 2), [0, 0]);
});

t.test('throttle: the twin is a queue in front of a slow wire', async (t) => {
  const frame = fc.record({
    gapMs: fc.nat(300),
    bytes: fc.integer({ min: 12, max: 2_000 }),
    to: fc.constantFrom(2, 3),
  });
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 1e6 }), fc.boolean(), fc.array(frame), (bytesPerSecond, shared, frames) => {
      const at = judge({ type: 'throttle', bytesPerSecond, shared });
      const freeAtMs = new Map<number, number>();
      let nowMs = 0;
      for (const { gapMs, bytes, to } of frames) {
        nowMs += gapMs;
        const wire = shared ? 0 : to;
        const outMs = Math.max(nowMs, freeAtMs.get(wire) ?? 0) + (bytes / bytesPerSecond) * 1_000;
        freeAtMs.set(wire, outMs);
        assert.ok(Math.abs((at(nowMs, bytes, to)?.delayMs ?? 0) - (outMs - nowMs)) < 1e-6 * outMs + 1e-9);
      }
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('clog: until its time has come, or for ever', async (t) => {
  const timed = judge({ type: 'clog', time: '1s' });
  t.equal(timed(0)?.delayMs, 1_000);
  t.equal(timed(400)?.delayMs, 600, 'all leave at the same moment');
  t.equal(timed(1_000), undefined, 'what comes later passes');
  t.equal(judge('clog')(5)?.delayMs, Number.POSITIVE_INFINITY);
});

t.test('one action each', async (t) => {
  t.match(judge('drop')(), { dropped: true, notes: [{ rule: 'r0', text: 'drop' }] });
  t.match(judge('reset')(), { ending: 'reset', notes: [{ text: 'reset' }] });
  t.match(judge('cutMidFrame')(), { ending: 'midFrame', notes: [{ text: 'cut mid-frame' }] });
  t.match(judge({ type: 'duplicate', copies: 2, gap: 5 })(), { copies: 2, copyGapMs: 5, copyGapRule: 'r0' });
  t.match(judge({ type: 'reorder', frames: 3 })(), { behind: [{ rule: 'r0', frames: 3, withinMs: 1_000 }] });
  for (const what of ['payload', 'length', 'truncate']) {
    const places = new Set<number>();
    const at = judge({ type: 'corrupt', what });
    for (let i = 0; i < 20; i++) {
      const damage = at()?.damage;
      t.equal(damage?.what, what);
      places.add(damage?.place ?? -1);
    }
    t.equal(places.size, 20, 'somewhere else each time');
    t.ok([...places].every((place) => place >= 0 && place < 1));
  }
});

t.test('several rules: delays add up, copies too, a reset wins over a cut, and a drop is a drop', async (t) => {
  const slow = { type: 'delay', time: 30 };
  const fate = judge(slow, { type: 'duplicate', gap: 5 }, slow, { type: 'duplicate', copies: 2, gap: 3 }, 'corrupt')();
  t.equal(fate?.delayMs, 60);
  t.match(fate, {
    copies: 3,
    copyGapMs: 5,
    copyGapRule: 'r1',
    holds: [{ rule: 'r0' }, { rule: 'r2' }],
    dropped: false,
  });
  t.same(
    fate?.notes.map(({ text }) => text),
    ['delay 30ms', 'duplicate 1', 'delay 30ms', 'duplicate 2', 'corrupt payload'],
  );
  t.equal(judge('cutMidFrame', 'reset')()?.ending, 'reset');
  t.equal(judge('reset', 'cutMidFrame')()?.ending, 'reset');
  t.match(judge('drop', slow)(), { dropped: true });
  t.match(judge({ type: 'reorder', frames: 1 }, { type: 'reorder', frames: 4 })(), {
    behind: [{ frames: 1 }, { frames: 4 }],
  });
});
