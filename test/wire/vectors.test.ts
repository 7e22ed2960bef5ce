/** Every message the same four ways: encode, decode, round trip and a split at every byte, against recorded vectors. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { decode, describe, encode, FrameSplitter, registry } from '../../src/wire/index.js';
import { readProtocol, seal } from './layout.js';
import { plain } from './shapes.js';
import { loadVectors } from './vectors.js';

const protocol = readProtocol();
const vectors = loadVectors(protocol);
const limitBytes = limits.frameBytesMaxServer;
/** Above this length the split is tried around every field's edges and at every 97th byte instead of at every byte. */
const EVERY_SPLIT_BYTES = 2000;

t.test('every message has a vector, and every word of every enumeration occurs', async (t) => {
  const types = new Set(vectors.map((vector) => vector.message.type));
  for (const type of Object.keys(registry)) t.ok(types.has(type as never), `${type} has a vector`);
  t.equal(new Set(vectors.map((vector) => vector.name)).size, vectors.length, 'names are unique');
  const text = JSON.stringify(vectors.map((vector) => plain(vector.message)));
  for (const name of ['role', 'auth', 'kind', 'direction', 'counter', 'routeKind', 'routeStatus']) {
    for (const word of protocol.enumerations.get(name) ?? []) {
      t.ok(text.includes(`"${word}"`), `${name} ${word} occurs`);
    }
  }
});

for (const vector of vectors) {
  t.test(vector.name, async (t) => {
    const { frame, message } = vector;
    t.same(seal(vector.code, vector.built.bytes), frame, 'the tables of PROTOCOL.md give the recorded bytes');
    t.same(encode(message), frame, 'encode gives the recorded bytes');
    t.same(plain(decode(frame.subarray(8))), plain(message), 'decode gives the message');
    t.same(encode(decode(frame.subarray(8))), frame, 'and back');
    const line = describe(message);
    t.ok(line.startsWith(message.type) && !line.includes('\n'), `describe: ${line}`);

    const edges = new Set(vector.built.marks.flatMap((mark) => [12 + mark.at, 12 + mark.at + mark.bytes]));
    let wrong = 0;
    for (let cut = 0; cut <= frame.length; cut++) {
      if (frame.length > EVERY_SPLIT_BYTES && cut % 97 !== 0 && !edges.has(cut) && cut > 16) continue;
      const splitter = new FrameSplitter(limitBytes);
      splitter.push(Buffer.from(frame.subarray(0, cut)));
      const early = splitter.next();
      splitter.push(Buffer.from(frame.subarray(cut)));
      const whole = early ?? splitter.next();
      const isRight = (cut === frame.length) === (early !== undefined) && whole !== undefined;
      if (!isRight || !frame.subarray(8).equals(whole) || splitter.next() !== undefined) wrong++;
    }
    t.equal(wrong, 0, 'split in two at every byte it is the same frame');

    const splitter = new FrameSplitter(limitBytes);
    const given: Uint8Array[] = [];
    for (const [i, byte] of frame.entries()) {
      splitter.push(Buffer.of(byte));
      const next = splitter.next();
      if (next === undefined) continue;
      given.push(next);
      t.equal(i, frame.length - 1, 'the frame comes with its last byte');
    }
    t.same(given, [frame.subarray(8)], 'one byte at a time gives the frame once');
  });
}
