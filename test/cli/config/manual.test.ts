/** docs/CONFIGURATION.md has every option in its tables, and its examples are right. `SYNOD_RECORD=1` writes tables. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { CommandSpec, OptionSpec } from '../../../src/cli/command.js';
import { readContents } from '../../../src/cli/config/sections.js';
import { problemsOf } from '../../../src/cli/config/sources.js';
import { configurable, optionsOf, sectionOf } from '../../../src/cli/config/table.js';
import { variablesOf } from '../../../src/cli/config/variables.js';
import { cell, expectTables } from '../../support/doc-tables.js';

const page = 'docs/CONFIGURATION.md';

function row(spec: CommandSpec, option: OptionSpec): string {
  const { name, value, default: standard, shownDefault, repeats, help } = option;
  const takes = value === undefined ? 'true, false' : `${value}${repeats === true ? ', a list' : ''}`;
  const byDefault = standard === undefined ? (shownDefault ?? (value === undefined ? 'false' : '')) : `\`${standard}\``;
  const variables = variablesOf(spec, option).map((variable) => `\`${variable.name}\``);
  return `| \`${name}\` | ${[takes, byDefault, variables.join(' ').replaceAll('` `', '`, `'), help].map(cell).join(' | ')} |`;
}

const table = configurable.flatMap((spec, index) => [
  ...(index === 0 ? ['| Key | Takes | Default | Variables | |', '|---|---|---|---|---|'] : []),
  `| **[${sectionOf(spec)}]** | | | | ${cell(spec.summary)} |`,
  ...optionsOf(spec).map((option) => row(spec, option)),
]);

t.test('the table has every option of every command', async (t) => {
  expectTables(t, page, { options: table });
  t.ok(table.length > 100, `${table.length} lines`);
});

t.test('the examples are right', async (t) => {
  const examples = [...readFileSync(page, 'utf8').matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  t.ok(examples.length >= 2);
  for (const text of examples) {
    t.strictSame(await problemsOf(readContents({ name: page, text }, configurable)), [], text);
  }
});

t.test('the mistakes it shows are told as it says', async (t) => {
  const text = readFileSync(page, 'utf8');
  const [, file = '', said = ''] = /```text\n([\s\S]*?)```[\s\S]*?```console\n([\s\S]*?)```/.exec(text) ?? [];
  const problems = await problemsOf(readContents({ name: '/etc/synod.toml', text: file }, configurable));
  const [command, ...lines] = said.trimEnd().split('\n');
  t.equal(command, '$ synod config check /etc/synod.toml');
  t.strictSame(
    lines,
    problems.map((problem) => `synod: ${problem}`),
  );
});
