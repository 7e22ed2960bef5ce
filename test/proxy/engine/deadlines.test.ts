/** Deadlines: in order, never early, whatever the machine's timers do; and nothing of what was cancelled stays. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { nodeClock } from '../../../src/base/index.js';
import { type Deadline, Deadlines } from '../../../src/proxy/engine/deadlines.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { FakeClock } from '../../support/fake-clock.js';
import { repeatable } from '../../support/repeatable.js';
import { until } from '../../support/until.js';
import { EarlyClock } from './early-clock.js';

t.test('each runs once, at its time, equals in the order in which they were added', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const startMs = clock.monotonicMs();
  const ran: string[] = [];
  const note = (name: string) => () => ran.push(`${name} ${clock.monotonicMs() - startMs}`);
  deadlines.after(20, note('c'));
  deadlines.after(10, note('a'));
  deadlines.after(10, note('b'));
  deadlines.at(startMs - 5, note('past'));
  deadlines.at(Number.POSITIVE_INFINITY, note('never'));
  t.same(ran, [], 'nothing runs inside a call');
  clock.advance(0);
  t.same(ran, ['past 0']);
  clock.advance(9);
  t.equal(ran.length, 1);
  clock.advance(1);
  t.same(ran.slice(1), ['a 10', 'b 10']);
  clock.advance(1_000_000);
  t.same(ran.slice(3), ['c 20']);
  t.equal(deadlines.waiting, 1, 'what has no time waits on');
  t.equal(clock.timers, 0, 'without a timer');
});

t.test('a timer that fires early is armed again: nothing runs before its time', async (t) => {
  const clock = new EarlyClock(() => 0.9);
  const deadlines = new Deadlines(clock);
  const dueMs = clock.monotonicMs() + 10.25;
  let ranAtMs = 0;
  deadlines.at(dueMs, () => {
    ranAtMs = clock.monotonicMs();
  });
  clock.advance(10.2);
  t.equal(ranAtMs, 0, 'its timer has fired too early');
  t.ok(clock.set > 1, 'and was set again');
  clock.advance(2);
  t.ok(ranAtMs >= dueMs, `ran ${ranAtMs - dueMs} ms late`);
});

t.test('the machine’s own clock: never early, in order', async (t) => {
  const deadlines = new Deadlines(nodeClock);
  const dues = Array.from({ length: 300 }, (_, at) => ((at * 37) % 100) + at / 1_000);
  const ran: { readonly dueMs: number; readonly atMs: number }[] = [];
  const nowMs = nodeClock.monotonicMs();
  for (const afterMs of dues) {
    const dueMs = nowMs + afterMs;
    deadlines.at(dueMs, () => ran.push({ dueMs, atMs: nodeClock.monotonicMs() }));
  }
  await until('all of them', 10_000, () => ran.length === dues.length);
  t.equal(
    ran.find(({ dueMs, atMs }) => atMs < dueMs),
    undefined,
    'none was early',
  );
  t.same(
    ran.map(({ dueMs }) => dueMs),
    dues.map((afterMs) => nowMs + afterMs).toSorted((a, b) => a - b),
  );
});

t.test('more than a timer can count is waited for in pieces', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  let ran = false;
  const fortyDaysMs = 40 * 24 * 3_600_000;
  deadlines.after(fortyDaysMs, () => {
    ran = true;
  });
  clock.advance(fortyDaysMs - 1);
  t.notOk(ran);
  clock.advance(1);
  t.ok(ran);
});

t.test('cancel, also from within; what one run adds for now runs in the same round', async (t) => {
  const clock = new FakeClock();
  let rounds = 0;
  const deadlines = new Deadlines(clock, (work) => {
    rounds++;
    work();
  });
  const ran: string[] = [];
  const first = deadlines.after(5, () => ran.push('first'));
  const second: Deadline = deadlines.after(10, () => {
    ran.push('second');
    deadlines.cancel(third);
    deadlines.cancel(second);
    deadlines.after(0, () => ran.push('at once'));
  });
  const third = deadlines.after(10, () => ran.push('third'));
  deadlines.cancel(first);
  deadlines.cancel(first);
  t.equal(deadlines.waiting, 2);
  clock.advance(10);
  t.same(ran, ['second', 'at once']);
  t.equal(rounds, 2, 'the cancelled one had its round, the others one together');
  t.equal(deadlines.waiting, 0);
});

t.test('an error in one of them is not swallowed, and the others still run', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  const ran: string[] = [];
  deadlines.after(5, () => {
    throw new Error('planned');
  });
  deadlines.after(5, () => ran.push('other'));
  t.throws(() => clock.advance(5), /planned/);
  clock.advance(0);
  t.same(ran, ['other']);
});

t.test('stop: nothing runs any more, and no timer is left', async (t) => {
  const clock = new FakeClock();
  const deadlines = new Deadlines(clock);
  deadlines.after(5, () => t.fail('it ran'));
  deadlines.stop();
  deadlines.after(5, () => t.fail('it ran'));
  clock.advance(100);
  t.equal(clock.timers, 0);
});

t.test('what was cancelled is forgotten long before its time, with all that it holds', async (t) => {
  const deadlines = new Deadlines(new FakeClock());
  const kept = Array.from({ length: 10 }, () => deadlines.after(3_600_000, () => undefined));
  const held: WeakRef<object>[] = [];
  for (let i = 0; i < 1_000; i++) {
    const frame = { bytes: i };
    held.push(new WeakRef(frame));
    deadlines.cancel(deadlines.after(3_600_000, () => t.fail(`${frame.bytes} ran`)));
  }
  t.equal(deadlines.waiting, kept.length);
  // What a WeakRef was made for lives to the end of the turn.
  await until('the garbage to be collected', 5_000, () => {
    collectGarbage();
    return held.filter((ref) => ref.deref() !== undefined).length < 200;
  });
});

/** One thing that happens to deadlines; numbers pick which one, or when. */
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), afterMs: fc.nat(50), which: fc.nat() }),
  fc.record({ do: fc.constantFrom('cancel' as const, 'move' as const), afterMs: fc.nat(50), which: fc.nat() }),
  fc.record({ do: fc.constant('pass' as const), afterMs: fc.nat(30), which: fc.nat() }),
);

t.test('against a sorted list: the same ones run, in the same order, and never early', async (t) => {
  const early = fc.array(fc.double({ min: 0, max: 0.99, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), early, (steps, earlyMs) => {
      let timers = 0;
      const clock = new EarlyClock(() => earlyMs[timers++ % earlyMs.length] as number);
      const deadlines = new Deadlines(clock);
      const ran: number[] = [];
      const entries: { readonly deadline: Deadline; readonly number: number; isCancelled: boolean }[] = [];
      const waiting = () => entries.filter(({ number, isCancelled }) => !isCancelled && !ran.includes(number));
      for (const { do: what, afterMs, which } of steps) {
        const picked = waiting()[which % Math.max(1, waiting().length)];
        if (what === 'add') {
          const number = entries.length;
          const deadline = deadlines.after(afterMs, () => {
            assert.ok(clock.monotonicMs() >= deadline.dueMs, `${number} ran early`);
            ran.push(number);
          });
          entries.push({ deadline, number, isCancelled: false });
        } else if (what === 'cancel' && picked !== undefined) {
          deadlines.cancel(picked.deadline);
          picked.isCancelled = true;
        } else if (what === 'move' && picked !== undefined) {
          picked.deadline.dueMs = clock.monotonicMs() + afterMs;
          deadlines.reschedule();
        } else if (what === 'pass') clock.advance(afterMs);
        assert.equal(deadlines.waiting, waiting().length);
        // A timer that was early is set again for a whole millisecond: nothing is later than that.
        const late = waiting().find(({ deadline }) => deadline.dueMs < clock.monotonicMs() - 1);
        assert.equal(late, undefined, `${late?.number} is late`);
      }
      clock.advance(100);
      const sorted = entries
        .filter(({ isCancelled }) => !isCancelled)
        .toSorted((a, b) => a.deadline.dueMs - b.deadline.dueMs || a.number - b.number);
      assert.deepEqual(
        ran,
        sorted.map(({ number }) => number),
      );
    }),
    repeatable,
  );
  t.pass('property held');
});
