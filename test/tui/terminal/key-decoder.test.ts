/** The key decoder: every key as the terminals send it, and that neither splitting nor rubbish leads it astray. */
import fc from 'fast-check';
import t from 'tap';
import type { TerminalInput } from '../../../src/tui/model/input.js';
import { KeyDecoder, pasteMax } from '../../../src/tui/terminal/key-decoder.js';
import { brief } from '../support/open.js';

/** What the bytes mean when nothing follows them. */
function decode(...chunks: (string | Buffer)[]): TerminalInput[] {
  const decoder = new KeyDecoder();
  const inputs = chunks.flatMap((chunk) => decoder.decode(Buffer.from(chunk as string)));
  return [...inputs, ...decoder.flush()];
}

const table: readonly (readonly [bytes: string, ...expected: string[]])[] = [
  ['a', "'a'"],
  ['hello wörld', "'hello wörld'"],
  ['你好', "'你好'"],
  ['👩‍👩‍👧 ok', "'👩‍👩‍👧 ok'"],
  ['\r', 'Enter'],
  ['\n', 'C-j'],
  ['a\rb', "'a'", 'Enter', "'b'"],
  ['\t', 'Tab'],
  ['\x1b[Z', 'S-Tab'],
  ['\x7f', 'Backspace'],
  ['\x08', 'C-h'],
  ['\x00', 'C-Space'],
  ['\x01\x03\x1a', 'C-a', 'C-c', 'C-z'],
  ['\x1c\x1d\x1e\x1f', 'C-\\', 'C-]', 'C-^', 'C-_'],
  ['\x1b', 'Esc'],
  ['\x1b\x1b', 'Esc', 'Esc'],
  ['\x1b\x1b\x1b', 'Esc', 'Esc', 'Esc'],
  ['\x1ba\x1b1\x1b<\x1b>', 'M-a', 'M-1', 'M-<', 'M->'],
  ['\x1bB\x1b ', 'M-B', 'M-Space'],
  ['\x1bé\x1b😀', 'M-é', 'M-😀'],
  ['\x1b\r', 'M-Enter'],
  ['\x1b\x7f', 'M-Backspace'],
  ['\x1b\t', 'M-Tab'],
  ['\x1b\x02', 'C-M-b'],
  ['\x1b[', 'M-['],
  ['\x1bO', 'M-O'],
  ['\x1b]', 'M-]'],
  ['\x1bP', 'M-P'],
  ['\x1bX\x1b^', 'M-X', 'M-^'],
  ['\x1b\x1ba', 'Esc', 'M-a'],
  // Arrows: normal, application, modified, rxvt.
  ['\x1b[A\x1b[B\x1b[C\x1b[D', 'Up', 'Down', 'Right', 'Left'],
  ['\x1bOA\x1bOB\x1bOC\x1bOD', 'Up', 'Down', 'Right', 'Left'],
  ['\x1b[1;5C\x1b[1;5D\x1b[1;3C\x1b[1;3D', 'C-Right', 'C-Left', 'M-Right', 'M-Left'],
  ['\x1b[1;3A\x1b[1;2B\x1b[1;7A\x1b[1;9D', 'M-Up', 'S-Down', 'C-M-Up', 'M-Left'],
  ['\x1b\x1b[A\x1b\x1bOB', 'M-Up', 'M-Down'],
  ['\x1b[a\x1bOd\x1bO5C', 'S-Up', 'C-Left', 'C-Right'],
  // Home and End: xterm, application, console, rxvt.
  ['\x1b[H\x1bOH\x1b[1~\x1b[7~', 'Home', 'Home', 'Home', 'Home'],
  ['\x1b[F\x1bOF\x1b[4~\x1b[8~', 'End', 'End', 'End', 'End'],
  ['\x1b[2~\x1b[3~\x1b[5~\x1b[6~', 'Insert', 'Delete', 'PageUp', 'PageDown'],
  ['\x1b[3;5~\x1b[3^\x1b[3$\x1b[5;3~', 'C-Delete', 'C-Delete', 'S-Delete', 'M-PageUp'],
  // Function keys: xterm, rxvt, the Linux console.
  ['\x1bOP\x1bOQ\x1bOR\x1bOS', 'F1', 'F2', 'F3', 'F4'],
  ['\x1b[11~\x1b[12~\x1b[13~\x1b[14~', 'F1', 'F2', 'F3', 'F4'],
  ['\x1b[[A\x1b[[B\x1b[[C\x1b[[D\x1b[[E', 'F1', 'F2', 'F3', 'F4', 'F5'],
  ['\x1b[15~\x1b[17~\x1b[18~\x1b[19~\x1b[20~\x1b[21~', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10'],
  ['\x1b[23~\x1b[24~\x1b[1;2P\x1b[15;5~', 'F11', 'F12', 'S-F1', 'C-F5'],
  // The mouse.
  ['\x1b[<64;5;6M\x1b[<65;5;6M\x1b[<68;5;6M', 'wheel up', 'wheel down', 'wheel up'],
  ['\x1b[<0;5;6M\x1b[<0;5;6m', 'click 5,4'],
  ['\x1b[<2;5;6M\x1b[<32;5;6M\x1b[<66;5;6M\x1b[<0;5M\x1b[<0;0;0M'],
  ['\x1b[M !!\x1b[M`!!x', 'click 0,0', 'wheel up', "'x'"],
  // Pastes.
  ['\x1b[200~one\rtwo\r\nthree\nfour\x1b[201~\r', "paste 'one\ntwo\nthree\nfour'", 'Enter'],
  ['\x1b[200~a\tb\x1b[31mc\x07\x9b\x1b[201~', "paste 'a\tb[31mc'"],
  ['\x1b[200~no end', "paste 'no end'"],
  ['\x1b[200~\x1b[201~x', "'x'"],
  ['\x1b\x1b[200~p\x1b[201~', 'Esc', "paste 'p'"],
  // Reports and sequences that mean nothing here.
  ['\x1b[12;40Rx\x1b[?1;2cx\x1b[?2026;2$yx\x1b[I\x1b[O', "'x'", "'x'", "'x'"],
  ['\x1b]11;rgb:ffff/ffff/ffff\x07x\x1b]52;c;aGk=\x1b\\y', "'x'", "'y'"],
  ['\x1bP1$r0m\x1b\\x\x1b_Gi=1;OK\x1b\\y', "'x'", "'y'"],
  ['\x1b[27;5;13~\x1b[97;5u\x1b[99~\x1bOz'],
  ['\x1b[1;5', ...[]],
  // Broken off: what comes next is not lost.
  ['\x1b[1;5\r', 'Enter'],
  ['\x1b[1;\x1b[A', 'Up'],
  ['\x1b]0;x\x1b[A', 'Up'],
  ['\x1b[1;5é', "'é'"],
  ['\x85\x9b31m', "'31m'"],
];

t.test('keys as terminals send them', async (t) => {
  for (const [bytes, ...expected] of table) t.same(brief(decode(bytes)), expected, JSON.stringify(bytes));
});

t.test('what is waited for, and how long', async (t) => {
  const waits: [bytes: string, ms: number | undefined][] = [
    ['a', undefined],
    ['\x1b', 50],
    ['\x1b[', 50],
    ['\x1b]', 50],
    ['\x1b[1', 1_000],
    ['\x1b]1', 1_000],
    ['\x1b[200~', 1_000],
    ['\x1b[200~x\x1b[201~', undefined],
  ];
  for (const [bytes, ms] of waits) {
    const decoder = new KeyDecoder();
    decoder.decode(Buffer.from(bytes));
    t.equal(decoder.waitMs, ms, JSON.stringify(bytes));
    decoder.flush();
    t.equal(decoder.waitMs, undefined, `${JSON.stringify(bytes)} is done with after a flush`);
  }
});

t.test('of an endless paste the beginning is kept, without half a character', async (t) => {
  const chunk = `${'x'.repeat(1_000)}😀`;
  const inputs = decode('\x1b[200~y', ...Array.from({ length: 1_100 }, () => chunk), '\x1b[201~z');
  t.equal(inputs.length, 2);
  const [paste, after] = inputs;
  if (paste?.kind !== 'paste') return t.fail('not a paste');
  t.ok(paste.text.length <= pasteMax && paste.text.length >= pasteMax - 1);
  t.notMatch(paste.text, /\p{Cs}/u);
  return t.same(brief(after === undefined ? [] : [after]), ["'z'"]);
});

t.test('however the bytes are split, the inputs are the same', async (t) => {
  const piece = fc.oneof(
    fc.constantFrom(...table.map(([bytes]) => bytes)),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
    fc.constantFrom('\x1b[200~', '\x1b[201~', '\x1b', '[', '\r', '€', '\x1b[<'),
  );
  const bytes = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')));
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(200), { maxLength: 20 }), (whole, cuts) => {
      const at = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length];
      const chunks = at.slice(1).map((end, index) => whole.subarray(at[index], end));
      t.strictSame(joined(decode(...chunks)), joined(decode(whole)));
    }),
    { numRuns: 500 },
  );
});

t.test('no bytes throw, nor become text with control characters', async (t) => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.array(fc.constantFrom(0x1b, 0x5b, 0x4f, 0x32, 0x30, 0x7e, 0x4d, 0x9b, 0xc2, 0xf0, 0x0d, 0x41, 0x3b)),
  );
  fc.assert(
    fc.property(bytes, (noise) => {
      for (const input of decode(Buffer.from(noise))) {
        if (input.kind === 'paste') t.notMatch(input.text, /[^\n\t\P{Cc}]|\p{Cs}/u);
        if (input.kind !== 'key') continue;
        t.notMatch(input.key.name, /\p{Cc}/u);
        t.equal(input.key.name === 'text', input.key.text !== undefined);
        if (input.key.text !== undefined) t.match(input.key.text, /^\P{Cc}+$/u);
      }
    }),
    { numRuns: 500 },
  );
});

/** With typed text in one piece, wherever it was cut. */
function joined(inputs: readonly TerminalInput[]): TerminalInput[] {
  const result: TerminalInput[] = [];
  for (const input of inputs) {
    const last = result.at(-1);
    if (last?.kind === 'key' && input.kind === 'key' && last.key.text !== undefined && input.key.text !== undefined) {
      result[result.length - 1] = { kind: 'key', key: { name: 'text', text: last.key.text + input.key.text } };
    } else result.push(input);
  }
  return result;
}
