/** Runs a range of seeds inside a tap test: each must hold, and some are run twice and must come out the same. */
import type { Test } from 'tap';
import { Coverage, coverageNames } from './coverage.js';
import { runSeed } from './run.js';

/** Every so many seeds one is run a second time. */
const repeatEvery = 50;

/**
 * Seeds first … first+count-1. A failing one prints what broke, how everybody stood, and the command that replays it.
 */
export async function expectSeeds(t: Test, first: number, count: number): Promise<void> {
  const totals = { acked: 0, slots: 0 };
  const coverage = new Coverage();
  const startMs = performance.now();
  let slowestUs = 0;
  for (let seed = first; seed < first + count; seed++) {
    const { failure, result } = await runSeed({ seed });
    if (failure !== undefined) {
      t.fail(failure.text);
      continue;
    }
    if (result === undefined) continue;
    totals.acked += result.acked;
    coverage.addAll(result.coverage);
    totals.slots += result.slots;
    slowestUs = Math.max(slowestUs, result.resumedUs);
    if (seed % repeatEvery === 0)
      t.equal((await runSeed({ seed })).result?.hash, result.hash, `seed ${seed} twice gives one hash`);
  }
  t.ok(totals.acked > 50 * count, `${totals.acked} messages acknowledged: the clusters really worked`);
  t.ok(coverage.of('crashes') > count, `${coverage.of('crashes')} crashes: the faults really struck`);
  for (const name of coverageNames) t.ok(coverage.of(name) > 0, `${name}: ${coverage.of(name)}`);
  t.comment(
    `${count} seeds, ${totals.slots} slots, ` +
      `longest time to the first acknowledgement ${(slowestUs / 1e6).toFixed(1)} s ` +
      `(simulated), ${((performance.now() - startMs) / 1000).toFixed(1)} s of computing`,
  );
}
