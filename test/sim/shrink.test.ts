/** A run replays from its recorded faults, and shrinks to few of them with the same end. */
import t from 'tap';
import { hotOptions } from './hot-options.js';
import { calmOptions, scriptOptions } from './options.js';
import { plantSetup } from './planted/index.js';
import { runSeed } from './run.js';
import { judgeScript, type Script, scriptText } from './script.js';
import { shrink } from './shrink.js';

t.setTimeout(120_000);

t.test('a run from its recorded faults is the same run', async (t) => {
  for (const seed of [1, 2, 3]) {
    const { happened, options, result } = await runSeed({ seed });
    const faults = JSON.parse(JSON.stringify(happened));
    const again = await runSeed({ seed, options: { ...calmOptions, ...scriptOptions(options) }, faults });
    t.equal(again.result?.hash, result?.hash, `seed ${seed}, ${happened.length} faults`);
  }
});

t.test('a planted bug: the script is much smaller and still fails', async (t) => {
  const plant = 'duplicateVote';
  const setup = { ...plantSetup(plant), seed: 1, options: hotOptions };
  const shrunk = await shrink(setup, { secondsMax: 30 });
  t.ok(shrunk);
  if (shrunk === undefined) return;
  const { rule, seed, before, after, faults, options } = shrunk;
  t.ok(before.faults >= 50, `${before.faults} faults before`);
  t.ok(faults.length <= before.faults / 10, `${faults.length} faults after ${shrunk.runs} runs`);
  t.ok(after.simulatedUs <= before.simulatedUs, 'no longer than before');
  const script: Script = JSON.parse(scriptText({ about: 'shrunk', plant, rule, seed, options, faults }));
  t.equal(await judgeScript(script), undefined, 'with the bug it breaks the same rule, without it holds');
  t.match(
    await judgeScript({ ...script, rule: 'gapless streams' }),
    /did not break/,
    'another rule is not taken for it',
  );
  t.match(await judgeScript({ ...script, faults: [] }), /did not break/, 'without the faults the bug does not show');
});

t.test('a run that holds has nothing to shrink', async (t) => {
  t.equal(await shrink({ seed: 1, options: { safetyUs: 1_000_000 } }), undefined);
});
