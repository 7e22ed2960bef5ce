/** Painting: text of every script in its columns, styles, and no rubbish left by the frame before. */
import fc from 'fast-check';
import t from 'tap';
import type { Colour, Frame, Row, Span, Style } from '../../../src/tui/model/frame.js';
import type { Headless } from '../support/headless.js';
import { open } from '../support/open.js';

const plain = (...rows: string[]): Frame => ({ rows: rows.map((text) => [{ text }]) });

t.test('text stands where it belongs, and what follows it too', async (t) => {
  const rows: [text: string, columns: number][] = [
    ['plain', 5],
    ['你好世界', 8],
    ['한글 ＡＢ', 9],
    ['👩‍👩‍👧', 2],
    ['👍🏽', 2],
    ['🇩🇪🇫🇷', 4],
    ['❤️', 2],
    ['1️⃣', 2],
    ['e\u0301o\u0308', 2],
    ['שלום', 4],
    ['مرحبا', 5],
    ['┌─┐│●…', 6],
  ];
  const { screen, terminal } = open({ columns: 20, rows: rows.length });
  t.teardown(() => terminal.close());
  terminal.paint(plain(...rows.map(([text]) => `${text}|`)));
  t.same(
    await screen.screen(),
    rows.map(([text]) => `${text}|`),
  );
  for (const [row, [text, columns]] of rows.entries()) t.equal(screen.cell(row, columns).text, '|', text);
});

t.test('a terminal with other widths still puts what follows where it belongs', async (t) => {
  const { screen, terminal } = open({ columns: 20, rows: 4, oldUnicode: true });
  t.teardown(() => terminal.close());
  terminal.paint(plain('xxxxxxxx|', 'xxxxxxxx|', 'xxxxxxxx|'));
  terminal.paint(plain('👩‍👩‍👧ab|', '❤️a|', '🇩🇪|'));
  await screen.screen();
  t.equal(screen.cell(0, 4).text, '|');
  t.equal(screen.cell(1, 3).text, '|');
  t.equal(screen.cell(2, 2).text, '|');
  t.notMatch((await screen.screen()).join(''), 'x', 'nothing is left of what was there');
});

t.test('what does not fit is cut, a wide character never in half', async (t) => {
  const { screen, terminal } = open({ columns: 5, rows: 3 });
  t.teardown(() => terminal.close());
  terminal.paint(plain('abcdefgh', '你好世', '你好x世', 'below the screen'));
  t.same(await screen.screen(), ['abcde', '你好', '你好x']);
});

t.test('control characters in a frame are shown, never obeyed', async (t) => {
  const { screen, terminal } = open({ columns: 20, rows: 2 });
  t.teardown(() => terminal.close());
  terminal.paint(plain('a\x1b[2Jb\rc\nd\u202ee'));
  t.same(await screen.screen(), ['a␛[2Jb␍c␊d\ufffde', '']);
});

t.test('styles', async (t) => {
  const style: Style = { fg: 'brightRed', bg: 'blue', bold: true, underline: true, inverse: true };
  const row: Row = [{ text: 'no' }, { text: 'all', style }, { text: '中', style: { fg: 'green' } }, { text: '.' }];
  const shown = async (environment: NodeJS.ProcessEnv) => {
    const { screen, terminal } = open({ columns: 20, rows: 2, environment });
    terminal.paint({ rows: [row] });
    await screen.screen();
    const cells = [0, 2, 5, 7].map((column) => screen.cell(0, column));
    terminal.close();
    return cells.map(({ fg, bg, bold, underline, inverse }) => [fg, bg, bold, underline, inverse]);
  };
  const none = [undefined, undefined, false, false, false];
  const green = [2, undefined, false, false, false];
  t.same(await shown({ TERM: 'xterm-256color' }), [none, [9, 4, true, true, true], green, none]);
  t.same(await shown({ TERM: 'tmux-256color' }), [none, [9, 4, true, true, true], green, none]);
  t.same(await shown({ TERM: 'linux' }), [none, [1, 4, true, true, true], green, none], 'eight colours and bold');
  const colourless = [none, [undefined, undefined, true, true, true], none, none];
  t.same(await shown({ TERM: 'xterm-256color', NO_COLOR: '1' }), colourless);
  t.same(await shown({ TERM: 'vt100' }), colourless);
  t.same(await shown({ TERM: 'xterm', NO_COLOR: '' }), [none, [9, 4, true, true, true], green, none]);
});

t.test('the cursor goes where the frame has it, and hides without', async (t) => {
  const { screen, terminal } = open({ columns: 10, rows: 3 });
  t.teardown(() => terminal.close());
  terminal.paint({ ...plain('a'), cursor: { row: 1, column: 4 } });
  await screen.screen();
  t.same(screen.cursor(), { row: 1, column: 4 });
  terminal.paint({ ...plain('changed'), cursor: { row: 1, column: 4 } });
  await screen.screen();
  t.same(screen.cursor(), { row: 1, column: 4 });
  terminal.paint({ ...plain('changed'), cursor: { row: 7, column: 40 } });
  await screen.screen();
  t.same(screen.cursor(), { row: 2, column: 9 }, 'kept on the screen');
  terminal.paint(plain('changed'));
  await screen.screen();
  t.equal(screen.cursor(), undefined);
});

t.test('only what changed is written', async (t) => {
  const { screen, terminal } = open({ columns: 40, rows: 10 });
  t.teardown(() => terminal.close());
  const rows = Array.from({ length: 10 }, (_, row) => `row ${row} 中 ${'.'.repeat(20)}`);
  const frame = (texts: readonly string[]): Frame => ({ ...plain(...texts), cursor: { row: 9, column: 3 } });
  const written = (act: () => void): string => {
    const before = screen.bytes().length;
    act();
    return screen.bytes().slice(before);
  };
  t.match(
    written(() => terminal.paint(frame(rows))),
    'row 7',
  );
  t.equal(
    written(() => terminal.paint(frame(rows))),
    '',
    'the same again',
  );
  const changed = written(() => terminal.paint(frame(rows.with(4, 'row four'))));
  t.match(changed, 'four');
  t.notMatch(changed, /row [012356789]/);
  t.match(
    written(() => terminal.redraw()),
    /row 0.*four.*row 9/,
    'a redraw writes all',
  );
});

const nasty = fc.constantFrom(
  ...['a', 'b', ' ', '|', '中', '文', '한', '😀', '👩‍👩‍👧', '👍🏽', '🇩🇪', '❤️', '❤', '1️⃣', 'e\u0301', 'ש', 'م', '─', '…'],
  ...['\u0301', '\u200d', '\ufe0f', '\u200b', '\t', '\x1b[H', '\ud800', 'ｱ', 'क्षि', '🇩'],
);
const colour = fc.constantFrom<Colour | undefined>(undefined, 'red', 'brightBlue', 'white');
const style: fc.Arbitrary<Style | undefined> = fc.oneof(
  fc.constant(undefined),
  fc.record({ fg: colour, bg: colour, bold: fc.boolean(), inverse: fc.boolean() }).map(({ fg, bg, bold, inverse }) => ({
    ...(fg === undefined ? {} : { fg }),
    ...(bg === undefined ? {} : { bg }),
    ...(bold ? { bold } : {}),
    ...(inverse ? { inverse } : {}),
  })) as fc.Arbitrary<Style>,
);
const span: fc.Arbitrary<Span> = fc
  .tuple(fc.array(nasty, { maxLength: 6 }), style)
  .map(([pieces, look]) => ({ text: pieces.join(''), ...(look === undefined ? {} : { style: look }) }));
const row: fc.Arbitrary<Row> = fc.array(span, { maxLength: 4 });
const frames = fc.array(fc.array(row, { maxLength: 4 }), { minLength: 2, maxLength: 5 });

async function everything(screen: Headless, columns: number, rows: number): Promise<unknown[]> {
  await screen.screen();
  return Array.from({ length: columns * rows }, (_, at) => screen.cell(Math.floor(at / columns), at % columns));
}

for (const oldUnicode of [false, true]) {
  t.test(`frame upon frame looks as the last one alone, ${oldUnicode ? 'old' : 'modern'} widths`, async (t) => {
    const size = { columns: 13, rows: 4, oldUnicode };
    await fc.assert(
      fc.asyncProperty(frames, async (sequence) => {
        const [upon, alone] = [open(size), open(size)];
        for (const rows of sequence) upon.terminal.paint({ rows });
        alone.terminal.paint({ rows: sequence.at(-1) ?? [] });
        t.strictSame(await everything(upon.screen, 13, 4), await everything(alone.screen, 13, 4));
        upon.terminal.close();
        alone.terminal.close();
      }),
      { numRuns: 150 },
    );
  });
}
