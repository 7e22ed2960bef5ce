/**
 * Planted bugs of the protocol: each must be caught by random seeds within a budget, the rare ones by a script. A bug
 * that is not caught means that the faults are too weak or a checker is asleep (RELIABILITY.md, 3.1).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { runScenario } from '../script/runner.js';
import { expectCaught } from './expect-caught.js';
import { hotOptions } from './hot-options.js';
import { atTheGate, byConsequence, outside, scripted } from './planted/catalogue.js';
import { type PlantName, plantNames } from './planted/index.js';
import { runSeed } from './run.js';

t.setTimeout(240_000);

t.test('caught at the gate, before harm is done', async (t) => {
  for (const plant of atTheGate) await expectCaught(t, plant);
});

t.test('caught by what comes of it', async (t) => {
  for (const plant of byConsequence) await expectCaught(t, plant);
});

t.test('the seeds that catch them are innocent without a bug', async (t) => {
  for (let seed = 1; seed <= 30; seed++) {
    const { failure } = await runSeed({ seed, options: hotOptions });
    if (failure !== undefined) t.fail(failure.text);
  }
  t.pass('30 seeds hold');
});

t.test('the rare ones are caught by a script', async (t) => {
  for (const { name, file } of scripted) {
    const text = readFileSync(join(process.cwd(), 'test/script/scenarios', file), 'utf8');
    t.match(text, `plant=${name}`, `${file} plants ${name}`);
    t.not(runScenario(text).disagreements.length, 0, `${name}: two servers commit different values`);
    t.same(runScenario(text.replace(` plant=${name}`, '')).disagreements, [], `without ${name} they do not`);
  }
});

t.test('no planted bug is forgotten', async (t) => {
  const bySeeds = new Set([...atTheGate, ...byConsequence, ...outside].map(({ name }) => name));
  // What a change of the members could get wrong is planted where members change: test/paxos/members.test.ts.
  const elsewhere: readonly PlantName[] = ['promisesKept'];
  const caught = new Set([...bySeeds, ...scripted.map(({ name }) => name), ...elsewhere]);
  for (const name of plantNames) t.ok(caught.has(name), name);
  t.ok(caught.size >= 25, `${caught.size} bugs`);
  const soon = [...atTheGate, ...byConsequence, ...outside].filter(({ budget }) => budget <= 100);
  t.ok(new Set(soon.map(({ name }) => name)).size >= 15, 'at least fifteen within 100 seeds each');
});
