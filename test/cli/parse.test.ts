/**
 * Command lines as people type them: the write-up's own, verbatim, and the mistakes that must end with 2 and a hint.
 */
import t from 'tap';
import type { CommandSpec, OldSpelling } from '../../src/cli/command.js';
import { commands, oldSpellings, test1 } from '../../src/cli/command-table.js';
import { UsageError } from '../../src/cli/go-flags.js';
import { parsed } from './parsed.js';

function specOf(program: string): { spec: CommandSpec; spelling?: OldSpelling } {
  if (program === 'test1') return { spec: test1 };
  const spelling = oldSpellings.find((old) => old.program === program);
  const spec = commands.find((candidate) => candidate.name === (spelling?.command ?? program)) as CommandSpec;
  return spelling === undefined ? { spec } : { spec, spelling };
}

function read(program: string, ...args: string[]) {
  const { spec, spelling } = specOf(program);
  return parsed(spec, args, spelling);
}

const understood: readonly { line: string; means: Record<string, string | undefined> }[] = [
  { line: 'lrunner', means: { listen: '127.0.0.1:8009', servers: '3', 'data-dir': './synod-data/balancer' } },
  { line: 'lrunner -hostPort=localhost:8010 -servers 5', means: { listen: 'localhost:8010', servers: '5' } },
  {
    line: 'srunner -master="localhost:8009" -port=9010 -id=1',
    means: { balancer: 'localhost:8009', listen: '127.0.0.1:9010', id: '1' },
  },
  { line: 'srunner', means: { balancer: '127.0.0.1:8009', listen: '127.0.0.1:9009', id: '0' } },
  { line: 'srunner -mode= --data-dir=/d --fsync never', means: { 'data-dir': '/d', fsync: 'never' } },
  { line: 'crunner -id=Aaron -port1=2002', means: { name: 'Aaron', balancer: '127.0.0.1:8009', room: '#lobby' } },
  { line: 'crunner', means: { name: 'Client' } },
  { line: 'crunner --name Lala --room ops', means: { name: 'Lala', room: 'ops' } },
  { line: 'chat', means: { name: undefined, history: 'all', timeout: '10s' } },
  { line: 'test1', means: { master: '127.0.0.1:8009', timeout: '40s' } },
  { line: 'test1 -timeout=60s -master localhost:1', means: { timeout: '60s', master: 'localhost:1' } },
];
for (const { line, means } of understood) {
  t.test(line, async (t) => {
    const [program = '', ...args] = line.split(' ');
    const { options } = read(program, ...args);
    for (const [name, value] of Object.entries(means)) t.equal(options.text(name), value, `--${name}`);
  });
}

t.test('every old spelling takes every option of its command', async (t) => {
  for (const spelling of oldSpellings) {
    const spec = specOf(spelling.program).spec;
    for (const option of spec.options.filter((candidate) => candidate.comesWith === undefined)) {
      const own = spelling.options.some((candidate) => candidate.name === option.name);
      const word = option.value === undefined ? `--${option.name}` : `--${option.name}=1`;
      const { options } = parsed(spec, [word], spelling);
      if (!own) t.ok(options.has(option.name), `${spelling.program} ${word}`);
    }
  }
});

t.test('switches, and words after --', async (t) => {
  const replace = commands.find(({ name }) => name === 'server replace') as CommandSpec;
  for (const [args, hasIt] of [
    [['3', '--with', '4'], false] as const,
    [['3', '-no-wait', '--with=4'], true] as const,
  ]) {
    const { options, positionals } = parsed(replace, args);
    t.equal(options.has('no-wait'), hasIt, 'a switch whose name begins with no-');
    t.equal(options.text('with'), '4');
    t.strictSame(positionals, ['3']);
  }
  const { options, positionals } = read('send', '--json', '--', '-not', '--an', 'option');
  t.ok(options.has('json'));
  t.strictSame(positionals, ['-not', '--an', 'option']);
});

const refused: readonly { line: string; says: string }[] = [
  { line: 'srunner port=9010', says: "unexpected argument 'port=9010' - did you mean -port=9010 ?" },
  { line: 'srunner -port=9010 extra', says: "unexpected argument 'extra'" },
  { line: 'srunner =prot=9010', says: "unexpected argument '=prot=9010' - did you mean -port=9010 ?" },
  { line: 'srunner -masster=x', says: "unknown option '-masster=x' - did you mean --master ?" },
  { line: 'srunner -p9010', says: "unknown option '-p9010'" },
  { line: 'server --listn 127.0.0.1:1', says: "unknown option '--listn' - did you mean --listen ?" },
  { line: 'crunner -id', says: '-id needs a value' },
  { line: 'status now', says: "unexpected argument 'now'" },
  { line: 'server --id 1 replce', says: "unexpected argument 'replce' - did you mean synod server replace ?" },
];
for (const { line, says } of refused) {
  t.test(`refused: ${line}`, async (t) => {
    const [program = '', ...args] = line.split(' ');
    t.throws(() => read(program, ...args), new UsageError(says));
  });
}

t.test("the write-up's own typing mistake works, with a warning", async (t) => {
  const { options, warnings } = read('srunner', '=master=localhost:8009', '-port=9010', '-id=1');
  t.equal(options.text('balancer'), 'localhost:8009');
  t.equal(options.text('id'), '1');
  t.strictSame(warnings, ["read '=master=localhost:8009' as -master=localhost:8009"]);
});
