/** Streams that are not made of our frames, or not to their end: nothing changes, and somebody is told, once. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { translations } from '../../../src/proxy/engine/translate.js';
import { encode, frameBytesMax, type MessageOf } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { accept, commit } from '../framed-pair.js';
import { foreignStreams } from './foreign-streams.js';
import { byteByByte, cutAt, hello, PipeBench } from './pipe-bench.js';

/** A pipe with rules that would touch every frame. */
function strict(): PipeBench {
  const bench = new PipeBench();
  bench.rule('drop', { match: { from: ['*', 'client'], to: ['*', 'client'] }, do: 'drop' });
  return bench;
}

for (const [name, start] of Object.entries(foreignStreams)) {
  t.test(`${name}, from the first byte on`, async (t) => {
    const rest = Buffer.from('more of it, with zeros \0\0\0\0 and a frame: ');
    const whole = Buffer.concat([start, rest, encode(accept(1)), rest]);
    for (const chunks of [[whole], byteByByte(whole), [start, whole.subarray(start.length)]]) {
      const bench = strict();
      bench.feed(...chunks);
      assert.ok(bench.out.equals(whole), 'byte for byte');
    }
    for (let place = 1; place < whole.length; place++) {
      const bench = strict();
      bench.feed(...cutAt(whole, [place]));
      assert.ok(bench.out.equals(whole), `cut at ${place}`);
      assert.equal(bench.pipe.form, 'bytes');
    }
    const short = strict();
    short.feed(start);
    short.end();
    t.ok(short.out.equals(start), 'and when no more than that ever comes');
    t.ok(short.sink.isEnded);
  });
}

t.test(
  'the beginning of a hello, and then nothing more: it passes when the end comes, or when it is told to',
  async (t) => {
    for (let length = 1; length < 10; length++) {
      const ended = strict().feed(hello.subarray(0, length));
      assert.equal(ended.out.length, 0, 'it could be a hello');
      ended.end();
      assert.ok(ended.out.equals(hello.subarray(0, length)), `${length} bytes and the end`);
      const told = strict().feed(hello.subarray(0, length));
      told.pipe.setForm('bytes');
      assert.ok(told.out.equals(hello.subarray(0, length)), `${length} bytes, decided otherwise`);
      told.feed(hello.subarray(length));
      assert.ok(told.out.equals(hello));
    }
    t.pass('each length');
  },
);

const bad: Readonly<Record<string, Buffer>> = {
  'a length that is too small': Buffer.from('00000003aabbccdd01070000', 'hex'),
  'a length above every limit': (() => {
    const frame = Buffer.from(encode(accept(1, 40)));
    frame.writeUInt32BE(frameBytesMax('server') + 1, 0);
    return frame;
  })(),
  'a length of all ones': Buffer.from('ffffffffaabbccdd01070000', 'hex'),
  'another version': (() => {
    const frame = Buffer.from(encode(accept(1, 40)));
    frame[8] = 2;
    return frame;
  })(),
  'a kind that no message has': (() => {
    const frame = Buffer.from(encode(accept(1, 40)));
    frame[9] = 250;
    return frame;
  })(),
  text: Buffer.from('HTTP/1.1 500 what now\r\n\r\n'),
};

for (const [name, garbage] of Object.entries(bad)) {
  t.test(`in the middle of frames: ${name}`, async (t) => {
    const good = Buffer.concat([hello, encode(accept(1)), encode(commit(1))]);
    // What is no frame, then frames again: nobody knows any more where one begins.
    const tail = Buffer.concat([garbage, encode(accept(2)), garbage]);
    const whole = Buffer.concat([good, tail]);
    const expected = Buffer.concat([hello, encode(accept(1)), tail]);
    for (let place = 0; place < whole.length; place++) {
      const bench = new PipeBench();
      bench.rule('drop', { match: { kinds: 'commit' }, do: 'drop' });
      bench.feed(...cutAt(whole, [place]));
      bench.end();
      assert.ok(bench.out.equals(expected), `cut at ${place}`);
      assert.deepEqual(bench.foreign, ['the stream stopped being made of frames'], 'said once');
      assert.equal(bench.link.counts.totalFrames, 3, 'what came before it is counted');
    }
    const slow = new PipeBench();
    slow.feed(...byteByByte(whole));
    t.ok(slow.out.equals(whole), 'byte by byte');
    t.equal(slow.pipe.form, 'bytes');
  });
}

t.test('random garbage after frames, in random chunks', async (t) => {
  const garbage = fc.uint8Array({ minLength: 10, maxLength: 300 });
  fc.assert(
    fc.property(garbage, fc.array(fc.nat(600)), fc.boolean(), (noise, cuts, isTraced) => {
      const whole = Buffer.concat([hello, encode(accept(1, 30)), Buffer.from(noise)]);
      const bench = new PipeBench();
      if (isTraced) bench.faults.hub.listen(['trace'], () => undefined);
      bench.feed(
        ...cutAt(
          whole,
          cuts.map((cut) => Math.min(cut, whole.length)),
        ),
      );
      bench.end();
      assert.ok(bench.out.equals(whole), 'nothing is lost or changed');
    }),
    repeatable,
  );
  t.pass('property held');
});

t.test('a first frame that can’t be read, or is no hello: told, and passed on to whoever will refuse it', async (t) => {
  const unreadable = Buffer.from(hello);
  unreadable[10] = 1;
  const bench = strict();
  bench.feed(unreadable, encode(accept(1)));
  t.match(bench.foreign, [/^its first frame is unreadable: /]);
  t.ok(bench.out.equals(Buffer.concat([unreadable, encode(accept(1))])), 'no rule acts on a link that is not known');
});

t.test('leaders are overheard on links of servers, whole or in pieces; bad words of them pass', async (t) => {
  const leads = { round: 9, server: 3, incarnation: 1 };
  const reply: MessageOf<'heartbeatReply'> = {
    type: 'heartbeatReply',
    round: 1,
    promised: leads,
    leads,
    majority: true,
    abdicated: false,
    happy: true,
    commit: 1,
    hashSlot: 0,
    hash: new Uint8Array(8),
  };
  const frame = encode(reply);
  const bench = new PipeBench();
  bench.feed(hello, ...byteByByte(frame));
  t.same(bench.leaders, ['3 by 9.3']);
  bench.send({ ...reply, majority: false }, { ...reply, abdicated: true });
  t.same(bench.leaders, ['3 by 9.3'], 'without a majority, or after it has given up, nobody leads');
  const broken = Buffer.from(frame);
  broken[10] = 1;
  bench.feed(broken);
  t.same(bench.foreign, []);
  t.ok(bench.out.subarray(-broken.length).equals(broken));
});

t.test('a frame that can’t be read passes as it is, although its kind is to be rewritten', async (t) => {
  const translate = translations({ commit: () => t.fail('it was rewritten') as never });
  const bench = new PipeBench(undefined, translate);
  const unreadable = Buffer.from(encode(commit(1)));
  unreadable[10] = 1;
  bench.feed(hello, unreadable, encode(accept(1)));
  t.ok(bench.out.equals(Buffer.concat([hello, unreadable, encode(accept(1))])));
});
