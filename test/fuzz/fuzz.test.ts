/** Ten seconds of fuzzing with a fixed seed, and inputs that were interesting once; `npm run fuzz` does the rest. */
import t from 'tap';
import { Campaign } from './campaign.js';
import { loadCorpus } from './corpus.js';
import { Broken, type Target } from './target.js';
import { targets } from './targets/index.js';

const seed = Number(process.env.SEED ?? 20260501);
t.comment(`seed ${seed}`);
/** Of the processor for each target. */
const shareMs = 350;

for (const target of targets) {
  t.test(`${target.name}: ${target.about}`, async (t) => {
    const corpus = loadCorpus(target.name);
    const campaign = new Campaign(target, { seed, corpus });
    await campaign.begin();
    await campaign.runFor(shareMs);
    for (const { input, what } of campaign.findings) t.fail(`${target.name} of ${input.toString('hex')}: ${what}`);
    t.ok(campaign.inputs > 0 && campaign.answers.size > 1, `${campaign.inputs} inputs, ${corpus.length} of the corpus`);
  });
}

t.test('what a reader does not stand is found, once, and made small', async (t) => {
  const weak: Target = {
    name: 'weak',
    about: 'breaks at the byte 7 behind an X',
    seeds: () => [Buffer.from('hello X world, this is long')],
    read: (input) => {
      const at = input.indexOf('X');
      if (at >= 0 && input[at + 1] === 7) throw new Broken(`byte ${at} of ${input.length}`);
      return at < 0 ? 'no X' : 'X';
    },
  };
  const campaign = new Campaign(weak, { seed: 1, corpus: [] });
  await campaign.begin();
  await campaign.runFor(1_000);
  t.equal(campaign.findings.length, 1, `${campaign.inputs} inputs`);
  t.same(campaign.findings[0]?.input, Buffer.from('X\x07'));
});
