/** docs/CHAT.md holds the tables of keys and commands that the program uses. `SYNOD_RECORD=1` writes them anew. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { commands } from '../../src/tui/model/commands.js';
import { keyHelp } from '../../src/tui/model/keys.js';
import { stateSigns } from '../../src/tui/model/own-line.js';
import { cell, expectTables } from '../support/doc-tables.js';

const page = 'docs/CHAT.md';

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

t.test('the tables of the manual are those of the program', async (t) => {
  expectTables(t, page, tables);
  t.ok(keys.length > 30 && listed.length > 20);
});

t.test('so are the signs of the states', async (t) => {
  const text = readFileSync(page, 'utf8');
  for (const { glyph, ascii, word } of Object.values(stateSigns))
    t.ok(text.includes(`| ${glyph} | \`${ascii}\` | ${word} |`), word);
});
