/** Names, rooms and texts: the rules at their edges, and the fast text check against a slow one. */
import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import t from 'tap';
import { canonicalRoom, checkSubmit, directRoom, foldName, isName } from '../../src/chat/index.js';
import { isCleanText } from '../../src/chat/rules.js';
import { encodeRun } from '../../src/wire/index.js';
import { nonce, post } from './support.js';

function clean(bytes: Uint8Array, lines = true): boolean {
  return isCleanText(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, lines);
}

/** The same by decoding and looking at each character. */
function slowlyClean(bytes: Uint8Array, lines: boolean): boolean {
  if (!isUtf8(bytes)) return false;
  return [...Buffer.from(bytes).toString('utf8')].every((c) => {
    const code = c.codePointAt(0) as number;
    return (lines && c === '\n') || !(code < 0x20 || (code >= 0x7f && code <= 0x9f));
  });
}

t.test('names: 1 to 30 characters of the alphabet', async (t) => {
  for (const name of ['a', 'Z', '_', '[x]', '{|}', '^\\', 'a-1', 'x'.repeat(30)]) t.ok(isName(name), name);
  for (const name of ['', '1a', '-a', 'a b', 'a,b', 'é', 'x'.repeat(31), 'a\n', 'a\u0000', '@a', '#a']) {
    t.notOk(isName(name), JSON.stringify(name));
  }
  t.equal(foldName('AbC[]'), 'abc[]', 'only ASCII letters have a small form');
});

t.test('rooms: channels byte for byte, direct rooms folded and sorted', async (t) => {
  for (const room of ['#a', '#A', '#日本', `#${'😀'.repeat(49)}`, '##', '#@a']) t.equal(canonicalRoom(room), room);
  for (const room of [
    '',
    '#',
    'a',
    '# ',
    '#a b',
    '#a,b',
    '#a\n',
    '#\u007f',
    '#\u0085',
    `#${'x'.repeat(50)}`,
    '@a',
    '@a,',
  ]) {
    t.equal(canonicalRoom(room), undefined, JSON.stringify(room));
  }
  for (const room of ['@a,a', '@a,A', '@a,b,c', '@a, b', '@a,b ', '@1,a', ' @a,b', '@a,b\n']) {
    t.equal(canonicalRoom(room), undefined, JSON.stringify(room));
  }
  t.equal(canonicalRoom('@Lala,Aaron'), '@aaron,lala');
  t.equal(directRoom('Lala', 'aaron'), '@aaron,lala');
  t.equal(directRoom('aaron', 'Lala'), '@aaron,lala');
  t.equal(directRoom('_a', 'Zed'), '@_a,zed', 'sorted by code: "_" stands before small letters');
  t.equal(directRoom('a', 'A'), undefined);
});

t.test('the fast text check agrees with decoding, for every single and double byte and for random ones', async (t) => {
  for (let a = 0; a < 256; a++) {
    for (let at = 0; at < 9; at++) {
      const bytes = Buffer.alloc(9, 0x41);
      bytes[at] = a;
      assert.equal(clean(bytes), slowlyClean(bytes, true), `byte ${a} at ${at}`);
      assert.equal(clean(bytes, false), slowlyClean(bytes, false), `byte ${a} at ${at}, one line`);
    }
    for (let b = 0; a >= 0xc0 && b < 256; b++) {
      for (const bytes of [Buffer.from([a, b]), Buffer.from([0x41, 0x42, 0x43, a, b]), Buffer.from([a, b, 0x80])]) {
        assert.equal(clean(bytes), slowlyClean(bytes, true), bytes.toString('hex'));
      }
    }
  }
  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).map((s) => Buffer.from(s)),
    fc.string({ unit: 'grapheme-ascii', maxLength: 30 }).map((s) => Buffer.from(s)),
    fc.uint8Array({ maxLength: 4 }).map((b) => Buffer.from(b)),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 4 }), fc.boolean(), (pieces, lines) => {
      const bytes = Buffer.concat(pieces);
      assert.equal(clean(bytes, lines), slowlyClean(bytes, lines));
    }),
    { numRuns: 500 },
  );
  t.pass();
});

t.test('the edge refuses structure only: what is unlawful but whole gets its answer from the log', async (t) => {
  const run = (count: number, text = 'hi') =>
    encodeRun(
      { session: { slot: 1, index: 0 }, nonce: nonce(0), firstSeq: 1, answeredBelow: 1 },
      Array.from({ length: count }, () => post('#a', text)),
    );
  t.equal(checkSubmit(run(1)), undefined);
  t.equal(checkSubmit(run(4096)), undefined);
  t.equal(checkSubmit(run(1, '\u001b[31m')), undefined, 'a control character consumes its seq');
  t.equal(checkSubmit(run(1, 'x'.repeat(8193))), undefined, 'so does a text that is too long');
  t.match(checkSubmit(run(4097)), /4097 messages where 4096 are allowed; send it as several/);
  const whole = run(2);
  for (let length = 0; length < whole.length; length++) {
    t.type(checkSubmit(whole.subarray(0, length)), 'string', `cut at ${length}`);
  }
  t.type(checkSubmit(Buffer.concat([whole, Buffer.alloc(1)])), 'string', 'a byte too many');
  const broken = Buffer.from(whole);
  broken[broken.length - 1] = 0xff;
  t.match(checkSubmit(broken), /UTF-8/);
});
