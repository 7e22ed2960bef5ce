/** Runs a range of seeds inside a tap test: each must hold, and some are run twice and must come out the same. */
import type { Test } from 'tap';
import { runSeed } from './run.js';

/** Every so many seeds one is run a second time. */
const repeatEvery = 50;

/**
 * Seeds first … first+count-1. A failing one prints what broke, how everybody stood, and the command that replays it.
 */
export function expectSeeds(t: Test, first: number, count: number): void {
  const totals = { acked: 0, crashes: 0, slots: 0, resubmitted: 0 };
  const startMs = performance.now();
  let slowestUs = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { failure, result } = runSeed({ seed });
    if (failure !== undefined) {
      t.fail(failure.text);
      continue;
    }
    if (result === undefined) continue;
    totals.acked += result.acked;
    totals.crashes += result.crashes;
    totals.slots += result.slots;
    totals.resubmitted += result.resubmitted;
    slowestUs = Math.max(slowestUs, result.resumedUs);
    if (seed % repeatEvery === 0)
      t.equal(runSeed({ seed }).result?.hash, result.hash, `seed ${seed} twice gives one hash`);
  }
  t.ok(totals.acked > 50 * count, `${totals.acked} messages acknowledged: the clusters really worked`);
  t.ok(totals.crashes > count, `${totals.crashes} crashes: the faults really struck`);
  t.ok(totals.resubmitted > 0, `${totals.resubmitted} runs were lost and submitted again`);
  t.comment(
    `${count} seeds, ${totals.slots} slots, ` +
      `longest time to the first acknowledgement ${(slowestUs / 1e6).toFixed(1)} s ` +
      `(simulated), ${((performance.now() - startMs) / 1000).toFixed(1)} s of computing`,
  );
}
