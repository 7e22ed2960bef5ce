/** docs/PROXY.md lists everything there is: its tables are compared with the lists in the code. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { eventNames } from '../../src/proxy/engine/hub.js';
import { presetList } from '../../src/proxy/plan/presets.js';
import { randomFaultNames } from '../../src/proxy/plan/random-faults.js';
import { ruleKinds } from '../../src/proxy/rules/index.js';
import { toxicKinds } from '../../src/proxy/toxics/index.js';

const page = readFileSync('docs/PROXY.md', 'utf8');

/** The rows of the table whose header begins with this cell, each as its cells without backquotes. */
function table(firstCell: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${firstCell} |`));
  if (start < 0) throw new Error(`docs/PROXY.md has no table ${firstCell}`);
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  }
  return rows;
}

t.test('every rule, preset, toxic and event has its row, with the words of the code', async (t) => {
  t.same(
    table('`do.type`'),
    ruleKinds.map(({ type, about }) => [type, about]),
  );
  t.same(
    table('`preset`'),
    presetList.map(({ name, fields, about }) => [name, fields, about]),
  );
  t.same(
    table('`type`'),
    toxicKinds.map(({ type, attributes, about }) => [type, attributes.map(({ name }) => name).join(', '), about]),
  );
  t.same(
    table('`event`').map(([name]) => name),
    eventNames,
  );
});

t.test('the faults that a random schedule may choose are listed', async (t) => {
  const listed = /`choose` may name: ([^.]+)\./.exec(page)?.[1]?.split(/\s+/);
  t.same(listed, randomFaultNames);
});
