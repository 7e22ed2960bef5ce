/** docs/CONFIGURATION.md has every option in its tables, and its examples are right. `SYNOD_RECORD=1` writes tables. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { CommandSpec, OptionRule, OptionSpec } from '../../../src/cli/command.js';
import { everyProblemOf } from '../../../src/cli/config/commands.js';
import { readContents } from '../../../src/cli/config/sections.js';
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

/** One rule in words, with where it holds where that is not everywhere. */
function ruleRow(option: OptionSpec, rule: OptionRule, holders: readonly CommandSpec[]): string {
  const others = rule.others.map((name) => `\`${name}\``).join(', ');
  const words = { needs: `needs ${others}`, excludes: `not with ${others}`, fits: `must fit ${others}` }[rule.kind];
  const because = rule.kind === 'fits' ? '' : `: it ${rule.because}`;
  const havers = configurable.filter((spec) => optionsOf(spec).some(({ name }) => name === option.name));
  const where =
    havers.length === holders.length ? 'wherever it is' : holders.map((spec) => `[${sectionOf(spec)}]`).join(' ');
  return `| \`${option.name}\` | ${cell(words + because)} | ${where} |`;
}

const holders = new Map<string, { option: OptionSpec; rule: OptionRule; specs: CommandSpec[] }>();
for (const spec of configurable) {
  for (const option of optionsOf(spec)) {
    for (const rule of option.rules ?? []) {
      const key = JSON.stringify([option.name, rule]);
      const known = holders.get(key) ?? { option, rule, specs: [] };
      known.specs.push(spec);
      holders.set(key, known);
    }
  }
}
const rules = [
  ...['| Option | | In |', '|---|---|---|'],
  ...[...holders.values()].map(({ option, rule, specs }) => ruleRow(option, rule, specs)),
];

t.test('the tables have every option of every command, and every rule', async (t) => {
  expectTables(t, page, { rules, options: table });
  t.ok(table.length > 100, `${table.length} lines`);
});

t.test('the examples are right', async (t) => {
  const examples = [...readFileSync(page, 'utf8').matchAll(/```toml\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  t.ok(examples.length >= 2);
  for (const text of examples) {
    t.strictSame(await everyProblemOf(readContents({ name: page, text }, configurable), {}), [], text);
  }
});

t.test('the mistakes it shows are told as it says', async (t) => {
  const text = readFileSync(page, 'utf8');
  const [, file = '', said = ''] = /```text\n([\s\S]*?)```[\s\S]*?```console\n([\s\S]*?)```/.exec(text) ?? [];
  const problems = await everyProblemOf(readContents({ name: '/etc/synod.toml', text: file }, configurable), {});
  const [command, ...lines] = said.trimEnd().split('\n');
  t.equal(command, '$ synod config check /etc/synod.toml');
  t.strictSame(
    lines,
    problems.map((problem) => `synod: ${problem}`),
  );
});
