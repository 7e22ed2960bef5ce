/**
 * Hostile text: in messages, names, topics, reasons and errors. Painted, it stays in its own rows, and the terminal is
 * sent no byte of a sequence from it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { sanitise } from '../../src/base/index.js';
import type { Frame, Row } from '../../src/tui/model/frame.js';
import { columnsOf } from '../../src/tui/text/index.js';
import { repeatable } from '../support/repeatable.js';
import { nasty } from './nasty.js';
import { Desk, said } from './support/desk.js';
import { openScreen, type Painted, painted } from './support/painted.js';

const size = { columns: 100, rows: 24 };
/** Where the lists of rooms and of people are parted from the messages. */
const [leftBorder, rightBorder] = [16, 82];

/** What the painter itself sends: where to go, how it looks, and whether the cursor shows. */
const lawful = /\x1b(\[\d+;\d+H|\[\d+C|\[[\d;]*m|\[\?(12|25)[hl]|[78])/g;

/** Controls, among them those of direction, and separators of lines. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** What of these the screen was sent beyond what is lawful. */
function smuggled(bytes: string): string[] {
  return bytes.replace(lawful, '').match(unsafe) ?? [];
}

const c0 = Array.from({ length: 0x20 }, (_, code) => String.fromCharCode(code));
const c1 = Array.from({ length: 0x21 }, (_, code) => String.fromCharCode(0x7f + code));
const bidi = [...'\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069'];
const separators = ['\r', '\r\n', '\u0085', '\u2028', '\u2029', '\v', '\f'];

/** Every character that is more than text, by itself. */
const characters: Readonly<Record<string, string>> = {
  ...Object.fromEntries([...c0, ...c1].map((one) => [`control ${one.charCodeAt(0).toString(16)}`, `a${one}b`])),
  ...Object.fromEntries(bidi.map((one) => [`bidi ${one.charCodeAt(0).toString(16)}`, `a${one}b ${one}`])),
};

const attacks: Readonly<Record<string, string>> = {
  'all controls': [...c0, ...c1].join(''),
  'all directions': bidi.join('x'),
  'clear the screen': '\x1b[2J\x1b[H',
  colours: '\x1b[31;1mred\x1b[0m',
  'C1 sequence': '\x9b2J\x9b1;1H',
  'move the cursor': '\x1b[1;1Hforged\x1b[24;1Htoo',
  'title, ended by BEL': '\x1b]0;owned\x07',
  'title, ended by ST': '\x1b]2;owned\x1b\\',
  clipboard: '\x1b]52;c;cm0gLXJmIH4=\x07',
  hyperlink: '\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\',
  DCS: '\x1bP+q544e\x1b\\ \x90$q"p\x9c',
  'ask for an answer': '\x1b[6n\x1b[c\x1b[?1;2c\x05',
  'end of a paste': '\x1b[201~rm -rf /\r',
  'leave the alternate screen': '\x1b[?1049l\x1bc',
  'another character set': '\x1b(0\x0elqqk\x0f',
  'an unfinished sequence': 'a\x1b[',
  'blessed tags': '{bold}{red-fg}{/}{|}{center}x{/center}{escape}{open}',
  'a forged line': 'x\r08:12 ✓        amy  I resign',
  backspaces: `x${'\b'.repeat(40)}forged`,
  separators: separators.join('x'),
  'lone surrogates': '\ud800x\udc00',
  zalgo: `z${'\u0300\u0301\u0489\u20dd'.repeat(60)}algo`,
  'marks without a letter': '\u0301\u0489 \u20dd',
  invisible: 'a\u200b\u200c\u200d\ufeff\u2060\u00adb',
  'variation selectors': 'x\ufe0f\ufe0e\ufe0f',
  'tags block': 'a\u{e0041}\u{e007f}b',
  'half flags and joiners': '🇩\u200d🇪\u200d\u200d👨\u200d',
  '8 KB in one word': 'x'.repeat(8_192),
  '8 KB of escapes': '\x1b[2J'.repeat(2_048),
  '8 KB of newlines': '\n'.repeat(8_192),
  '8 KB of emoji': '👨‍👩‍👧‍👦'.repeat(327),
  '8 KB of marks': `e${'\u0301'.repeat(4_095)}`,
};

/** A chat with a message between two others. */
function chat(text: string, { columns, rows } = size): Desk {
  const desk = new Desk({ columns, rows });
  desk.connect();
  desk.open();
  desk.deliver('#lobby', [said('ann', 'the line before')]);
  desk.deliver('#lobby', [said('bob', text)]);
  desk.deliver('#lobby', [said('ann', 'the line behind')]);
  desk.wait(10_000);
  return desk;
}

/** Where the rows of the message are on the screen: behind `the line before`, if that is seen, and before `behind`. */
function ownRows(rows: readonly string[]): [from: number, to: number] {
  const from = rows.findIndex((row) => row.includes('the line before')) + 1;
  return [from === 0 ? 1 : from, rows.findLastIndex((row) => row.includes('ann  the line behind'))];
}

/** The painted cells; of those in the message's own rows, only how they look and not what they show. */
function besides({ cells }: Painted, [from, to]: [number, number]): unknown[] {
  return cells.map((row, at) =>
    row.map((cell, column) => {
      if (at < from || at >= to || column < leftBorder + 2 || column >= rightBorder) return cell;
      const { fg, bg, bold, underline, inverse } = cell;
      return { fg, bg, bold, underline, inverse };
    }),
  );
}

/** Paints the message and a harmless one of as many rows: all else on the screen must be the same. */
async function checkMessage(text: string): Promise<void> {
  const hostile = chat(text);
  const frame = hostile.frame();
  const rows = hostile.rows();
  const own = ownRows(rows);
  const shown = await painted(frame, size.columns, size.rows);
  assert.deepEqual(smuggled(shown.bytes), [], 'no control character comes through');
  assert.doesNotMatch(shown.bytes, /\x1b[\]P_^X]/, 'no string sequence');

  const count = own[1] - own[0];
  const isCut = !rows.some((row) => row.includes('the line before'));
  const harmless = chat(Array.from({ length: isCut ? size.rows * 2 : count }, () => 'harmless').join('\n'));
  assert.deepEqual(ownRows(harmless.rows()), own, 'as many rows');
  const plain = await painted(harmless.frame(), size.columns, size.rows);
  assert.deepEqual(besides(shown, own), besides(plain, own), 'nothing else changes');
  assert.deepEqual(shown.cursor, plain.cursor);
}

t.test('messages', async (t) => {
  for (const [name, text] of Object.entries({ ...characters, ...attacks })) {
    await t.resolves(checkMessage(text), name);
  }
});

t.test('any text at all, as a message', async (t) => {
  const pieces = fc.constantFrom(...Object.values({ ...characters, ...attacks }).filter(({ length }) => length < 300));
  const text = fc.array(fc.oneof(pieces, nasty), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''));
  await fc.assert(fc.asyncProperty(text, checkMessage), { ...repeatable, numRuns: 60 });
  t.pass('property held');
});

/** Every other place where words of others, or of the network, come onto the screen. */
const places: Readonly<Record<string, (desk: Desk, text: string) => void>> = {
  'a name': (desk, text) => desk.deliver('#lobby', [said(text.slice(0, 60), 'hello')]),
  'a name that joins': (desk, text) => desk.deliver('#lobby', [{ kind: 'join', from: text.slice(0, 60), text: '' }]),
  'a new name': (desk, text) => desk.deliver('#lobby', [{ kind: 'nick', from: 'ann', text: text.slice(0, 60) }]),
  'an action': (desk, text) => desk.deliver('#lobby', [{ kind: 'action', from: 'ann', text }]),
  'a topic': (desk, text) => desk.deliver('#lobby', [{ kind: 'topic', from: 'ann', text }]),
  'a topic that was there': (desk, text) => desk.open('#lobby', { topic: text }),
  'people who were there': (desk, text) => desk.open('#lobby', { people: [text, 'aaron'] }),
  'a reason of failure': (desk, text) => desk.state(desk.say('mine'), 'failed', '#lobby', { reason: text }),
  'a refused command': (desk, text) => desk.state(99, 'failed', '#lobby', { reason: text }),
  'a lost server': (desk, text) => desk.disconnect(2, text),
  'no server': (desk, text) => desk.disconnect(0, text),
  'an error': (desk, text) => desk.client({ event: 'error', code: 'BAD_ROOM', text }),
  'a note': (desk, text) => desk.feed({ kind: 'note', text }),
  'no page': (desk, text) => {
    desk.enter('/goto 5');
    for (const asked of desk.take('history')) desk.answer(asked, { ok: false, code: 'TIMEOUT', text });
  },
  'nothing found': (desk, text) => desk.feed({ kind: 'found', room: '#lobby', n: undefined, text }),
  'an unknown command': (desk, text) => desk.enter(`/${text.slice(0, 60)}`),
  'what is typed': (desk, text) => desk.type(text.slice(0, 200)),
  'what is searched': (desk, text) => {
    desk.press('C-r');
    desk.type(sanitise(text.slice(0, 200)));
  },
};

const rowText = (row: Row): string => row.map(({ text }) => text).join('');

/** What is wrong with a frame, and with how it was painted. */
function faultsOf({ rows }: Frame, { bytes, cells, text }: Painted): string[] {
  return [
    ...smuggled(bytes).map((control) => `control character ${control.charCodeAt(0)}`),
    ...(rows.length === size.rows && text.length === size.rows ? [] : [`${rows.length} rows`]),
    ...rows.flatMap((row, at) => [
      ...(rowText(row).search(unsafe) >= 0 ? [`row ${at} is raw`] : []),
      ...(columnsOf(rowText(row)) > size.columns ? [`row ${at} is too wide`] : []),
    ]),
    ...(cells[2]?.[leftBorder]?.text === '│' && cells[2]?.[rightBorder]?.text === '│' ? [] : ['a border is broken']),
  ];
}

for (const [place, put] of Object.entries(places)) {
  t.test(`${place}: rows keep their width and borders, and nothing comes through`, async (t) => {
    const screen = openScreen(size.columns, size.rows);
    t.teardown(() => screen.close());
    for (const [name, text] of Object.entries(attacks)) {
      const desk = chat('harmless');
      put(desk, text);
      const frame = desk.frame();
      t.same(faultsOf(frame, await screen.paint(frame)), [], name);
    }
  });
}

t.test('a hostile paste is previewed and sent as text', async (t) => {
  const screen = openScreen(size.columns, size.rows);
  t.teardown(() => screen.close());
  for (const [name, text] of Object.entries(attacks)) {
    const desk = chat('harmless');
    desk.paste(`first\n${text}`);
    const shown = await screen.paint(desk.frame());
    desk.press('Enter');
    const sent = await screen.paint(desk.frame());
    t.same([smuggled(shown.bytes), smuggled(sent.bytes)], [[], []], name);
  }
});
