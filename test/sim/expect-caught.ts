/** Runs seeds with a planted bug until one of them catches it, inside a tap test. */
import type { Test } from 'tap';
import { type Catch, liveness } from './planted/catalogue.js';
import { plantSetup } from './planted/index.js';
import { runSeed } from './run.js';

/** It must be caught by one of its rules within its budget of seeds. */
export async function expectCaught(
  t: Test,
  { name, budget, rules, options = {}, watchGate = true }: Catch,
): Promise<void> {
  for (let seed = 1; seed <= budget; seed++) {
    const { failure } = await runSeed({ ...plantSetup(name), seed, options, watchGate });
    // A bug may stop everything before it does worse; the search is for the worse, where that is asked for.
    if (failure === undefined || (liveness.includes(failure.rule) && !rules.includes(failure.rule))) continue;
    t.ok(rules.includes(failure.rule), `${name} by seed ${seed}: ${failure.text.split('\n')[0]?.slice(0, 120)}`);
    return;
  }
  t.fail(`${name} was not caught by ${budget} seeds`);
}
