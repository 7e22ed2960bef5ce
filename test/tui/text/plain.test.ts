/** What is taken for plain text is measured and painted without looking for characters in it: it must need none. */
import t from 'tap';
import { layOut } from '../../../src/tui/terminal/cells.js';
import { terminalKind } from '../../../src/tui/terminal/kind.js';
import { graphemeOf, isPlain } from '../../../src/tui/text/index.js';

const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code));
const plain = units.filter(isPlain);

t.test('every unit of plain text is a character of one column', async (t) => {
  t.ok(plain.includes('a') && plain.includes('ü') && plain.includes('│'));
  t.notOk(isPlain('a\u0301') || isPlain('\u00ad') || isPlain('\t') || isPlain('👋'));
  t.same(
    plain.filter((unit) => graphemeOf(unit).columns !== 1),
    [],
  );
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (const beside of ['a', 'ü', '│', '©']) {
    const text = plain.map((unit) => unit + beside).join('');
    t.same(
      [...segmenter.segment(text)].map(({ segment }) => segment),
      text.split(''),
    );
  }
});

t.test('every unit of plain text is painted as it is', async (t) => {
  for (const LANG of ['C.UTF-8', 'de_DE.ISO-8859-1']) {
    const kind = terminalKind({ TERM: 'xterm', LANG });
    const cells = layOut([{ text: plain.join('') }], 0, plain.length, kind);
    t.same(
      cells.map(([, text]) => text),
      plain,
    );
  }
  const kind = terminalKind({ TERM: 'xterm', LANG: 'C.UTF-8' });
  t.same(
    layOut([{ text: 'ab' }, { text: 'cd' }, { text: 'e' }], 0, 3, kind).map(([, text]) => text),
    ['a', 'b', 'c'],
  );
});
