/** Manual pages: one for each command, sound roff, and every option of the table in it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import t from 'tap';
import { commands, oldSpellings, test1 } from '../../src/cli/command-table.js';
import { manPages, pageName, roff } from '../../src/cli/man-page.js';
import { optionsOf } from '../../src/cli/parse.js';
import { exitMeanings, topics } from '../../src/cli/topics.js';
import { readMode } from '../../src/proxy/index.js';
import { run } from './program.js';

const pages = manPages();

t.test('there is a page for synod, each command and each old spelling; the package names them', async (t) => {
  const names = ['', ...commands.map(({ name }) => name), ...oldSpellings.map(({ program }) => program), test1.name];
  t.same(
    pages.map(({ name }) => name),
    names.map(pageName),
  );
  const { man } = JSON.parse(readFileSync('package.json', 'utf8')) as { man: string[] };
  t.same([...man].sort(), pages.map(({ name }) => `./dist/man/${name}.1`).sort(), 'package.json, man');
});

for (const { name, text } of pages) {
  t.test(name, async (t) => {
    for (const title of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'])
      t.match(text, `\n.SH ${title}\n`);
    t.match(text, /^[\n -~]*$/, 'nothing but ASCII: whatever the reader makes of other bytes');
    const spec = commands.find((command) => pageName(command.name) === name);
    for (const option of spec === undefined ? [] : optionsOf(spec)) t.match(text, roff(`--${option.name}`));
    for (const [codes] of exitMeanings) t.match(text, `\n.B ${codes}\n`);
    const groff = ['-man', '-ww', '-Tutf8', '-z'];
    if (isInstalled('groff')) t.same(warnings('groff', groff, text), [], 'groff warns of nothing');
    // A date would make two builds of one release differ.
    const lint = ['-Tlint', '-W', 'warning'];
    if (isInstalled('mandoc'))
      t.same(
        warnings('mandoc', lint, text).filter((line) => !line.includes('missing date')),
        [],
      );
  });
}

t.test('roff: every sign stands for itself', async (t) => {
  t.equal(roff(".dot 'quote' a-b \\n ±…"), '\\&.dot \\(aqquote\\(aq a\\-b \\en \\[u00B1]\\[u2026]');
  t.equal(roff('a\n.b'), 'a\n\\&.b');
});

t.test('man shows it', { skip: isInstalled('man') ? false : 'man is not installed' }, async (t) => {
  const { out } = await run('synod', ['man', 'server'], t.testdir());
  const env = { ...process.env, MANWIDTH: '80', MANPAGER: 'cat', LC_ALL: 'C.UTF-8' };
  const shown = spawnSync('man', ['-l', '-'], { input: out, encoding: 'utf8', env });
  const plain = shown.stdout.replace(/.\x08/g, '');
  t.match(plain, /--fsync MODE\n\s+always, or never/);
  t.match(plain, /SYNOD-SERVER\(1\)/);
});

t.test('synod man: two words, none, and a page that is not there', async (t) => {
  const home = t.testdir();
  t.match((await run('synod', ['man'], home)).out, '.TH SYNOD 1');
  t.match((await run('synod', ['man', 'server', 'replace'], home)).out, '.TH SYNOD\\-SERVER\\-REPLACE 1');
  t.match(await run('synod', ['man', 'srever'], home), {
    code: 2,
    err: /no page for 'srever' - did you mean server \?/,
  });
});

t.test('help topics fit 80 columns, are found, and tell the truth', async (t) => {
  const home = t.testdir();
  for (const { name, text } of topics) {
    for (const line of text.split('\n')) t.ok(line.length <= 80, `fits: ${line}`);
    t.match(await run('synod', ['help', name], home), { code: 0, out: text, err: '' });
  }
  const letters = [...(topics.find(({ name }) => name === 'faults')?.text ?? '').matchAll(/^ {6}([a-z]) {2}/gm)];
  const known = [...'abcdefghijklmnopqrstuvwxyz'].filter((letter) => isFault(`${letter}:1`));
  t.same(letters.map((found) => found[1] ?? '').sort(), known, 'every letter of the grammar, and no other');
  const readme = readFileSync('README.md', 'utf8');
  for (const [codes] of exitMeanings) t.match(readme, new RegExp(`\\b${codes} `), `README names ${codes}`);
});

function isFault(item: string): boolean {
  try {
    return readMode(item).length === 1;
  } catch {
    return false;
  }
}

function isInstalled(tool: string): boolean {
  return spawnSync(tool, ['--help'], { stdio: 'ignore' }).error === undefined;
}

function warnings(tool: string, args: readonly string[], text: string): string[] {
  const { stdout, stderr } = spawnSync(tool, args, { input: text, encoding: 'utf8' });
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
}
