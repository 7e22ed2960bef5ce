/** The benchmarks' command line: what is read, and that nothing unknown is passed over. */
import t from 'tap';
import { readOptions, UsageProblem } from '../../bench/options.js';

const spec = {
  numbers: { seconds: 5, rounds: 3 },
  switches: ['ci', 'store'],
  files: ['json'],
  words: ['rooms', 'servers'],
} as const;

t.test('words, numbers, switches and files', async (t) => {
  const none = readOptions([], spec);
  t.same(none.words, []);
  t.same(none.numbers, { seconds: 5, rounds: 3 });
  t.equal(none.switches.size, 0);
  const all = readOptions(['servers', 'rooms', '--ci', '--seconds', '0.5', '--json', 'out.json'], spec);
  t.same(all.words, ['servers', 'rooms']);
  t.same(all.numbers, { seconds: 0.5, rounds: 3 });
  t.ok(all.switches.has('ci') && !all.switches.has('store'));
  t.equal(all.files.json, 'out.json');
});

t.test('whatever is wrong is said, with what there is', async (t) => {
  const wrong = [
    ['clients'],
    ['--second', '5'],
    ['--seconds'],
    ['--seconds', 'many'],
    ['--seconds', '-1'],
    ['--json'],
    ['--json', '--ci'],
    ['--ci', 'rooms'],
    ['--toString', '1'],
  ];
  for (const args of wrong) {
    let thrown: unknown;
    try {
      readOptions(args, spec);
    } catch (error) {
      thrown = error;
    }
    t.ok(thrown instanceof UsageProblem, args.join(' '));
  }
  t.throws(() => readOptions(['--x'], spec), {
    message: '--x is not known; there is rooms servers --seconds 5 --rounds 3 --ci --store --json FILE',
  });
});
