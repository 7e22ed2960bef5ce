/** Graphemes and their columns: examples of every kind, and what holds for all texts. */
import fc from 'fast-check';
import t from 'tap';
import { clusterAt, clusters, columnsOf, graphemes } from '../../../src/tui/text/index.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';

const zalgo = `z${'\u0300\u0301\u0302\u0323'.repeat(5)}`;

t.test('columns of one grapheme', async (t) => {
  const examples: readonly (readonly [text: string, columns: number, what: string])[] = [
    ['a', 1, 'ASCII'],
    ['é', 1, 'Latin'],
    ['\u00a0', 1, 'no-break space'],
    ['\u00ad', 1, 'soft hyphen'],
    ['漢', 2, 'ideograph'],
    ['𠀋', 2, 'ideograph beyond 16 bits'],
    ['か', 2, 'Kana'],
    ['。', 2, 'CJK stop'],
    ['\u3000', 2, 'ideographic space'],
    ['\u303f', 1, 'half fill space, narrow amid wide ones'],
    ['한', 2, 'Hangul syllable'],
    ['\u1112\u1161\u11ab', 2, 'the same of jamo'],
    ['Ａ', 2, 'fullwidth letter'],
    ['ｶ', 1, 'halfwidth Kana'],
    ['ｶﾞ', 2, 'halfwidth Kana and its mark'],
    ['e\u0301', 1, 'letter with a mark'],
    [zalgo, 1, 'letter with many marks'],
    ['\u0301', 0, 'mark alone'],
    ['\u200d', 0, 'joiner alone'],
    ['\ufe0f', 0, 'variation selector alone'],
    ['\u200b', 0, 'zero width space'],
    ['\n', 0, 'control'],
    ['😀', 2, 'emoji'],
    ['⌚', 2, 'old emoji, wide'],
    ['🫠', 2, 'young emoji'],
    ['☀', 1, 'text that may be an emoji'],
    ['☀\ufe0f', 2, 'the same asked for'],
    ['❤️‍🔥', 2, 'joined, asked for'],
    ['👨‍👩‍👧‍👦', 2, 'family'],
    ['👍🏽', 2, 'skin tone'],
    ['🏴󠁧󠁢󠁳󠁣󠁴󠁿', 2, 'flag of tags'],
    ['🇩🇪', 2, 'flag'],
    ['🇩', 1, 'half a flag'],
    ['1️⃣', 2, 'keycap'],
    ['ع', 1, 'Arabic'],
    ['ש', 1, 'Hebrew'],
    ['กำ', 2, 'Thai vowel that takes a column'],
    ['क्ष', 2, 'conjunct of two letters'],
    ['\ud83d', 1, 'lone surrogate'],
    ['─', 1, 'box drawing (ambiguous)'],
  ];
  for (const [text, columns, what] of examples) {
    t.equal([...graphemes(text)].length, 1, `${what} is one grapheme`);
    t.equal(columnsOf(text), columns, `${what} takes ${columns}`);
  }
  t.equal(columnsOf(''), 0);
  t.equal(columnsOf('hi 漢字 🇩🇪🇫🇷!'), 13);
});

t.test('a character keeps its first 8 marks', async (t) => {
  t.same(
    [...graphemes(`a${zalgo}b`)],
    [
      { text: 'a', columns: 1 },
      { text: zalgo.slice(0, 9), columns: 1 },
      { text: 'b', columns: 1 },
    ],
  );
  t.same([...graphemes(zalgo.slice(0, 9))], [{ text: zalgo.slice(0, 9), columns: 1 }]);
});

t.test('graphemes put together are the text, and widths add up', async (t) => {
  fc.assert(
    fc.property(nasty, (text) => {
      const found = [...graphemes(text)];
      const tooManyMarks = /\p{M}[^\n ]*(\p{M}[^\n ]*){8}/u.test(text);
      const joined = found.map((grapheme) => grapheme.text).join('');
      if (!tooManyMarks && joined !== text) throw new Error(`became ${JSON.stringify(joined)}`);
      const sum = found.reduce((columns, grapheme) => columns + grapheme.columns, 0);
      if (sum !== columnsOf(text)) throw new Error(`${sum} columns`);
    }),
    repeatable,
  );
  t.pass('widths and texts');
});

t.test('clusters are those of the segmenter, however long the text or one of them is', async (t) => {
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  const family = '👨‍👩‍👧‍👦'.repeat(3);
  const long = fc.array(fc.oneof(nasty, fc.constantFrom(family, '\u0301'.repeat(300), '🏽'.repeat(200))), {
    maxLength: 60,
  });
  const joined = long.map((parts) => parts.join(''));
  fc.assert(
    fc.property(joined, fc.nat(), (text, chance) => {
      const expected = [...segmenter.segment(text)].map(({ segment }) => segment);
      const found = [...clusters(text)];
      const odd = found.findIndex((cluster, index) => cluster !== expected[index]);
      if (odd !== -1 || found.length !== expected.length) throw new Error(`differs at ${odd}`);
      if (text === '') return;
      const index = chance % found.length;
      const start = found.slice(0, index).join('').length;
      const end = start + (found[index] as string).length;
      const at = clusterAt(text, end - 1);
      if (at.start !== start || at.end !== end) throw new Error(`${at.start} to ${at.end}`);
    }),
    { ...repeatable, numRuns: 100 },
  );
  t.throws(() => clusterAt('ab', 2), RangeError);
});
