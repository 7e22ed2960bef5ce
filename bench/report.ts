/** What a benchmark of several parts found: figures side by side, what was asked for, and how both are shown. */
import type { Curve } from './growth-page.js';

/** One figure, by its columns: the ways it was measured on, or p50 and p99; NaN where it has no meaning. */
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
  /** How figures grow, for parts that measure them at several lengths. */
  readonly curves?: readonly Curve[];
}

export function atMost(what: string, measured: number, limit: number): Goal {
  return { what, measured, limit, isLeast: false, isMet: measured <= limit };
}

export function atLeast(what: string, measured: number, limit: number): Goal {
  return { what, measured, limit, isLeast: true, isMet: measured >= limit };
}

/** How values are spread. */
export function spread(what: string, values: readonly number[]): Row {
  return { what, by: { p50: percentile(values, 50), p99: percentile(values, 99), max: Math.max(...values) } };
}

/** The smallest value that so many per cent do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** What one round of a measurement gives. */
export type Figures<Name extends string> = Readonly<Record<Name, number>>;

/** Of each figure by itself. */
export function medians<Name extends string>(samples: readonly Figures<Name>[]): Figures<Name> {
  const names = Object.keys(samples[0] ?? {}) as Name[];
  const entries = names.map((name) => [name, median(samples.map((sample) => sample[name]))]);
  return Object.fromEntries(entries) as Record<Name, number>;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The part as a table. */
export function partText({ title, rows }: Part, foreignCores: number): string {
  const columns = [...new Set(rows.flatMap(({ by }) => Object.keys(by)))];
  const lines = rows.map(({ what, by }) => [what, ...columns.map((column) => numberText(by[column]))]);
  return [`${title}; foreign cores ${foreignCores.toFixed(2)}`, '', ...table(['', ...columns], lines), ''].join('\n');
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

/** Lines of a Markdown table; the first column is set flush left. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
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

/** A figure with as many digits as it deserves; "" for none. */
export function numberText(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '';
  const digits = Number.isInteger(value) || Math.abs(value) >= 1_000 ? 0 : Math.abs(value) >= 20 ? 1 : 2;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
