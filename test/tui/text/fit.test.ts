/** Clipping, filling and cleaning lines: examples, and properties on nasty texts. */
import fc from 'fast-check';
import t from 'tap';
import { clip, clipWith, columnsOf, graphemes, pad, sanitiseLines } from '../../../src/tui/text/index.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';

const width = fc.nat(50);

function shown(text: string): string {
  return [...graphemes(text)].map((grapheme) => grapheme.text).join('');
}

t.test('examples', async (t) => {
  t.equal(clip('hello', 3), 'hel');
  t.equal(clip('hello', 9), 'hello');
  t.equal(clip('hello', -1), '');
  t.equal(clip('漢字', 3), '漢');
  t.equal(clip('e\u0301e\u0301', 1), 'e\u0301', 'the mark comes with its letter');
  t.equal(clip('🇩🇪🇫🇷', 3), '🇩🇪');
  t.equal(clipWith('hello', 5, '…'), 'hello');
  t.equal(clipWith('hello!', 5, '…'), 'hell…');
  t.equal(clipWith('漢字漢', 4, '…'), '漢…');
  t.equal(clipWith('hello', 2, '...'), '..', 'the ellipsis is clipped too');
  t.equal(clipWith('hello', 0, '…'), '');
  t.equal(pad('ab', 4), 'ab  ');
  t.equal(pad('abcdef', 4), 'abcd');
  t.equal(pad('a漢字', 4), 'a漢 ', 'half a wide grapheme is a space');
  t.equal(pad('abc', -2), '');
});

t.test('clip: the longest prefix of whole graphemes', async (t) => {
  fc.assert(
    fc.property(nasty, width, (text, columns) => {
      const clipped = clip(text, columns);
      if (!shown(text).startsWith(clipped)) throw new Error('no prefix');
      if (columnsOf(clipped) > columns) throw new Error('too wide');
      const kept = [...graphemes(clipped)].length;
      const next = [...graphemes(text)][kept];
      if (next !== undefined && columnsOf(clipped) + next.columns <= columns) throw new Error('one more would fit');
    }),
    repeatable,
  );
  t.pass('every text');
});

t.test('clipWith: never wider, and an ellipsis exactly where something is missing', async (t) => {
  fc.assert(
    fc.property(nasty, width, (text, columns) => {
      const clipped = clipWith(text, columns, '…');
      if (columnsOf(clipped) > columns) throw new Error('too wide');
      const fits = columnsOf(text) <= columns;
      if (fits && clipped !== shown(text)) throw new Error('cut without need');
      if (!fits && columns > 0 && !clipped.endsWith('…')) throw new Error('cut in silence');
    }),
    repeatable,
  );
  t.pass('every text');
});

t.test('pad: exactly so wide', async (t) => {
  fc.assert(
    fc.property(nasty, width, (text, columns) => {
      const padded = pad(text, columns);
      if (columnsOf(padded) !== columns) throw new Error(`${columnsOf(padded)} columns`);
      if (!padded.startsWith(clip(text, columns))) throw new Error('other text');
    }),
    repeatable,
  );
  t.pass('every text');
});

t.test('sanitiseLines: line ends stay, nothing else is obeyed', async (t) => {
  t.equal(sanitiseLines('a\r\nb\rc\n\nd'), 'a\nb\nc\n\nd');
  t.equal(sanitiseLines('\u001b[31m\tx\u202e\ud83d'), '␛[31m x��');
  fc.assert(
    fc.property(nasty, (text) => {
      const clean = sanitiseLines(text);
      if (/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\p{Cs}]/u.test(clean)) throw new Error('unsafe');
      if (sanitiseLines(clean) !== clean) throw new Error('not done at once');
    }),
    repeatable,
  );
});
