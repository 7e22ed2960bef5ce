/** What the proxy's benchmark found: figures side by side, what was asked for, and how both are shown. */

/** One figure, by the names of the ways on which it was measured; NaN where it has no meaning. */
export interface Row {
  readonly what: string;
  readonly by: Readonly<Record<string, number>>;
}

/** A figure that was asked for. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  readonly isLeast: boolean;
  readonly isMet: boolean;
}

/** One part of the report. */
export interface Part {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

export function atMost(what: string, measured: number, limit: number): Goal {
  return { what, measured, limit, isLeast: false, isMet: measured <= limit };
}

export function atLeast(what: string, measured: number, limit: number): Goal {
  return { what, measured, limit, isLeast: true, isMet: measured >= limit };
}

/** The part as a table whose columns are the ways. */
export function partText({ title, rows }: Part, foreignCores: number): string {
  const ways = [...new Set(rows.flatMap(({ by }) => Object.keys(by)))];
  const lines = rows.map(({ what, by }) => [what, ...ways.map((way) => numberText(by[way]))]);
  return [`${title}; foreign cores ${foreignCores.toFixed(2)}`, '', ...table(['', ...ways], lines), ''].join('\n');
}

/** What was asked for and what came of it. */
export function goalsText(goals: readonly Goal[]): string {
  const lines = goals.map(({ what, measured, limit, isLeast, isMet }) => [
    what,
    numberText(measured),
    `${isLeast ? '≥' : '≤'} ${numberText(limit)}`,
    isMet ? 'ok' : 'MISSED',
  ]);
  return table(['asked for', 'measured', 'goal', ''], lines).join('\n');
}

function table(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const widths = head.map((cell, column) => Math.max(...[head, ...lines].map((line) => (line[column] ?? cell).length)));
  const shown = (line: readonly string[]): string => {
    const cells = line.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${cells.join(' | ')} |`;
  };
  return [shown(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(shown)];
}

function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  const digits = Number.isInteger(value) || Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 20 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
