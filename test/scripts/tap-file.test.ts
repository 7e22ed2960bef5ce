/** The judge of one test file: every way in which a file can fail without saying so must count as failed. */
import t from 'tap';
import { type FileExit, TapFile } from '../../scripts/tap-file.js';

const clean: FileExit = { code: 0, signal: null, stderr: '' };

function judge(output: string, exit: Partial<FileExit> = {}) {
  const file = new TapFile();
  file.push(output);
  return file.end({ ...clean, ...exit });
}

t.test('counts assertions at every depth, and each once', async (t) => {
  const output = [
    'TAP version 14',
    '# Subtest: outer',
    '    # Subtest: inner',
    '        ok 1 - deep',
    '        1..1',
    '    ok 1 - inner',
    '    ok 2 - second',
    '    ok 3 - later # SKIP no redis-server here',
    '    1..3',
    'ok 1 - outer',
    '1..1',
    '',
  ].join('\n');
  t.match(judge(output), { passed: 2, skipped: 1, failures: [] });
});

t.test('a failed assertion carries its name, place and values', async (t) => {
  const output = [
    'TAP version 14',
    '# Subtest: sums',
    '    not ok 1 - one and one',
    '      ---',
    '      at:',
    '        fileName: test/sum.test.js',
    '        lineNumber: 7',
    '      diff: |',
    '        -2',
    '        +3',
    '      ...',
    '    1..1',
    'not ok 1 - sums',
    '1..1',
    '',
  ].join('\n');
  const result = judge(output, { code: 1 });
  t.equal(result.failures.length, 1, 'the parent is not counted a second time');
  t.match(result.failures[0]?.name, 'sums > one and one');
  t.match(result.failures[0]?.detail, 'at test/sum.test.js:7');
  t.match(result.failures[0]?.detail, '+3');
});

t.test('output may be cut anywhere', async (t) => {
  const output = Buffer.from('TAP version 14\nok 1 - größer\nnot ok 2 - kaputt\n1..2\n');
  for (let cut = 0; cut <= output.length; cut++) {
    const file = new TapFile();
    file.push(output.subarray(0, cut));
    file.push(output.subarray(cut));
    const result = file.end({ ...clean, code: 1 });
    if (result.passed !== 1 || result.failures.length !== 1) t.fail(`cut at byte ${cut}`, { result });
  }
  t.pass('every cut gives the same counts');
});

const silent: Record<string, { output: string; exit: Partial<FileExit>; says: RegExp }> = {
  'a crash on import': { output: '', exit: { code: 1, stderr: "Cannot find module './gone.js'" }, says: /ran no test/ },
  'no output at all': { output: '', exit: {}, says: /ran no test/ },
  'an empty plan': { output: 'TAP version 14\n1..0\n', exit: {}, says: /ran no test/ },
  'a plan that promises more': {
    output: 'TAP version 14\n1..3\nok 1 - a\n',
    exit: { code: 1 },
    says: /does not add up|plan/,
  },
  'no plan (the process stopped half-way)': {
    output: 'TAP version 14\nok 1 - a\n',
    exit: {},
    says: /does not add up|plan/,
  },
  'a bad exit code after good assertions': {
    output: 'TAP version 14\nok 1 - a\n1..1\n',
    exit: { code: 7 },
    says: /exit code 7/,
  },
  'a signal': { output: 'TAP version 14\nok 1 - a\n', exit: { code: null, signal: 'SIGSEGV' }, says: /SIGSEGV/ },
  'a bail-out': { output: 'TAP version 14\nok 1 - a\nBail out! no disk\n', exit: { code: 1 }, says: /no disk/ },
  'a time-out': {
    output: 'TAP version 14\nok 1 - a\n',
    exit: { code: null, signal: 'SIGKILL', timedOutAfterS: 9 },
    says: /longer than 9 s/,
  },
  'a test body that asserts nothing': {
    output: 'TAP version 14\n# Subtest: lazy\n    1..0\nok 1 - lazy\nok 2 - other\n1..2\n',
    exit: {},
    says: /lazy/,
  },
};
for (const [name, { output, exit, says }] of Object.entries(silent)) {
  t.test(`${name} counts as failed`, async (t) => {
    const result = judge(output, exit);
    t.ok(result.failures.length >= 1, 'there is a failure', { result });
    t.match(result.failures.map((failure) => failure.name).join('\n'), says);
    if (exit.stderr !== undefined) t.match(result.failures[0]?.detail, exit.stderr, 'what the process said is shown');
  });
}
