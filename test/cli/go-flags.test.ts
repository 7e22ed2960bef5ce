/** Go's flag grammar for declared options: every spelling means the same, and nothing undeclared is ever touched. */

import fc from 'fast-check';
import t from 'tap';
import { nearest } from '../../src/base/index.js';
import { normaliseGoFlags, UsageError } from '../../src/cli/go-flags.js';

const flags = [
  { name: 'id', isSwitch: false },
  { name: 'mode', isSwitch: false },
  { name: 'master', isSwitch: false },
  { name: 'data-dir', isSwitch: false },
  { name: 'json', isSwitch: true },
];
const normal = (...args: string[]) => normaliseGoFlags(args, flags).args;

const cases: readonly { args: string[]; becomes: string[] }[] = [
  { args: ['-id=1'], becomes: ['--id=1'] },
  { args: ['-id', '1'], becomes: ['--id=1'] },
  { args: ['--id=1'], becomes: ['--id=1'] },
  { args: ['--id', '1'], becomes: ['--id=1'] },
  { args: ['-mode=p:10::a:20::c:30'], becomes: ['--mode=p:10::a:20::c:30'] },
  { args: ['-mode='], becomes: ['--mode='] },
  { args: ['-master="localhost:8009"'], becomes: ['--master=localhost:8009'] },
  { args: ['-master', '"localhost:8009"'], becomes: ['--master=localhost:8009'] },
  { args: ['-json'], becomes: ['--json'] },
  { args: ['-json=true', '-json=T', '-json=1'], becomes: ['--json', '--json', '--json'] },
  { args: ['-json=false', '-json=0'], becomes: [] },
  { args: ['-json', 'false'], becomes: ['--json', 'false'] },
  { args: ['-id', '-json'], becomes: ['--id=-json'] },
  { args: ['-id=-5'], becomes: ['--id=-5'] },
  { args: ['-id=a=b'], becomes: ['--id=a=b'] },
  { args: ['-id=one\ntwo'], becomes: ['--id=one\ntwo'] },
  { args: ['--', '-id=1', '=master=x'], becomes: ['--', '-id=1', '=master=x'] },
  { args: ['-id', '--', '-json'], becomes: ['--id=--', '--json'] },
  {
    args: ['-p9010', '-b=false', '-m', 'x', '-', '=', '=master', '--nope=1'],
    becomes: ['-p9010', '-b=false', '-m', 'x', '-', '=', '=master', '--nope=1'],
  },
  { args: ['-ids=1', '-i=1', '-ID=1'], becomes: ['-ids=1', '-i=1', '-ID=1'] },
];
for (const { args, becomes } of cases) {
  t.test(args.join(' '), async (t) => t.strictSame(normal(...args), becomes));
}

t.test("the write-up's =master= is read as -master= with a warning", async (t) => {
  const { args, warnings } = normaliseGoFlags(['=master="localhost:8009"', '-id=1'], flags);
  t.strictSame(args, ['--master=localhost:8009', '--id=1']);
  t.strictSame(warnings, [`read '=master="localhost:8009"' as -master="localhost:8009"`]);
});

t.test('a missing value and a switch with a strange one are usage errors', async (t) => {
  t.throws(() => normal('-id'), new UsageError('-id needs a value'));
  t.throws(() => normal('-json=maybe'), new UsageError("-json takes true or false, not 'maybe'"));
});

const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);
t.comment(`fast-check seed ${seed}`);
const declared = fc.constantFrom(...flags.filter((flag) => !flag.isSwitch).map((flag) => flag.name));
// A value in a pair of quotes loses it, which is another case.
const value = fc.string().filter((text) => !/^".*"$/s.test(text));

t.test('all four spellings of a declared option mean the same, whatever the value', async (t) => {
  const spellings = fc.property(declared, value, (name, text) => {
    const expected = JSON.stringify([`--${name}=${text}`]);
    for (const args of [[`-${name}=${text}`], [`--${name}=${text}`], [`-${name}`, text], [`--${name}`, text]]) {
      if (JSON.stringify(normal(...args)) !== expected) throw new Error(`${JSON.stringify(args)} differs`);
    }
  });
  fc.assert(spellings, { seed });
  t.pass('property held');
});

t.test('undeclared words pass through byte for byte, and in place', async (t) => {
  const names = new Set(flags.map((flag) => flag.name));
  const strange = fc
    .oneof(
      fc.string(),
      fc.string().map((text) => `-${text}`),
      fc.string().map((text) => `--${text}`),
    )
    .filter((word) => word !== '--' && !names.has(word.replace(/^(--?|=)/, '').split('=')[0] as string));
  const untouched = fc.property(fc.array(strange), (words) => {
    const out = normal(...words, '-id=7', ...words);
    const expected = JSON.stringify([...words, '--id=7', ...words]);
    if (JSON.stringify(out) !== expected) throw new Error(`became ${JSON.stringify(out)}`);
  });
  fc.assert(untouched, { seed });
  t.pass('property held');
});

t.test('what follows -- is never read', async (t) => {
  const after = fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom('-id=1', '-json', '--'))), (words) => {
    if (JSON.stringify(normal('--', ...words)) !== JSON.stringify(['--', ...words])) throw new Error('touched');
  });
  fc.assert(after, { seed });
  t.pass('property held');
});

t.test('guesses are near, or not made at all', async (t) => {
  const names = flags.map((flag) => flag.name);
  t.equal(nearest('maser', names), 'master');
  t.equal(nearest('jsno', names), 'json', 'a swap is one step');
  t.equal(nearest('di', names), 'id');
  t.equal(nearest('datadir', names), 'data-dir');
  t.equal(nearest('zzzzzz', names), undefined);
});
