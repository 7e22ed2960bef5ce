/** A cluster that begins with a state: its servers lose stores and directories, and all come to the same state. */
import t from 'tap';
import { Coverage } from './coverage.js';
import type { SimOptions } from './options.js';
import { makeOrigin } from './origin.js';
import { runSeed } from './run.js';

t.setTimeout(300_000);
const second = 1_000_000;
const fixed: Partial<SimOptions> = {
  servers: 3,
  library: false,
  memory: false,
  damageEveryUs: 0,
  emptyEveryUs: 3 * second,
  crashEveryUs: 3 * second,
  storeLossPercent: 30,
};

t.test('seeds 1 to 40', async (t) => {
  const origin = await makeOrigin(3);
  const coverage = new Coverage();
  for (let seed = 1; seed <= 40; seed++) {
    const { failure, result } = await runSeed({ seed, origin, options: fixed });
    if (failure !== undefined) t.fail(failure.text);
    else if (result !== undefined) {
      coverage.addAll(result.coverage);
      t.ok(result.slots > origin.slot, `seed ${seed}: ${result.slots} slots`);
    }
  }
  for (const name of ['directories lost', 'directories admitted', 'states installed'] as const)
    t.ok(coverage.of(name) > 0, `${name}: ${coverage.of(name)}`);
});
