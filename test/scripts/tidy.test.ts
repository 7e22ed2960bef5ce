/**
 * The house rules themselves: each is broken once in a small tree and must be noticed, at its line and with a remedy.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { inspect } from '../../scripts/tidy/inspect.js';
import { rewrapComments } from '../../scripts/tidy/rewrap.js';

const tidy = fileURLToPath(new URL('../../scripts/tidy.js', import.meta.url));

/** A tree that keeps every rule; tests change one file of it. */
const clean: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ version: '1.2.3', dependencies: { thing: '1.0.0' } }),
  'package-lock.json': '{\n  "packages": {}\n}\n',
  'CHANGELOG.md': '# Changelog\n\n## 1.2.3\n\nSee [the guide](docs/GUIDE.md#first-steps).\n',
  'docs/GUIDE.md': '# Guide\n\n## First steps\n',
  'src/cli/main.ts': "/** The program. */\nimport { a } from '../paxos/index.js';\nconsole.log(a, Date.now());\n",
  'src/client/index.ts': '/** The API. */\nexport const api = 1;\n',
  'src/paxos/index.ts': "/** Paxos. */\nimport type { B } from '../wire/index.js';\nexport const a: B = 1;\n",
  'src/wire/index.ts': "/** Wire. */\nexport type { B } from './b.js';\n",
  'src/wire/b.ts': '/** A number. */\nexport type B = number;\n',
  'test/paxos/a.test.ts': "/** Tests. */\nimport t from 'tap';\nt.test('a', async (t) => t.ok(1));\n",
};

function plant(root: string, changes: Readonly<Record<string, string>>): void {
  for (const [file, text] of Object.entries({ ...clean, ...changes })) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  mkdirSync(path.join(root, '.ci'), { recursive: true });
  writeFileSync(path.join(root, '.ci/run'), '', { mode: 0o755 });
}

/** The complaints about the clean tree with these changes, as the program prints them. */
function complaintsAbout(root: string, changes: Readonly<Record<string, string>>): string[] {
  plant(root, changes);
  return inspect(root).complaints.map(({ file, line, text }) => `${file}${line > 0 ? `:${line}` : ''}: ${text}`);
}

function run(root: string, changes: Readonly<Record<string, string>>, args: readonly string[] = []) {
  plant(root, changes);
  const done = spawnSync(process.execPath, [tidy, root, ...args], { encoding: 'utf8' });
  return { code: done.status, lines: done.stdout.trimEnd().split('\n'), err: done.stderr };
}

t.test('a clean tree passes', async (t) => {
  const { code, lines, err } = run(t.testdir(), {});
  t.equal(err, '');
  t.strictSame(lines, ['tidy: 6 sources and 2 documents keep the house rules']);
  t.equal(code, 0);
});

const paxos = (line: string): Record<string, string> => ({
  'src/paxos/index.ts': `/** Paxos. */\n${line}\nexport const a = 1;\nexport type { B } from '../wire/index.js';\n`,
});
/** A file of the proxy's plan, and one of its engine, which is not pure. */
const plan = (line: string): Record<string, string> => ({
  'src/client/index.ts': "/** The API. */\nexport * from '../wire/index.js';\n",
  'src/cli/main.ts': "/** The program. */\nimport '../proxy/index.js';\nimport '../paxos/index.js';\n",
  'src/proxy/index.ts': "/** The face. */\nexport * from './engine/clock.js';\nexport * from './plan/book.js';\n",
  'src/proxy/engine/clock.ts': "/** Not pure. */\nimport 'node:net';\nexport const now = process.hrtime;\n",
  'src/proxy/rules/drop.ts': "/** Drop. */\nimport type { B } from '../../wire/index.js';\nexport const drop: B = 1;\n",
  'src/proxy/plan/book.ts': `/** The book. */\nimport '../rules/drop.js';\n${line}\n`,
});
const broken: readonly { what: string; files: Record<string, string>; says: RegExp }[] = [
  {
    what: 'an import that points up',
    files: { 'src/wire/b.ts': "/** B. */\nimport { a } from '../paxos/index.js';\nexport type B = typeof a;\n" },
    says: /^src\/wire\/b\.ts:2: wire must not import paxos/,
  },
  {
    what: 'an import past a face',
    files: paxos("import type { B } from '../wire/b.js';\nexport const b: B = 1;"),
    says: /^src\/paxos\/index\.ts:2: .*index\.js/,
  },
  {
    what: 'an import of a type by import()',
    files: paxos("export type C = import('../wire/b.js').B;"),
    says: /^src\/paxos\/index\.ts:2: .*index\.js/,
  },
  { what: 'a node module in a pure folder', files: paxos("import 'node:fs';"), says: /:2: paxos is pure/ },
  { what: 'a package in a pure folder', files: paxos("export * from 'pino';"), says: /:2: paxos is pure/ },
  {
    what: 'a node module in a pure folder of a folder that is not',
    files: plan("import 'node:net';"),
    says: /^src\/proxy\/plan\/book\.ts:3: proxy\/plan is pure and imports 'node:net'/,
  },
  {
    what: 'an import from what is pure to what is not, within one folder',
    files: plan("import { now } from '../engine/clock.js';\nexport const then = now;"),
    says: /^src\/proxy\/plan\/book\.ts:3: proxy\/plan is pure and imports '\.\.\/engine\/clock\.js', which is not/,
  },
  {
    what: 'the process in such a folder',
    files: plan('export const p = process.pid;'),
    says: /^src\/proxy\/plan\/book\.ts:3: process is banned here/,
  },
  {
    what: 'the date in such a folder',
    files: plan('export const d = new Date(5);'),
    says: /^src\/proxy\/plan\/book\.ts:3: Date is banned here/,
  },
  { what: 'src that imports tests', files: paxos("import '../../test/paxos/a.test.js';"), says: /:2: src imports/ },
  {
    what: 'a folder without a place',
    files: { 'src/misc/x.ts': '/** X. */\n' },
    says: /^src\/misc\/x\.ts: folder src\/misc/,
  },
  {
    what: 'the date in a pure folder',
    files: paxos('export const now = Date.now();'),
    says: /:2: Date is banned here/,
  },
  { what: 'a new Date', files: paxos('export const now = new Date();'), says: /:2: Date is banned here/ },
  {
    what: 'a timer in a pure folder',
    files: paxos('setTimeout(() => undefined, 1);'),
    says: /:2: setTimeout is banned here/,
  },
  { what: 'chance', files: paxos('export const r = Math.random();'), says: /:2: Math\.random is banned here/ },
  { what: 'the process', files: paxos('export const p = process.pid;'), says: /:2: process is banned here/ },
  {
    what: 'chance at an edge, too',
    files: { 'src/cli/main.ts': "/** Program. */\nimport '../paxos/index.js';\nMath.random();\n" },
    says: /^src\/cli\/main\.ts:3: Math\.random is banned here/,
  },
  {
    what: 'a timer outside the clock',
    files: { 'src/client/index.ts': '/** API. */\nexport const timer = setInterval(() => undefined, 1);\n' },
    says: /^src\/client\/index\.ts:2: setInterval is banned here: take a Clock/,
  },
  {
    what: 'the present outside the clock',
    files: {
      'src/client/index.ts': '/** API. */\nexport const shown = new Date(5);\nexport const now = new Date();\n',
    },
    says: /^src\/client\/index\.ts:3: new Date is banned here: take a Clock/,
  },
  {
    what: 'an exit in the library',
    files: { 'src/client/index.ts': '/** API. */\nprocess.exit(1);\n' },
    says: /:2: process\.exit is banned here/,
  },
  {
    what: 'the console in the library',
    files: { 'src/client/index.ts': "/** API. */\nconsole.log('x');\n" },
    says: /:2: console is banned here/,
  },
  { what: 'a note to oneself', files: paxos(`// ${'TO'}DO: later`), says: /:2: leftover/ },
  {
    what: 'a test that runs alone',
    files: { 'test/paxos/a.test.ts': "/** T. */\nimport t from 'tap';\nt.only('a');\n" },
    says: /:3: \.only\(\)/,
  },
  {
    what: 'a test switched off',
    files: { 'test/paxos/a.test.ts': "/** T. */\nimport t from 'tap';\nt.skip('a');\n" },
    says: /:3: \.skip\(\)/,
  },
  {
    what: 'a file without a first sentence',
    files: { 'src/wire/b.ts': 'export type B = number;\n' },
    says: /^src\/wire\/b\.ts:1: does not open/,
  },
  { what: 'a wide line', files: paxos(`export const w = ${'1 + '.repeat(30)}1;`), says: /:2: 139 columns/ },
  {
    what: 'a file that nothing imports',
    files: { 'src/wire/lost.ts': '/** Lost. */\n' },
    says: /^src\/wire\/lost\.ts: nothing imports/,
  },
  {
    what: 'a link to nowhere',
    files: { 'docs/GUIDE.md': '# Guide\n\n## First steps\n\n[x](gone.md)\n' },
    says: /^docs\/GUIDE\.md:5: link to gone\.md/,
  },
  {
    what: 'an anchor to nowhere',
    files: { 'docs/GUIDE.md': '# Guide\n\n[x](#last-steps)\n## First steps\n' },
    says: /^docs\/GUIDE\.md:3: .*no such heading/,
  },
  {
    what: 'a version range',
    files: { 'package.json': '{"version":"1.2.3","dependencies":{"thing":"^1.0.0"}}' },
    says: /^package\.json: thing is "\^1\.0\.0"/,
  },
  {
    what: 'a version range among the clients of a bench',
    files: {
      'bench/peers/clients/package.json': '{"dependencies":{"thing":"1.x"}}',
      'bench/peers/clients/package-lock.json': '{"packages":{}}',
    },
    says: /^bench\/peers\/clients\/package\.json: thing is "1\.x"/,
  },
  {
    what: 'a lock file of those clients with addresses',
    files: {
      'bench/peers/clients/package.json': '{}',
      'bench/peers/clients/package-lock.json': '{\n  "resolved": "x",\n  "packages": {}\n}\n',
    },
    says: /^bench\/peers\/clients\/package-lock\.json:2: names a registry/,
  },
  {
    what: 'a launcher that is missing',
    files: { 'package.json': '{"version":"1.2.3","bin":{"x":"bin/x"}}' },
    says: /^bin\/x: is missing/,
  },
  {
    what: 'a launcher that cannot start',
    files: { 'package.json': '{"version":"1.2.3","bin":{"x":"bin/x"}}', 'bin/x': '' },
    says: /^bin\/x: can't be started/,
  },
  {
    what: 'a version without changes',
    files: { 'package.json': '{"version":"1.3.0"}' },
    says: /^CHANGELOG\.md: has no section/,
  },
  {
    what: 'a lock file that lacks another platform',
    files: { 'package-lock.json': '{"packages":{"node_modules/a":{"optionalDependencies":{"a-win32":"1.0.0"}}}}' },
    says: /^package-lock\.json: lacks the optional a-win32/,
  },
  {
    what: 'a lock file with addresses',
    files: { 'package-lock.json': '{\n  "resolved": "x"\n}\n' },
    says: /^package-lock\.json:2: names a registry/,
  },
];
for (const { what, files, says } of broken) {
  t.test(what, async (t) => {
    const lines = complaintsAbout(t.testdir(), files);
    const complaint = lines.find((line) => says.test(line));
    t.ok(complaint, `one line matches ${says}`, { lines });
    t.match(complaint, /: .+/, 'with its remedy');
  });
}

t.test('packages that a part of the tree installed for itself are not judged', async (t) => {
  const files = { 'bench/peers/clients/node_modules/thing/index.d.ts': 'export const x: number;\n' };
  t.strictSame(complaintsAbout(t.testdir(), files), []);
});

t.test('the pure folders of the proxy import wire, base and each other; its engine may do more', async (t) => {
  t.strictSame(complaintsAbout(t.testdir(), plan('export const one = 1;')), []);
});

t.test('a broken rule ends the program with 1', async (t) => {
  const { code, lines } = run(t.testdir(), { 'src/wire/lost.ts': '/** Lost. */\n' });
  t.equal(code, 1);
  t.strictSame(lines, [
    'src/wire/lost.ts: nothing imports this file: use it, or delete it',
    'tidy: 1 broken house rules',
  ]);
});

t.test('what only looks like a broken rule is left alone', async (t) => {
  const lines = complaintsAbout(t.testdir(), {
    ...paxos(
      "export const d = { Date: 1 };\nexport const e = d.Date; // Date.now() in words\nexport const s = 'setTimeout';",
    ),
    'docs/GUIDE.md':
      '# Guide\n\n## First steps\n\n`[x](gone.md)` and [web](https://example.org)\n\n```\n[y](gone.md)\n```\n',
  });
  t.strictSame(lines, []);
});

t.test('--fix wraps wide comments and nothing else', async (t) => {
  const root = t.testdir();
  const words = 'word '.repeat(30).trim();
  const { code } = run(root, paxos(`/** ${words}. */\n// ${words}`), ['--fix']);
  t.equal(code, 0);
  const mended = readFileSync(path.join(root, 'src/paxos/index.ts'), 'utf8');
  t.ok(mended.split('\n').every((line) => line.length <= 120));
  t.equal(mended.match(/word/g)?.length, 60, 'no word is lost');
});

t.test('wrapping again changes nothing, and keeps lists and indents', async (t) => {
  const text = ['  /**', `   * - ${'alpha '.repeat(12)}end`, '   */', `const code = '${'x'.repeat(60)}';`].join('\n');
  const once = rewrapComments(text, 40);
  t.match(once, /^ {3}\* - alpha alpha/m);
  t.match(once, /^ {3}\* {3}alpha/m, 'the rest stands under the first word');
  t.match(once, `const code = '${'x'.repeat(60)}';`);
  t.equal(rewrapComments(once, 40), once);
});

const comment = (...lines: readonly string[]): string =>
  ['/**', ...lines.map((line) => ` * ${line}`), ' */'].join('\n');

t.test('a comment is wrapped to the end of its paragraph, and no further', async (t) => {
  const next = [
    '',
    'Another',
    'paragraph.',
    '- an item',
    '- and another',
    '@throws never',
    '| a | table |',
    '```',
    'x',
    '```',
  ];
  const text = comment('Eleven words, which are four too many for a line', 'like this one, and', 'then some.', ...next);
  t.equal(
    rewrapComments(text, 40),
    comment('Eleven words, which are four too many', 'for a line like this one, and then', 'some.', ...next),
  );
  const items = comment('- alpha beta gamma delta epsilon zeta eta theta', '  iota', '- kappa', 'lambda');
  t.equal(
    rewrapComments(items, 40),
    comment('- alpha beta gamma delta epsilon zeta', '  eta theta iota', '- kappa', 'lambda'),
  );
  const slashes = ['  // alpha beta gamma delta epsilon zeta eta', '  // theta.', '  //   code()', '  run();'].join(
    '\n',
  );
  t.equal(
    rewrapComments(slashes, 40),
    ['  // alpha beta gamma delta epsilon zeta', '  // eta theta.', '  //   code()', '  run();'].join('\n'),
  );
});

t.test('a scrap that an earlier wrapping left in the midst of a paragraph goes into the next line', async (t) => {
  const text = comment('alpha beta gamma delta epsilon zeta', 'theta', 'iota kappa lambda', 'end.');
  const whole = comment('alpha beta gamma delta epsilon zeta', 'theta iota kappa lambda end.');
  t.equal(rewrapComments(text, 40), whole);
  t.equal(rewrapComments(whole, 40), whole);
  for (const kept of [
    comment('Lines that somebody broke:', 'one', 'two', 'three'),
    comment('alpha beta gamma delta epsilon zeta', 'theta', '', 'iota'),
    comment('alpha beta gamma delta epsilon zeta', 'theta', '- iota'),
    comment('alpha beta gamma delta epsilon zeta', 'theta with many more words', 'end.'),
  ])
    t.equal(rewrapComments(kept, 40), kept);
});
