/** Tables in documents that are made of what the program has: each stands behind a mark, `<!-- keys -->`. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';

/** A text as it stands in a cell. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Compares the page with the one that has these tables; `SYNOD_RECORD=1` writes them into it instead. */
export function expectTables(t: Test, page: string, tables: Readonly<Record<string, readonly string[]>>): void {
  const found = readFileSync(page, 'utf8');
  let wanted = found;
  for (const [mark, table] of Object.entries(tables)) wanted = withTable(wanted, mark, table);
  if (process.env.SYNOD_RECORD === '1') writeFileSync(page, wanted);
  else t.equal(found, wanted, 'run it with SYNOD_RECORD=1 after a change of the tables');
}

/** The page with the table behind the mark replaced. */
function withTable(text: string, mark: string, table: readonly string[]): string {
  const [head, rest] = text.split(`<!-- ${mark} -->\n`);
  if (rest === undefined) throw new Error(`no mark <!-- ${mark} -->`);
  return `${head}<!-- ${mark} -->\n${table.join('\n')}\n${rest.replace(/^(\|.*\n)*/, '')}`;
}
