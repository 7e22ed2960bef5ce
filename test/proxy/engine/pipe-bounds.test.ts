/** Bounds: what a direction holds and queues, when its source is not read, and what waits while it is blocked. */
import t from 'tap';
import { translations } from '../../../src/proxy/engine/translate.js';
import { encode, type Message, registry } from '../../../src/wire/index.js';
import { accept, commit, helloOf } from '../framed-pair.js';
import { framesOf, hello, PipeBench } from './pipe-bench.js';

const bounds = { heldBytesMax: 10_000, queuedBytesMax: 5_000 };
const frameBytes = encode(accept(1, 1_000)).length;

t.test('held frames: beyond the bound the source is not read until half is gone, and that is told once', async (t) => {
  const bench = new PipeBench(bounds);
  bench.feed(hello);
  bench.rule('slow', { match: {}, do: { type: 'delay', time: 100 } });
  let sent = 0;
  const fill = (): void => {
    while (!bench.source.isPaused) {
      bench.send(accept(++sent, 1_000));
      bench.clock.advance(1);
    }
  };
  fill();
  const { line } = bench.pipe;
  t.ok(line.heldBytes > bounds.heldBytesMax, 'the bound is met');
  t.ok(line.heldBytes <= bounds.heldBytesMax + frameBytes, `by no more than a frame: ${line.heldBytes} bytes`);
  t.equal(bench.bounds, 1);
  let least = line.heldBytes;
  bench.clock.advanceUntil(
    () => {
      if (bench.source.isPaused) least = line.heldBytes;
      return !bench.source.isPaused;
    },
    1_000,
    'it to be read again',
  );
  t.ok(least <= bounds.heldBytesMax / 2 + 2 * frameBytes, `not before half of it has gone: ${least} bytes`);
  fill();
  t.equal(bench.bounds, 1, 'told once');
  bench.clock.advance(100);
  t.equal(framesOf(bench.out).length, 1 + sent, 'nothing was lost');
});

t.test('a rule that goes away makes room at once', async (t) => {
  const bench = new PipeBench(bounds);
  bench.feed(hello);
  bench.rule('clog', { match: {}, do: 'clog' });
  for (let slot = 1; slot <= 20; slot++) bench.send(accept(slot, 1_000));
  t.ok(bench.source.isPaused);
  const waiting = bench.source.waiting.length;
  t.ok(waiting > 5, `${waiting} frames are not read`);
  bench.faults.heal();
  bench.clock.advance(1);
  t.notOk(bench.source.isPaused);
  t.same(framesOf(bench.out).length, 21);
});

t.test('a receiver that does not read stops the source; when it reads again all goes on', async (t) => {
  const bench = new PipeBench(bounds);
  bench.feed(hello);
  bench.sink.isStuck = true;
  for (let slot = 1; slot <= 20; slot++) bench.send(accept(slot, 1_000));
  t.ok(bench.source.isPaused);
  t.ok(bench.sink.writableLength <= bounds.queuedBytesMax + frameBytes, `${bench.sink.writableLength} bytes wait`);
  t.equal(bench.bounds, 0, 'that is nobody’s fault and not worth a word');
  bench.sink.drain();
  bench.clock.settle();
  t.notOk(bench.source.isPaused);
  t.equal(framesOf(bench.out).length, 21);
});

t.test('blocked: a little is kept, in its order, and the end behind it', async (t) => {
  const bench = new PipeBench();
  bench.feed(hello);
  bench.pipe.block();
  bench.pipe.block();
  bench.send(accept(1), commit(1));
  bench.end();
  t.equal(framesOf(bench.out).length, 1);
  t.notOk(bench.sink.isEnded);
  bench.pipe.unblock();
  t.same(framesOf(bench.out), framesOf(Buffer.concat([hello, encode(accept(1)), encode(commit(1))])));
  t.ok(bench.sink.isEnded);
  const full = new PipeBench();
  full.feed(hello);
  full.pipe.block();
  for (let slot = 1; slot <= 100; slot++) full.send(accept(slot, 1_000));
  t.ok(full.source.isPaused, 'the rest waits in the kernel');
  full.pipe.unblock();
  full.clock.settle();
  t.equal(framesOf(full.out).length, 101);
});

t.test('a translation that takes its time: what is behind it waits, also the end', async (t) => {
  let settle: (message: Message) => void = () => undefined;
  const rewritten = helloOf('server', 1, 'proxy:1');
  const translate = translations({
    commit: (message) =>
      new Promise((resolve) => {
        settle = () => resolve({ ...message, upto: 77 });
      }),
  });
  const bench = new PipeBench(undefined, translate);
  const traced: unknown[] = [];
  bench.faults.hub.listen(['trace'], ({ kind, slot }) => traced.push([kind, slot]));
  bench.feed(Buffer.concat([hello, encode(accept(1)), encode(commit(1)), encode(accept(2)), encode(commit(2))]));
  bench.end();
  t.equal(framesOf(bench.out).length, 2);
  for (let turn = 0; turn < 2; turn++) {
    settle(rewritten);
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.same(
    framesOf(bench.out),
    framesOf(Buffer.concat([hello, ...[accept(1), commit(77), accept(2), commit(77)].map((one) => encode(one))])),
  );
  t.ok(bench.sink.isEnded);
  t.same(traced, [
    ['hello', undefined],
    ['accept', 1],
    ['commit', 77],
    ['accept', 2],
    ['commit', 77],
  ]);
});

t.test('a translation that fails ends the connection, and only that', async (t) => {
  const bench = new PipeBench(undefined, translations({ commit: () => Promise.reject(new Error('no port left')) }));
  bench.feed(hello).send(commit(1), accept(1));
  await new Promise((resolve) => setImmediate(resolve));
  t.ok(bench.isReset);
  t.equal(framesOf(bench.out).length, 1);
});

t.test('cut mid-frame: half of it leaves, nothing behind it, and then the reset', async (t) => {
  const bench = new PipeBench();
  bench.feed(hello);
  bench.rule('slow', { match: { kinds: 'commit' }, do: { type: 'delay', time: 1 } });
  bench.rule('half', { match: { kinds: 'accept' }, do: 'cutMidFrame' });
  bench.send(commit(1), accept(1, 1_000), commit(2));
  const half = encode(accept(1, 1_000));
  t.ok(bench.out.subarray(hello.length).equals(half.subarray(0, half.length >> 1)));
  t.notOk(bench.isReset, 'what has left should arrive');
  bench.clock.advance(50);
  t.ok(bench.isReset);
  t.equal(bench.out.length, hello.length + (half.length >> 1), 'what was held is lost with the connection');
  t.equal(bench.link.counts.of('lost', registry.commit.code), 1);
});

t.test('one write for what one chunk brings about', async (t) => {
  const bench = new PipeBench();
  bench.feed(hello);
  bench.rule('twice', { match: { kinds: 'commit' }, do: 'duplicate' });
  const before = bench.sink.writes;
  bench.feed(Buffer.concat([accept(1), commit(1), accept(2), commit(2)].map((one) => encode(one))));
  t.equal(bench.sink.writes - before, 1);
  t.equal(framesOf(bench.out).length, 7);
});
