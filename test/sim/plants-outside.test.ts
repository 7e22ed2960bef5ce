/** Planted bugs outside the protocol: disk, recovery, checkpoints, state machine, clients, balancer. */
import t from 'tap';
import { expectCaught } from './expect-caught.js';
import { outside } from './planted/catalogue.js';
import { runSeed } from './run.js';

t.setTimeout(240_000);

for (const plant of outside) t.test(plant.name, (t) => expectCaught(t, plant));

t.test('the options that catch them are innocent without a bug', async (t) => {
  for (const { name, options = {} } of outside) {
    for (let seed = 1; seed <= 5; seed++) {
      const { failure } = await runSeed({ seed, options });
      if (failure !== undefined) t.fail(`${name}: ${failure.text}`);
    }
  }
  t.pass('5 seeds of each hold');
});
