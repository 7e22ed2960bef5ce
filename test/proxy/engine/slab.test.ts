/** The slab: what is kept stays what it was, whatever becomes of the bytes it was taken from. */
import fc from 'fast-check';
import t from 'tap';
import { Slab } from '../../../src/proxy/engine/slab.js';
import { repeatable } from '../../support/repeatable.js';
import { countingBytes } from '../chain-bench.js';

t.test('each piece is its own, although they lie side by side', async (t) => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(5_000)), { maxLength: 60 });
  fc.assert(
    fc.property(sizes, (list) => {
      const slab = new Slab();
      const kept = list.map((size, at) => {
        const piece = countingBytes(size, at);
        const { bytes, start, end } = slab.keep(piece);
        piece.fill(0xff);
        return { bytes: bytes.subarray(start, end), wanted: countingBytes(size, at) };
      });
      return kept.every(({ bytes, wanted }) => wanted.equals(bytes));
    }),
    repeatable,
  );
  t.pass('held for every list of pieces');
});

t.test('small pieces share buffers, a large one has its own and keeps nothing else', async (t) => {
  const slab = new Slab();
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 1_000; i++) buffers.add(slab.keep(countingBytes(64)).bytes.buffer);
  t.ok(buffers.size <= 5, `64,000 bytes lie in ${buffers.size} buffers`);
  const before = slab.keep(countingBytes(64)).bytes;
  const large = slab.keep(countingBytes(60_000)).bytes;
  t.equal(large.length, 60_000);
  t.not(large.buffer, before.buffer);
});
