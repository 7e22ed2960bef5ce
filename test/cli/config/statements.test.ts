/** Where statements end: whatever stands in a file, each mistake is told on its own line, and nothing else. */
import fc from 'fast-check';
import t from 'tap';
import { readDocument } from '../../../src/cli/config/document.js';
import { repeatable } from '../../support/repeatable.js';

/** Some lines of a file: right, or wrong on one of them. */
interface Piece {
  readonly lines: (key: string) => readonly string[];
  /** Counted from the first of them. */
  readonly wrongAt?: number;
}

/** More lines than any bound that somebody might think of. */
const many = (...lines: readonly string[]) => fc.nat({ max: 400 }).map((count) => Array(count).fill(lines).flat());
const piece = (lines: Piece['lines'], wrongAt?: number): Piece => ({
  lines,
  ...(wrongAt === undefined ? {} : { wrongAt }),
});

const rightValues = ['1', '"]"', `"# [ \\" ''' ["`, `'["""'`, '[[], ["]"]]', '{ a = [1], b = "{" }'];
const wrongValues = ['yes', '"x', '[1, 2', "'it''s'", ']', '= 1'];

const right: fc.Arbitrary<Piece> = fc.oneof(
  fc.constantFrom(...rightValues).map((value) => piece((key) => [`${key} = ${value} # ] " ''' [`])),
  many('  "a]#[", # ] " [').map((elements) => piece((key) => [`${key} = [`, ...elements, ']'])),
  many('  ["x"],', '  [true],', '  # [chat]').map((elements) =>
    piece((key) => [`${key} = [`, ...elements, '  [true]', ']']),
  ),
  fc.constant(piece((key) => [`${key} = { # {`, '  a = [', '    "}",', '  ],', '  b = 1,', '}'])),
  fc
    .constantFrom('{ a = "\\"{", b = "}" }', `{ a = '\\', b = "}" }`)
    .map((value) => piece((key) => [`${key} = ${value}`])),
  // A backslash escapes a quote in one kind of text, and nothing in the other.
  fc
    .constantFrom(['"""', '\\"""'], ["'''", '\\'])
    .map(([quotes = '', line = '']) =>
      piece((key) => [`${key} = [${quotes}`, '[server]', 'a = [', line, '{ [', `${quotes[0]} # ${quotes}, 2,`, ']']),
    ),
);

const wrong: fc.Arbitrary<Piece> = fc.oneof(
  fc.constantFrom(...wrongValues).map((value) => piece((key) => [`${key} = ${value}`], 0)),
  many('  "a", # ]').map((elements) => piece((key) => [`${key} = [`, ...elements], 0)),
  many('  "a",').map((elements) =>
    piece((key) => [`${key} = [`, ...elements, '  "b"', '  "c"', ']'], elements.length + 2),
  ),
);

const nothing = fc.constantFrom('', '# a [ comment "', '  ').map((line) => piece(() => [line]));

t.test('each mistake is told on its line, and nothing else, however long the rest is', async (t) => {
  const oneOf = fc.oneof({ weight: 3, arbitrary: right }, { weight: 1, arbitrary: wrong }, nothing);
  const sections = fc.array(fc.array(oneOf, { maxLength: 12 }), { minLength: 1, maxLength: 2 });
  let told = 0;
  const holds = fc.property(sections, (pieces) => {
    const lines: string[] = [];
    const mistaken: number[] = [];
    const rightKeys: { readonly path: readonly [string, string]; readonly line: number }[] = [];
    for (const [index, section] of pieces.entries()) {
      lines.push(`[s${index}]`);
      for (const [at, { lines: written, wrongAt }] of section.entries()) {
        const own = written(`k${at}`);
        if (wrongAt !== undefined) mistaken.push(lines.length + 1 + wrongAt);
        else if (own[0]?.startsWith('k')) rightKeys.push({ path: [`s${index}`, `k${at}`], line: lines.length + 1 });
        lines.push(...own);
      }
    }
    fc.pre(mistaken.length < 20);
    const { problems, table, lineOf } = readDocument(lines.join('\n'));
    told += problems.length;
    const found = problems.map(({ line }) => line).sort((a, b) => a - b);
    const isRead = rightKeys.every(({ path, line }) => path[1] in (table[path[0]] as object) && lineOf(path) === line);
    return isRead && JSON.stringify(found) === JSON.stringify(mistaken);
  });
  fc.assert(holds, repeatable);
  t.ok(told > 50, `${told} mistakes`);
});
