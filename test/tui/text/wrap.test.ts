/** Word wrap: examples of each rule, and what holds for every text and width. */
import fc from 'fast-check';
import t from 'tap';
import { columnsOf, graphemes, wrap } from '../../../src/tui/text/index.js';
import { cpuMs } from '../../support/cpu-time.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';

t.test('examples', async (t) => {
  const examples: readonly (readonly [what: string, args: Parameters<typeof wrap>, lines: string[]])[] = [
    ['nothing', ['', 10], ['']],
    ['what fits', ['a b c', 5], ['a b c']],
    ['a break swallows its spaces', ['hello   world', 7], ['hello', 'world']],
    ['spaces inside a line stay', ['a   b', 7], ['a   b']],
    ['as many words as fit', ['to be or not to be', 9], ['to be or', 'not to be']],
    ['spaces at the end stay if they fit', ['ab   ', 4], ['ab  ']],
    ['newlines', ['a\n\nb\n', 5], ['a', '', 'b', '']],
    ['a long word goes on where it stands', ['see abcdefghij', 6], ['see ab', 'cdefgh', 'ij']],
    ['a long word behind a full line', ['abcdef ghijklmn', 6], ['abcdef', 'ghijkl', 'mn']],
    ['indentation stays', ['  ab cd', 5], ['  ab', 'cd']],
    ['a word behind indentation is broken', ['  abcd', 5], ['  abc', 'd']],
    ['a shorter first line', ['ab cd ef', 5, 3], ['ab', 'cd ef']],
    ['no word fits the first line', ['abcd ef', 5, 3], ['', 'abcd', 'ef']],
    ['no first line at all', ['ab', 5, 0], ['', 'ab']],
    ['a longer first line', ['ab cd ef', 2, 5], ['ab cd', 'ef']],
    ['only the very first line is shorter', ['a\nbcde', 4, 1], ['a', 'bcde']],
    ['wide graphemes', ['漢字漢字', 5], ['漢字', '漢字']],
    ['a flag is not torn', ['🇩🇪🇫🇷', 3], ['🇩🇪', '🇫🇷']],
    ['wide in one column', ['a漢b', 1], ['a', '?', 'b']],
    ['no columns count as one', ['ab', 0], ['', 'a', 'b']],
  ];
  for (const [what, args, lines] of examples) t.same(wrap(...args), lines, what);
});

t.test('no line is too wide, and only spaces at breaks are lost', async (t) => {
  const widths = { columns: fc.integer({ min: 2, max: 30 }), first: fc.nat(40) };
  fc.assert(
    fc.property(nasty, widths.columns, widths.first, (text, columns, first) => {
      const lines = wrap(text, columns, first);
      for (const [index, line] of lines.entries()) {
        const room = index === 0 ? first : columns;
        if (columnsOf(line) > room) throw new Error(`line ${index} has ${columnsOf(line)} of ${room} columns`);
        if (line.includes('\n')) throw new Error('a newline is left');
      }
      const whole = [...graphemes(text)].map((grapheme) => grapheme.text).join('');
      assertOnlySpacesLost(whole, lines);
    }),
    repeatable,
  );
  t.pass('every text');
});

/** Walks the text along the lines: between two of them may be spaces or one newline, inside them nothing is missing. */
function assertOnlySpacesLost(text: string, lines: readonly string[]): void {
  let at = 0;
  for (const [index, line] of lines.entries()) {
    if (index > 0) {
      while (text[at] === ' ' && !text.startsWith(line, at)) at++;
      if (text[at] === '\n') at++;
      while (text[at] === ' ' && !text.startsWith(line, at)) at++;
    }
    if (!text.startsWith(line, at)) throw new Error(`line ${index} is not at ${at}: ${JSON.stringify(lines)}`);
    at += line.length;
  }
  if (text.slice(at).trim() !== '') throw new Error(`lost ${JSON.stringify(text.slice(at))}`);
}

t.test('greedy: the first word of a line had no room on the line before', async (t) => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(words, fc.integer({ min: 9, max: 30 }), (list, columns) => {
      const lines = wrap(list.join(' '), columns);
      if (lines.join(' ') !== list.join(' ')) throw new Error('a word was broken');
      for (const [index, line] of lines.slice(1).entries()) {
        const word = line.split(' ')[0] as string;
        if ((lines[index] as string).length + 1 + word.length <= columns) throw new Error(`${word} would have fitted`);
      }
    }),
    repeatable,
  );
  t.pass('every text');
});

t.test('time grows with the length, not with its square', async (t) => {
  for (const unit of ['a', 'a ', '漢', '👨‍👩‍👧‍👦 ', ' ']) {
    const text = unit.repeat(Math.ceil(200_000 / unit.length));
    const before = cpuMs();
    const lines = wrap(text, 40);
    const ms = cpuMs() - before;
    t.ok(lines.length >= 1 && ms < 2000, `${lines.length} lines in ${ms.toFixed(0)} ms`);
  }
});
