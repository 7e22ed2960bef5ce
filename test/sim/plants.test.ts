/**
 * Every planted bug must be caught: by random seeds within a budget, and the rare ones by a scripted scenario. A bug
 * that is
 * not caught means that the faults are too weak or a checker is asleep (RELIABILITY.md, 3.1).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { noPlants, type Plants } from '../../src/paxos/index.js';
import { runScenario } from '../script/runner.js';
import type { ClusterSetup } from './cluster.js';
import { hotOptions } from './hot-options.js';
import { forgetfulChat } from './planted-chat.js';
import { runSeed } from './run.js';

t.setTimeout(240_000);

interface Plant {
  readonly name: keyof Plants | 'deduplicationOff';
  /** Seeds to try; several times what was needed when this was written. */
  readonly budget: number;
  /** The rules by which it may be caught: another one means that something else broke. */
  readonly rules: readonly string[];
  readonly setup?: Omit<ClusterSetup, 'seed' | 'plants'>;
}

/** What ends a run that is stuck. */
const liveness = ['acks resume', 'convergence'];
const agreement = ['one value per slot', 'applied before chosen', 'equal hashes', 'invariant'];

const byGate: readonly Plant[] = [
  { name: 'promiseForgotten', budget: 5, rules: ['frame before sync'] },
  { name: 'ackBeforeSync', budget: 5, rules: ['frame before sync', 'applied before chosen'] },
  { name: 'ballotReused', budget: 5, rules: ['frame before sync', 'one owner per ballot'] },
  { name: 'ungatedResend', budget: 80, rules: ['frame before sync'] },
];

/** The same and others, seen only by what they lead to. */
const byConsequence: readonly Plant[] = [
  { name: 'ackBeforeSync', budget: 10, rules: agreement, setup: { watchGate: false } },
  {
    name: 'ballotReused',
    budget: 60,
    rules: ['one owner per ballot', 'one value per ballot', ...agreement],
    setup: { watchGate: false },
  },
  { name: 'duplicateVote', budget: 40, rules: agreement },
  { name: 'noAdoption', budget: 20, rules: agreement },
  { name: 'wrongAdoption', budget: 60, rules: agreement },
  { name: 'acceptBelowPromise', budget: 200, rules: agreement },
  { name: 'commitOlderBallot', budget: 60, rules: agreement },
  { name: 'gapSkipped', budget: 200, rules: ['commit contiguous', ...liveness, ...agreement] },
  {
    name: 'deduplicationOff',
    budget: 10,
    rules: ['exactly once', 'ack is true', 'ack of something sent'],
    setup: { makeChat: forgetfulChat },
  },
];

async function expectCaught(t: Test, plant: Plant, options: ClusterSetup['options']): Promise<void> {
  const plants = plant.name === 'deduplicationOff' ? {} : { [plant.name]: true };
  for (let seed = 1; seed <= plant.budget; seed++) {
    const { failure } = await runSeed({ seed, ...(options === undefined ? {} : { options }), ...plant.setup, plants });
    // A bug may stop everything before it does worse; the search is for the worse, where that is asked for.
    if (failure === undefined || (liveness.includes(failure.rule) && !plant.rules.includes(failure.rule))) continue;
    t.ok(plant.rules.includes(failure.rule), `seed ${seed}: ${failure.text.split('\n')[0]}`);
    return;
  }
  t.fail(`${plant.name} was not caught by ${plant.budget} seeds`);
}

t.test('caught at the gate, before harm is done', async (t) => {
  for (const plant of byGate) await expectCaught(t, plant, undefined);
});

t.test('caught by what comes of it', async (t) => {
  for (const plant of byConsequence) await expectCaught(t, plant, hotOptions);
});

t.test('the seeds that catch them are innocent without a bug', async (t) => {
  for (let seed = 1; seed <= 40; seed++) {
    const { failure } = await runSeed({ seed, options: hotOptions });
    if (failure !== undefined) t.fail(failure.text);
  }
  t.pass('40 seeds hold');
});

const scripted: readonly { readonly name: keyof Plants; readonly file: string }[] = [
  { name: 'promiseForgotten', file: 'promise-forgotten-planted.txt' },
  { name: 'deposedCommit', file: 'deposed-leader-learns-planted.txt' },
  { name: 'commitOlderBallot', file: 'older-ballot-commit-planted.txt' },
];

t.test('the rare ones are caught by a script', async (t) => {
  for (const { name, file } of scripted) {
    const text = readFileSync(join(process.cwd(), 'test/script/scenarios', file), 'utf8');
    t.match(text, `plant=${name}`, `${file} plants ${name}`);
    t.not(runScenario(text).disagreements.length, 0, `${name}: two servers commit different values`);
    t.same(runScenario(text.replace(` plant=${name}`, '')).disagreements, [], `without ${name} they do not`);
  }
});

t.test('no planted bug is forgotten here', async (t) => {
  // What a change of the members could get wrong is planted where members change: test/paxos/members.test.ts.
  const elsewhere: readonly (keyof Plants)[] = ['promisesKept'];
  const caught = new Set([...[...byGate, ...byConsequence, ...scripted].map((plant) => plant.name), ...elsewhere]);
  for (const name of Object.keys(noPlants)) t.ok(caught.has(name as keyof Plants), name);
  t.ok(caught.size >= 12, 'at least twelve');
});
