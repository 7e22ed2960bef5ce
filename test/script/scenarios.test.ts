/**
 * Every transcript in test/script/scenarios is run and compared with what was recorded; SYNOD_RECORD=1 records again.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { formatScenario, parseScenario, runScenario } from './runner.js';

const folder = join(process.cwd(), 'test/script/scenarios');
const record = process.env.SYNOD_RECORD === '1';

for (const name of readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .sort()) {
  t.test(name, async (t) => {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    t.match(text, /^# /, 'begins with a comment that tells the lesson');
    const { blocks, disagreements, planted } = runScenario(text);
    if (!planted) t.same(disagreements, [], 'no two servers commit different values in a slot');
    if (record) {
      writeFileSync(path, formatScenario(blocks));
      return;
    }
    for (const [at, wanted] of parseScenario(text).entries()) {
      t.same(blocks[at]?.output, wanted.output, `block ${at + 1}: ${wanted.commands.join('; ')}`);
    }
  });
}

t.test('the runner refuses what it does not know', async (t) => {
  t.throws(() => runScenario('servers 3\n----\n\nfly 1\n----\n'), /unknown command "fly 1"/);
  t.throws(() => runScenario('tick 1\n----\n'), /before "servers N"/);
  t.throws(() => runScenario('servers 3 plant=none\n----\n'), /unknown option/);
  t.throws(() => parseScenario('servers 3\n\n'), /without "----"/);
});

t.test('a scenario is the same every time, and its text survives parsing', async (t) => {
  const text = '# lesson\nservers 3 seed=5\nrun 1000\npropose 2 hello\nrun 500\nshow\n----\n';
  const first = runScenario(text);
  t.same(runScenario(text).blocks, first.blocks);
  t.same(parseScenario(formatScenario(first.blocks)), first.blocks);
  t.match(first.blocks[0]?.output.at(-1), /hello/, 'server 3 shows the proposal');
  const other = runScenario(text.replace('seed=5', 'seed=6'));
  t.notSame(other.blocks, first.blocks, 'another seed, another run');
});
