/** The writer: every byte in its order, and small pieces in few writes, however a batch has put them together. */
import type { Socket } from 'node:net';
import fc from 'fast-check';
import t from 'tap';
import { Batch } from '../../../src/proxy/engine/batch.js';
import { Writer } from '../../../src/proxy/engine/writer.js';
import { repeatable } from '../../support/repeatable.js';
import { countingBytes } from '../chain-bench.js';

/** As much of a socket as a writer needs; it takes everything. */
class Sink {
  readonly destroyed = false;
  readonly writableLength = 0;
  readonly written: Buffer[] = [];
  ended = 0;
  corked = 0;

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes));
    return true;
  }

  cork(): void {
    this.corked++;
  }

  uncork(): void {
    this.corked--;
  }

  end(): void {
    this.ended++;
  }
}

const pieceBytes = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 3_000, max: 5_000 }), fc.nat(100_000));

t.test('the same bytes in the same order, corked only for as long as it writes', async (t) => {
  fc.assert(
    fc.property(fc.array(pieceBytes, { maxLength: 40 }), (sizes) => {
      const sink = new Sink();
      const batch = new Batch();
      const sent = { sent: 0 };
      const writer = new Writer(sink as unknown as Socket, batch, sent);
      const pieces = sizes.map((size, at) => countingBytes(size, at));
      batch.run(() => {
        for (const piece of pieces) writer.write(piece);
        writer.end();
      });
      const wanted = Buffer.concat(pieces);
      return (
        Buffer.concat(sink.written).equals(wanted) &&
        sent.sent === wanted.length &&
        writer.queuedBytes === 0 &&
        sink.corked === 0 &&
        sink.ended === 1
      );
    }),
    repeatable,
  );
  t.pass('held for every list of pieces');
});

t.test('ten thousand small frames that go at once leave in writes of 64 KiB', async (t) => {
  const sink = new Sink();
  const batch = new Batch();
  const writer = new Writer(sink as unknown as Socket, batch, { sent: 0 });
  const frame = countingBytes(64);
  batch.run(() => {
    for (let i = 0; i < 10_000; i++) writer.write(frame);
  });
  t.equal(sink.written.length, Math.ceil((10_000 * 64) / 65_536));
  t.ok(sink.written.every((bytes) => bytes.length <= 65_536));
});
