/**
 * A TOML text as values with the lines they stand on, and every mistake in it. The parser stops at the first mistake
 * and tells no lines of values, so that the text is also gone through statement by statement (statements.ts); one with
 * a mistake is taken out before the rest is read again.
 */
import { parse, TomlError, type TomlTable, type TomlValue } from 'smol-toml';
import { type Extent, statementsOf } from './statements.js';

export interface Problem {
  /** From 1 on. */
  readonly line: number;
  readonly text: string;
}

export interface Document {
  /** What could be read. */
  readonly table: TomlTable;
  /** By line. */
  readonly problems: readonly Problem[];
  /** Where a value or section stands first; 1 if it stands nowhere. */
  lineOf(path: readonly string[]): number;
}

/** So many mistakes are told at once; whoever made more reads the manual first. */
const problemsMax = 20;

/** Parts of a key: sections and their options have three at most. */
const keyPartsMax = 32;

interface Statement extends Extent {
  /** Paths of what it defines; none if it is wrong by itself. */
  readonly paths: readonly (readonly string[])[];
  /** The parser's words and line, if it is wrong by itself. */
  readonly mistake?: Problem;
}

export function readDocument(text: string): Document {
  const lines = text.split(/\r?\n/);
  const statements = split(lines);
  const kept = new Set(statements);
  const problems: Problem[] = [];
  const lineOf = (path: readonly string[], among: Iterable<Statement> = kept): number | undefined => {
    for (const { start, paths } of among) if (paths.some((one) => startsWith(one, path))) return start;
    return undefined;
  };
  for (;;) {
    const outcome = tryParse(textOf(lines, kept));
    if (outcome.ok) return { table: outcome.table, problems, lineOf: (path) => lineOf(path) ?? 1 };
    const culprit = culpritOf([...kept], outcome.mistake.line);
    if (culprit === undefined || problems.length === problemsMax) {
      return { table: {}, problems: [...problems, outcome.mistake], lineOf: () => 1 };
    }
    kept.delete(culprit);
    problems.push(culprit.mistake ?? conflict(culprit, [...kept]));
    // Without its header a section's keys would be taken for another's.
    if (culprit.isHeader) for (const statement of followers(statements, culprit)) kept.delete(statement);
  }
}

type Outcome = { readonly ok: true; readonly table: TomlTable } | { readonly ok: false; readonly mistake: Problem };

function tryParse(text: string): Outcome {
  try {
    const table = parse(text, { integersAsBigInt: 'asNeeded' });
    if (!isDeep(table)) return { ok: true, table };
    return { ok: false, mistake: { line: 1, text: `a key has more than ${keyPartsMax} parts` } };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ''] = error.message.split('\n');
    return { ok: false, mistake: { line: error.line, text: first.replace('Invalid TOML document: ', '') } };
  }
}

/** What is deeper would exhaust the stack of those who walk through it. */
function isDeep(table: TomlTable): boolean {
  let level = [table];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === keyPartsMax) return true;
    level = level.flatMap((one) => Object.values(one).filter(isTable));
  }
  return false;
}

/** The text with everything but these statements left blank, so that lines keep their numbers. */
function textOf(lines: readonly string[], kept: Iterable<Statement>): string {
  const out = lines.map(() => '');
  for (const { start, end } of kept) for (let line = start; line <= end; line++) out[line - 1] = lines[line - 1] ?? '';
  return out.join('\n');
}

function split(lines: readonly string[]): Statement[] {
  const statements: Statement[] = [];
  let section: readonly string[] = [];
  let mistakes = 0;
  for (const extent of statementsOf(lines)) {
    const statement = statementIn(lines, extent, section);
    if (statement.isHeader) section = statement.paths[0] ?? [];
    statements.push(statement);
    if (statement.mistake !== undefined && ++mistakes === problemsMax) break;
  }
  return statements;
}

function statementIn(lines: readonly string[], extent: Extent, section: readonly string[]): Statement {
  const { start, end, isHeader } = extent;
  const outcome = tryParse(lines.slice(start - 1, end).join('\n'));
  if (outcome.ok) {
    const paths = pathsIn(outcome.table).map((path) => (isHeader ? path : [...section, ...path]));
    return { ...extent, paths };
  }
  // The parser would find fault with whatever stands last.
  const { open } = extent;
  if (open !== undefined) {
    return { ...extent, paths: [], mistake: { line: open.line, text: `no TOML: this ${open.sign} is never closed` } };
  }
  const { line, text } = outcome.mistake;
  const hint = isHeader ? '' : '; texts stand in "quotes"';
  return { ...extent, paths: [], mistake: { line: start + line - 1, text: `no TOML: ${text}${hint}` } };
}

/** The ways to what is no table, or to an empty one. */
function pathsIn(table: TomlTable): string[][] {
  return Object.entries(table).flatMap(([key, value]) => {
    const below = isTable(value) ? pathsIn(value) : [];
    return below.length === 0 ? [[key]] : below.map((path) => [key, ...path]);
  });
}

export function isTable(value: TomlValue): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && Object.getPrototypeOf(value) === null;
}

/** The first statement that is wrong by itself, else the one on the line where the parser stopped. */
function culpritOf(kept: readonly Statement[], line: number): Statement | undefined {
  return (
    kept.find(({ mistake }) => mistake !== undefined) ?? kept.find(({ start, end }) => start <= line && line <= end)
  );
}

/** A statement that is right by itself defines what stands above it already. */
function conflict({ start, paths, isHeader }: Statement, kept: readonly Statement[]): Problem {
  const [path = []] = paths;
  const above = kept.filter((other) => other.start < start);
  const other =
    above.find(({ paths: theirs }) => theirs.some((one) => startsWith(one, path) || startsWith(path, one))) ?? above[0];
  const name = path.join('.');
  if (isHeader && other?.isHeader === false) {
    const text = `'${name}' is a key on line ${other.start} and a section here, which TOML cannot have both: move the key into the sections that need it`;
    return { line: start, text };
  }
  const shown = isHeader ? `[${name}]` : name;
  return { line: start, text: `${shown} stands on line ${other?.start ?? 1} already: leave one of them out` };
}

function startsWith(path: readonly string[], head: readonly string[]): boolean {
  return head.every((word, index) => path[index] === word);
}

/** The statements of a section. */
function followers(statements: readonly Statement[], header: Statement): readonly Statement[] {
  const first = statements.indexOf(header) + 1;
  const next = statements.findIndex(({ isHeader }, index) => isHeader && index >= first);
  return statements.slice(first, next === -1 ? undefined : next);
}
