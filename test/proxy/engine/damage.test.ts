/** Damage: the copy differs where it says, the frame stays as it was, and no receiver takes it for good. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { damaged } from '../../../src/proxy/engine/damage.js';
import { encode, FrameSplitter, ProtocolError } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { reasonOf } from '../../wire/reason.js';
import { accept, commit } from '../framed-pair.js';

const frames = [
  encode(accept(1, 0)),
  encode(accept(2, 700)),
  encode(commit(5)),
  encode({ type: 'ping', token: 1 }),
  encode({ type: 'heartbeat', round: 9 }),
];
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

t.test('one bit of what the checksum covers; a length that is too long; an end that is missing', async (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...frames), place, (frame, at) => {
      const before = Buffer.from(frame);
      const flipped = Buffer.from(damaged(frame, { what: 'payload', place: at }));
      const differing = [...flipped].map((byte, i) => byte ^ (before[i] as number)).filter((bits) => bits !== 0);
      assert.equal(flipped.length, before.length);
      assert.equal(differing.length, 1, 'one byte');
      assert.equal((differing[0] as number) & ((differing[0] as number) - 1), 0, 'one bit of it');
      assert.deepEqual(flipped.subarray(0, 8), before.subarray(0, 8), 'length and checksum are as they were');

      const lying = Buffer.from(damaged(frame, { what: 'length', place: at }));
      const more = lying.readUInt32BE(0) - before.readUInt32BE(0);
      assert.ok(more >= 1 && more <= 256, `${more} more`);
      assert.deepEqual(lying.subarray(4), before.subarray(4));

      const short = Buffer.from(damaged(frame, { what: 'truncate', place: at }));
      assert.ok(short.length >= 1 && short.length < before.length);
      assert.deepEqual(short, before.subarray(0, short.length));
      assert.deepEqual(frame, before, 'the frame itself is not touched');
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('a receiver never takes a damaged frame for good', async (t) => {
  const what = fc.constantFrom('payload' as const, 'length' as const, 'truncate' as const);
  fc.assert(
    fc.property(fc.constantFrom(...frames), what, place, (frame, kind, at) => {
      const splitter = new FrameSplitter(1 << 20);
      // Enough behind it for any length that lies.
      splitter.push(
        Buffer.concat([damaged(frame, { what: kind, place: at }), ...new Array(20).fill(encode(commit(1)))]),
      );
      // An end that is missing may be made up by the next frame's beginning: then it is whole, and what follows is not.
      const whole: Buffer[] = [];
      const readAll = (): void => {
        for (let next = splitter.next(); next !== undefined; next = splitter.next()) whole.push(Buffer.from(next));
      };
      if (kind === 'truncate') reasonOf(readAll);
      else assert.throws(readAll, ProtocolError);
      for (const next of whole) assert.deepEqual(next, frame.subarray(8));
      assert.ok(whole.length <= 1);
    }),
    repeatable,
  );
  t.pass('property held');
});
