/** Help fits 80 columns, names every option with its default, and shows two command lines that parse. */
import t from 'tap';
import type { CommandSpec } from '../../src/cli/command.js';
import { commands, oldSpellings, test1 } from '../../src/cli/command-table.js';
import { commandHelp, generalHelp } from '../../src/cli/help.js';
import { optionsOf, parse } from '../../src/cli/parse.js';
import { wrap } from '../../src/cli/wrap.js';

const pages = [
  ...[...commands, test1].map((spec) => ({ title: spec.name, spec, spelling: undefined })),
  ...oldSpellings.map((spelling) => {
    const spec = commands.find((candidate) => candidate.name === spelling.command) as CommandSpec;
    return { title: spelling.program, spec, spelling };
  }),
];

for (const { title, spec, spelling } of pages) {
  t.test(title, async (t) => {
    const text = commandHelp(spec, spelling);
    for (const line of text.split('\n')) t.ok([...line].length <= 80, `fits: ${line}`);
    for (const option of optionsOf(spec, spelling)) {
      t.match(text, `--${option.name}`);
      if (option.default !== undefined && spelling?.defaults[option.name] === undefined)
        t.match(text, `[${option.default}]`);
    }
    const examples = (spelling?.examples ?? spec.examples).map((line) => line.split('|').at(-1)?.trim() as string);
    t.equal(examples.length, 2, 'two examples');
    for (const example of examples) t.doesNotThrow(() => parseExample(example), example);
  });
}

/** The example's words (quotes as a shell reads them), parsed by the program it calls. */
function parseExample(example: string): void {
  const words = [...example.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map((match) => match[0].replace(/['"]/g, ''));
  const [program, ...args] = words as [string, ...string[]];
  const titles = program === 'synod' ? [args.slice(0, 2), args.slice(0, 1)] : [[program]];
  const title = titles.find((words) => pages.some((page) => page.title === words.join(' ')));
  const found = pages.find((page) => page.title === title?.join(' '));
  if (found === undefined || title === undefined) throw new Error(`no program ${program}`);
  parse(found.spec, program === 'synod' ? args.slice(title.length) : args, found.spelling);
}

t.test('the general help fits and lists every command', async (t) => {
  const text = generalHelp();
  for (const line of text.split('\n')) t.ok(line.length <= 80, `fits: ${line}`);
  for (const spec of commands) t.match(text, new RegExp(`^  ${spec.name} `, 'm'));
});

t.test('wrapping keeps every word and the width', async (t) => {
  const text = 'one two three four five six seven eight nine ten';
  for (let width = 5; width < 60; width++) {
    const lines = wrap(text, width);
    t.equal(lines.join(' '), text);
    t.ok(lines.every((line) => line.length <= width));
  }
});
