/** docs/CHAT.md holds the tables of keys and commands that the program uses. `SYNOD_RECORD=1` writes them anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { commands } from '../../src/tui/model/commands.js';
import { keyHelp } from '../../src/tui/model/keys.js';
import { stateSigns } from '../../src/tui/model/own-line.js';

const page = 'docs/CHAT.md';

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

const keys = keyHelp().flatMap(({ group, rows }) =>
  rows.map(([key, help], index) => `| ${index === 0 ? group : ''} | \`${cell(key)}\` | ${cell(help)} |`),
);
const listed = commands.map(({ usage, help, needs }) => {
  const what = [needs?.screen === true ? 'the full screen' : '', needs?.faults === true ? 'a fault proxy' : ''];
  return `| \`${cell(usage)}\` | ${cell(help)} | ${what.filter((one) => one !== '').join(', ')} |`;
});
const tables: Readonly<Record<string, readonly string[]>> = {
  keys: ['| | Keys | |', '|---|---|---|', ...keys],
  commands: ['| Command | | Needs |', '|---|---|---|', ...listed],
};

/** The page with the table behind the mark replaced. */
function withTable(text: string, mark: string, table: readonly string[]): string {
  const [head, rest = ''] = text.split(`<!-- ${mark} -->\n`);
  return `${head}<!-- ${mark} -->\n${table.join('\n')}\n${rest.replace(/^(\|.*\n)*/, '')}`;
}

t.test('the tables of the manual are those of the program', async (t) => {
  const found = readFileSync(page, 'utf8');
  let wanted = found;
  for (const [mark, table] of Object.entries(tables)) wanted = withTable(wanted, mark, table);
  if (process.env.SYNOD_RECORD === '1') writeFileSync(page, wanted);
  else t.equal(found, wanted, 'run it with SYNOD_RECORD=1 after a change of the tables');
  t.ok(keys.length > 30 && listed.length > 20);
});

t.test('so are the signs of the states', async (t) => {
  const text = readFileSync(page, 'utf8');
  for (const { glyph, ascii, word } of Object.values(stateSigns))
    t.ok(text.includes(`| ${glyph} | \`${ascii}\` | ${word} |`), word);
});
