/** The first bytes of a caller: a hello, another protocol, or too few to tell; and frames collected from pieces. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { judgeFirstBytes } from '../../../src/proxy/engine/first-frame.js';
import { FrameAssembler } from '../../../src/proxy/engine/frame-assembler.js';
import { encode, frameBytesMax } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { accept, helloOf } from '../framed-pair.js';
import { foreignStreams } from './foreign-streams.js';

const hello = encode(helloOf('server', 1, 'localhost:9010'));

t.test('a hello is known by its first ten bytes, and never taken for anything else before', async (t) => {
  for (let length = 0; length < 10; length++)
    t.equal(judgeFirstBytes(hello.subarray(0, length)), 'more', `${length} bytes`);
  t.equal(judgeFirstBytes(hello.subarray(0, 10)), 'hello');
  t.equal(judgeFirstBytes(hello), 'hello');
});

t.test('other protocols are told at once, or wait for more only while they could be a hello', async (t) => {
  for (const [name, bytes] of Object.entries(foreignStreams)) {
    const tooFew = ['one zero', 'three zeros', 'a PostgreSQL request for TLS'].includes(name);
    t.equal(judgeFirstBytes(bytes), tooFew ? 'more' : 'other', name);
    // Once it is told, more bytes do not change it.
    let last = 'more';
    for (let length = 1; length <= bytes.length; length++) {
      const judged = judgeFirstBytes(bytes.subarray(0, length));
      if (last === 'other' && judged !== 'other') t.fail(`${name}: ${judged} after ${length} bytes`);
      last = judged;
    }
  }
  t.equal(judgeFirstBytes(encode(accept(1))), 'other', 'another frame than a hello');
  const long = Buffer.from(hello);
  long.writeUInt32BE(frameBytesMax('hello') - 8 + 1, 0);
  t.equal(judgeFirstBytes(long), 'other', 'a hello above its limit');
  long.writeUInt32BE(frameBytesMax('hello') - 8, 0);
  t.equal(judgeFirstBytes(long), 'hello', 'one at its limit');
  const later = Buffer.from(hello);
  later[8] = 2;
  t.equal(judgeFirstBytes(later), 'other', 'another version of frames');
});

t.test('an assembler gives back what was put in, whatever the pieces', async (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(sizes, sizes, fc.nat(50), (wants, pieces, offset) => {
      const assembler = new FrameAssembler();
      let turn = 0;
      for (const wanted of wants) {
        const frame = Buffer.alloc(wanted).map((_, at) => (at * 7 + wanted) % 251);
        for (let at = 0; at < wanted; ) {
          const size = pieces[turn++ % pieces.length] as number;
          // It need not begin at the start of its chunk, nor end with it.
          const rest = at + size < wanted ? 0 : offset;
          const chunk = Buffer.concat([Buffer.alloc(offset, 1), frame.subarray(at, at + size), Buffer.alloc(rest, 2)]);
          at += assembler.add(chunk, offset, wanted);
          assert.equal(assembler.length, at);
        }
        assert.equal(assembler.add(frame, 0, wanted), 0, 'it is full');
        assert.deepEqual(Buffer.from(assembler.take()), frame);
        assert.equal(assembler.length, 0);
      }
    }),
    repeatable,
  );
  t.pass('property held');
});
