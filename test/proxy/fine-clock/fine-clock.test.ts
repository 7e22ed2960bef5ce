/** Fine timers: never early, in order, on their thread as soon as it runs, and on ordinary timers without it. */
import t, { type Test } from 'tap';
import { type Clock, nodeClock, silentLogger } from '../../../src/base/index.js';
import { FineClock } from '../../../src/proxy/index.js';
import { until } from '../../support/until.js';

/** How many timers of its own the base has run or runs. */
function counted(): { readonly clock: Clock; readonly set: () => number } {
  let set = 0;
  const clock: Clock = {
    ...nodeClock,
    setTimeout: (callback, delayMs) => {
      set++;
      return nodeClock.setTimeout(callback, delayMs);
    },
  };
  return { clock, set: () => set };
}

/** A clock whose thread runs; what the test needs of it. */
async function started(t: Test): Promise<{ readonly clock: FineClock; readonly set: () => number }> {
  const base = counted();
  const clock = new FineClock(base.clock, silentLogger);
  t.teardown(() => clock.stop());
  await until('a timer without the base', 10_000, async () => {
    const before = base.set();
    await new Promise<void>((resolve) => clock.setTimeout(resolve, 1));
    return base.set() === before;
  });
  return { clock, set: base.set };
}

const waitMs = 10_000;

t.test('never early, whatever their length', async (t) => {
  const { clock } = await started(t);
  const delays = Array.from({ length: 400 }, (_, at) => ((at * 37) % 100) / 7 + at / 10_000);
  const ran: { readonly dueMs: number; readonly atMs: number }[] = [];
  for (const delayMs of delays) {
    const dueMs = clock.monotonicMs() + delayMs;
    clock.setTimeout(() => ran.push({ dueMs, atMs: clock.monotonicMs() }), delayMs);
  }
  await until('all of them', waitMs, () => ran.length === delays.length);
  t.equal(
    ran.find(({ dueMs, atMs }) => atMs < dueMs),
    undefined,
    'none was early',
  );
});

t.test('a long one is the base’s until its last stretch, a short one never', async (t) => {
  const { clock, set } = await started(t);
  const before = set();
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 1.5));
  t.equal(set(), before);
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 30));
  // One, or another if the first was a little early.
  t.ok(set() - before >= 1 && set() - before <= 2, `${set() - before} timers of the base`);
});

t.test('what is cleared does not run, neither on its way nor in its last stretch', async (t) => {
  const { clock } = await started(t);
  let ran = 0;
  const timers = [1, 1.5, 5, 20].map((delayMs) => clock.setTimeout(() => ran++, delayMs));
  for (const timer of timers) clock.clearTimeout(timer);
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 40));
  t.equal(ran, 0);
  clock.clearTimeout(timers[0] as (typeof timers)[0]);
});

t.test('one that is due may clear another, and set the next', async (t) => {
  const { clock } = await started(t);
  const ran: string[] = [];
  clock.setTimeout(() => {
    clock.clearTimeout(later);
    clock.setTimeout(() => ran.push('next'), 0);
    ran.push('first');
  }, 0.2);
  const later = clock.setTimeout(() => ran.push('cleared'), 0.3);
  // Busy until both are due, so that one ring finds them.
  const dueMs = clock.monotonicMs() + 1;
  while (clock.monotonicMs() < dueMs);
  await until('both', waitMs, () => ran.length === 2);
  await new Promise<void>((resolve) => clock.setTimeout(resolve, 5));
  t.same(ran, ['first', 'next']);
});

t.test('an earlier one replaces what the thread sleeps for', async (t) => {
  const { clock } = await started(t);
  for (let round = 0; round < 200; round++) {
    const late = [1.9, 0.9, 0.4, 1.4, 0.1].map((delayMs) => {
      const dueMs = clock.monotonicMs() + delayMs;
      return new Promise<number>((resolve) => {
        clock.setTimeout(() => resolve(clock.monotonicMs() - dueMs), delayMs);
      });
    });
    const lateMs = await Promise.all(late);
    if (lateMs.some((ms) => ms < 0)) t.fail(`early: ${lateMs.join(' ')}`);
  }
  t.pass('a thousand timers, none early and none forgotten');
});

t.test('before its thread runs, and after it has ended, timers are the base’s', async (t) => {
  const base = counted();
  const clock = new FineClock(base.clock, silentLogger);
  let ran = 0;
  clock.setTimeout(() => ran++, 1);
  t.equal(base.set(), 1, 'the thread cannot run yet');
  await until('the first', waitMs, () => ran === 1);

  const { clock: running, set } = await started(t);
  const before = set();
  running.setTimeout(() => ran++, 1.9);
  t.equal(set(), before, 'the thread’s');
  const stopped = running.stop();
  await until('the one that the thread had', waitMs, () => ran === 2);
  await stopped;
  running.setTimeout(() => ran++, 1);
  await until('one more', waitMs, () => ran === 3);
  t.ok(set() > before, 'the base’s again');
  await clock.stop();
});
