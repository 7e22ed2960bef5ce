/** The completion scripts are really run: bash by its function, fish by `complete -C`, zsh in a terminal with Tab. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { commands } from '../../src/cli/command-table.js';
import { bashCompletion } from '../../src/cli/completion/bash.js';
import { fishCompletion } from '../../src/cli/completion/fish.js';
import { completedCommands } from '../../src/cli/completion/words.js';
import { zshCompletion } from '../../src/cli/completion/zsh.js';
import { topics } from '../../src/cli/topics.js';
import { noTmux, Tmux } from '../support/tmux.js';
import { run } from './program.js';

t.setTimeout(120_000);

/** What is typed before Tab, and words that must be offered; nothing else may be where `only` says so. */
const cases: readonly { typed: string; offers: readonly string[]; only?: true }[] = [
  { typed: 'synod ', offers: [...commands.map(({ name }) => name.split(' ')[0] ?? ''), 'help'], only: true },
  { typed: 'synod se', offers: ['send', 'server'], only: true },
  { typed: 'synod server --fsync ', offers: ['always', 'never'], only: true },
  { typed: 'synod balancer --log-level ', offers: ['debug', 'info', 'warn', 'error'], only: true },
  { typed: 'synod bench run --arrivals ', offers: ['uniform', 'poisson'], only: true },
  { typed: 'synod bench ', offers: ['run', 'report'], only: true },
  { typed: 'synod server ', offers: ['replace'], only: true },
  { typed: 'synod link ', offers: ['ls', 'cut', 'heal'] },
  { typed: 'synod fault ', offers: ['run', 'stop', 'show'] },
  { typed: 'synod completion ', offers: ['bash', 'zsh', 'fish'], only: true },
  { typed: 'synod help ', offers: topics.map(({ name }) => name) },
  { typed: 'synod server --data-dir ', offers: ['a-folder'] },
  { typed: 'synod log dump ', offers: ['a-folder'] },
  { typed: 'synod bench report ', offers: ['a-file.json'] },
  ...completedCommands()
    .filter(({ options }) => options.length > 0)
    .map(({ line, options }) => ({ typed: `${line} --`, offers: options.map(({ name }) => `--${name}`) })),
];

/** A folder with the script, and with something to offer where files are asked for. */
function home(t: Test, script: string): string {
  const folder = t.testdir({ 'a-folder': {}, 'a-file.json': '{}' });
  writeFileSync(path.join(folder, 'script'), script);
  return folder;
}

function judge(t: Test, given: readonly string[], { typed, offers, only }: (typeof cases)[number]): void {
  const words = given.map((word) => word.replace(/\/$/, ''));
  for (const offer of offers) t.ok(words.includes(offer), `${typed}<Tab> offers ${offer}: ${words.join(' ')}`);
  if (only) t.equal(words.length, new Set(offers).size, `${typed}<Tab> offers nothing else: ${words.join(' ')}`);
}

t.test('bash', async (t) => {
  const folder = home(t, bashCompletion());
  /** The words as bash hands them to the function; `--x=y` is three of them. */
  const complete = (words: readonly string[]): string[] => {
    const call = 'source ./script; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _synod';
    const ask = `${call}; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const options = { cwd: folder, encoding: 'utf8' } as const;
    return execFileSync('bash', ['--norc', '-c', ask, 'bash', ...words], options)
      .split('\n')
      .filter((line) => line !== '');
  };
  for (const one of cases) judge(t, complete(one.typed.split(' ')), one);
  t.same(complete(['synod', 'server', '--fsync', '=', 'al']), ['always'], 'after an equals sign');
  t.same(complete(['synod', 'server', '--fsync', '=']), ['always', 'never']);
  t.same(complete(['synod', 'server', '-fsync', 'n']), ['never'], 'as Go writes it');
  t.same(complete(['/usr/bin/synod', 'server', '--fs']), ['--fsync'], 'by its path');
  t.same(complete(['synod', 'server', '--id', '']), [], 'nothing where nobody can know');
  t.match(
    execFileSync('bash', ['--norc', '-c', 'source ./script; complete -p srunner'], { cwd: folder, encoding: 'utf8' }),
    /-F _synod srunner/,
  );
});

t.test('fish', { skip: missing('fish') }, async (t) => {
  const folder = home(t, fishCompletion());
  const complete = (typed: string): string[] => {
    const ask = `source ./script; complete -C '${typed}'`;
    const options = { cwd: folder, encoding: 'utf8', env: { ...process.env, HOME: folder } } as const;
    return execFileSync('fish', ['--no-config', '-c', ask], options)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.split('\t')[0] ?? '');
  };
  for (const one of cases) judge(t, complete(one.typed), one);
  t.same(complete('synod server --fsync=al'), ['--fsync=always']);
});

t.test('zsh', { skip: missing('zsh') || noTmux }, async (t) => {
  const folder = home(t, zshCompletion());
  const tmux = await Tmux.start({ columns: 200, rows: 50 });
  t.teardown(() => tmux.end());
  // One Tab lists, and never begins to choose.
  const calm = 'LISTMAX=500; setopt no_auto_menu no_list_ambiguous';
  const prepare = `autoload -U compinit && compinit -u -D && source ./script; ${calm}; clear`;
  await tmux.say(`cd ${folder} && PS1='zsh%% ' exec zsh -f -i`);
  await tmux.waitForRow("zsh's prompt", (row) => row === 'zsh%', 20_000);
  await tmux.say(prepare);
  for (const { typed, offers } of cases) {
    await tmux.waitFor('an empty screen', (rows) => rows[0] === 'zsh%' && rows[1] === '', 20_000);
    await tmux.type(typed);
    await tmux.press('Tab');
    const shows = (rows: readonly string[], offer: string): boolean =>
      rows
        .join(' ')
        .split(/[\s=/]+/)
        .includes(offer);
    await tmux.waitFor(`${offers.join(' ')} after ${typed}`, (rows) => offers.every((one) => shows(rows, one)), 20_000);
    t.pass(typed);
    await tmux.press('C-u', 'C-l');
  }
});

t.test('each closed set is what the program takes', async (t) => {
  for (const spec of commands) {
    for (const { name, choices } of spec.options) {
      if (choices === undefined) continue;
      for (const choice of choices) t.match(choice, /^[\w-]+$/, 'a word that no shell reads in its own way');
      const needed = spec.name === 'server' ? ['--id', '1'] : spec.name === 'bench run' ? ['--rate', '1'] : [];
      const args = [...spec.name.split(' '), ...needed, `--${name}`, 'nonsense'];
      const { code, err } = await run('synod', args, t.testdir());
      t.equal(code, 2, args.join(' '));
      t.match(err, `--${name} takes ${choices.join(' or ')}, not 'nonsense'`);
    }
    for (const verb of spec.verbs ?? []) t.match(spec.positional, new RegExp(`\\b${verb}\\b`), `${spec.name} ${verb}`);
  }
});

t.test('an unknown shell: which there are', async (t) => {
  const { code, err } = await run('synod', ['completion', 'tcsh'], t.testdir());
  t.equal(code, 2);
  t.match(err, /which shell\? One of bash, zsh, fish; see synod completion --help/);
});

/** For a test's `skip`: the shell's name where there is none. */
function missing(shell: string): string | false {
  return spawnSync(shell, ['--version']).status === 0 ? false : `${shell} is not installed`;
}
