/** The check through which every text passes, and its shortcut for ASCII. */
import { isUtf8 as nodeIsUtf8 } from 'node:buffer';
import fc from 'fast-check';
import t from 'tap';
import { isAscii, isUtf8, viewAround } from '../../src/base/index.js';

/** Bytes with few that are not ASCII, so that the first such stands anywhere in a word or behind the last one. */
const bytes = fc.array(fc.oneof({ weight: 40, arbitrary: fc.nat(0x7f) }, { weight: 1, arbitrary: fc.nat(0xff) }), {
  maxLength: 80,
});

t.test('a part is ASCII when each of its bytes is, wherever it lies in memory', async (t) => {
  fc.assert(
    fc.property(bytes, fc.nat(16), fc.nat(80), fc.nat(80), (list, before, a, b) => {
      const memory = Buffer.alloc(before + list.length, 0xff);
      memory.set(list, before);
      const part = memory.subarray(before);
      const [start, end] = [Math.min(a, b, list.length), Math.min(Math.max(a, b), list.length)];
      const view = viewAround(part);
      const expected = part.subarray(start, end).every((byte) => byte < 0x80);
      return isAscii(view, part.byteOffset + start, part.byteOffset + end) === expected;
    }),
    { numRuns: 2_000 },
  );
  t.pass('no counterexample');
});

t.test('a view is of the memory asked for, also after other memory', async (t) => {
  const [one, two] = [Buffer.from(new ArrayBuffer(8)), Buffer.from(new ArrayBuffer(8))];
  t.equal(viewAround(one).buffer, one.buffer);
  t.equal(viewAround(two).buffer, two.buffer);
  t.equal(viewAround(one), viewAround(one.subarray(3)), 'one view for all that lies in it');
});

t.test('UTF-8 is what Node calls so', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (list) => isUtf8(list) === nodeIsUtf8(list)),
    { numRuns: 2_000 },
  );
  t.ok(isUtf8(Buffer.from('grüße, 世界')));
  t.notOk(isUtf8(Buffer.from([0x61, 0xc3])), 'cut off');
});
