/** Where the text and its cursor are painted. */
import fc from 'fast-check';
import t from 'tap';
import { cursorCell, emptyEditor, setText } from '../../../src/tui/editor/index.js';
import { columnsOf, graphemes } from '../../../src/tui/text/index.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';

t.test('examples: a text with its cursor, columns, columns of the prompt', async (t) => {
  const examples: readonly (readonly [
    what: string,
    args: readonly [picture: string, columns: number, prompt: number],
    lines: string[],
    at: readonly [row: number, column: number],
  ])[] = [
    ['nothing', ['|', 5, 2], [''], [0, 0]],
    ['beside the prompt', ['ab|', 5, 2], ['ab'], [0, 2]],
    ['behind a full row', ['abc|', 5, 2], ['abc', ''], [1, 0]],
    ['no row for nobody', ['a|bc', 5, 2], ['abc'], [0, 1]],
    ['words are broken', ['ab cdefg|hi', 5, 2], ['ab ', 'cdefg', 'hi'], [2, 0]],
    ['lines', ['a\n|\nb', 5, 2], ['a', '', 'b'], [1, 0]],
    ['a line that fills its row', ['abc\nd|', 5, 2], ['abc', 'd'], [1, 1]],
    ['the cursor behind it', ['abc|\nd', 5, 2], ['abc', '', 'd'], [1, 0]],
    ['before a wide one that went on', ['ab|漢', 3, 0], ['ab', '漢'], [1, 0]],
    ['before what takes no column', ['ab|\u200bc', 2, 0], ['ab', '\u200bc'], [1, 0]],
    ['wide in one column', ['漢|', 1, 0], ['?', ''], [1, 0]],
    ['a prompt as wide as the row', ['a|', 4, 4], ['', 'a'], [1, 1]],
    ['a prompt wider than that', ['|', 4, 9], ['', ''], [1, 0]],
  ];
  for (const [what, [picture, columns, prompt], lines, [row, column]] of examples) {
    const editor = { text: picture.replace('|', ''), cursor: picture.indexOf('|') };
    t.same(cursorCell(editor, columns, prompt), { lines, row, column }, what);
  }
});

t.test('no row is too wide, nothing is lost, and left of the cursor stands what is before it', async (t) => {
  fc.assert(
    fc.property(nasty, fc.nat(60), fc.integer({ min: 2, max: 20 }), fc.nat(25), (text, at, columns, prompt) => {
      const editor = setText(emptyEditor, text, at);
      const { lines, row, column } = cursorCell(editor, columns, prompt);
      const taken = Math.min(prompt, columns);
      for (const [index, line] of lines.entries()) {
        const room = index === 0 ? columns - taken : columns;
        if (columnsOf(line) > room) throw new Error(`row ${index} has ${columnsOf(line)} of ${room} columns`);
      }
      // Line by line: characters on both sides of a line's end make no cluster.
      const shown = (part: string): string =>
        part
          .split('\n')
          .flatMap((row) => [...graphemes(row)].map((grapheme) => grapheme.text))
          .join('');
      if (lines.join('') !== shown(editor.text)) throw new Error('other text');
      if (column >= columns - (row === 0 ? taken : 0) || row >= lines.length) throw new Error('outside');

      const line = lines[row] as string;
      const above = lines.slice(0, row).join('');
      const before = shown(editor.text.slice(0, editor.cursor)).slice(above.length);
      if (!line.startsWith(before)) throw new Error(`${before} is not at the start of ${line}`);
      if (columnsOf(before) !== column) throw new Error(`column ${column}`);
    }),
    repeatable,
  );
  t.pass('every text and width');
});
