/** Bytes that no honest peer sends: each is refused with the reason that fits, none trips an assertion or allocates. */
import fc from 'fast-check';
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { decode, encode, FrameSplitter, registry } from '../../src/wire/index.js';
import { type Mark, readProtocol, seal } from './layout.js';
import { reasonOf } from './reason.js';
import { loadVectors, type Vector } from './vectors.js';

const protocol = readProtocol();
const vectors = loadVectors(protocol);
const seed = Number(process.env.SEED ?? 20260101);
t.comment(`seed ${seed}`);

/** The reason of the refusal, or "taken". Anything but a ProtocolError fails the test. */
function fate(frame: Uint8Array, limitBytes: number = limits.frameBytesMaxServer): string {
  const splitter = new FrameSplitter(limitBytes);
  let content: Uint8Array | undefined;
  const reason = reasonOf(() => {
    splitter.push(frame);
    content = splitter.next();
    if (content !== undefined) decode(content);
  });
  return reason === 'taken' && content === undefined ? 'waiting' : reason;
}

/** The vector's frame with one field overwritten, the checksum made right again. */
function withField(vector: Vector, mark: Mark, value: bigint): Buffer {
  const body = vector.built.bytes.slice();
  for (let i = 0; i < mark.bytes; i++) {
    body[mark.at + i] = Number((value >> BigInt(8 * (mark.bytes - 1 - i))) & 0xffn);
  }
  return seal(vector.code, body);
}

for (const vector of vectors) {
  const { code, built, frame } = vector;
  t.test(vector.name, async (t) => {
    const reasons = new Set<string>();
    const step = built.bytes.length > 1000 ? 61 : 1;
    for (let cut = 0; cut < built.bytes.length; cut += step) reasons.add(fate(seal(code, built.bytes.slice(0, cut))));
    t.notOk(reasons.has('taken') || reasons.has('waiting'), `cut off anywhere: ${[...reasons].join(' ')}`);
    t.match(fate(seal(code, [...built.bytes, 0])), /^(leftOver|unknownValue)$/, 'one byte more');

    const flipped = new Set<string>();
    for (let bit = 0; bit < frame.length * 8; bit += frame.length > 300 ? 37 : 1) {
      const bad = Buffer.from(frame);
      bad[bit >> 3] = (bad[bit >> 3] as number) ^ (1 << (bit & 7));
      flipped.add(fate(bad));
    }
    for (const reason of flipped) {
      t.ok(['checksum', 'tooLong', 'tooShort', 'waiting'].includes(reason), `a flipped bit: ${reason}`);
    }

    for (const mark of built.marks) {
      if (mark.kind === 'text') {
        const bad = fate(withField(vector, { ...mark, bytes: 1 }, 0xffn));
        t.equal(bad, 'utf8', `${mark.path} with byte ff`);
        continue;
      }
      const top = 2n ** BigInt(8 * mark.bytes) - 1n;
      const below = mark.low > 0n ? [mark.low - 1n] : [];
      const above = mark.high < top ? [mark.high + 1n, top] : [];
      for (const value of [...below, ...above]) {
        const reason = fate(withField(vector, mark, value));
        const lawful = { number: 'outOfRange', enum: 'unknownValue', bool: 'unknownValue' }[mark.kind as 'number'];
        if (lawful !== undefined) t.equal(reason, lawful, `${mark.path} = ${value}`);
        else t.notOk(['taken', 'waiting'].includes(reason), `${mark.path} = ${value}: ${reason}`);
      }
      const isAtTop = built.bytes.slice(mark.at, mark.at + mark.bytes).every((byte) => byte === 0xff);
      if ((mark.kind === 'length' || mark.kind === 'count') && !isAtTop) {
        const reason = fate(withField(vector, mark, top));
        t.notOk(['taken', 'waiting'].includes(reason), `${mark.path} at its top: ${reason}`);
      }
    }
  });
}

t.test('the header', async (t) => {
  const ping = Buffer.from(registryBody('ping'));
  const code = registry.ping.code;
  for (const version of [0, 2, 255]) t.equal(fate(seal(code, [...ping], version)), 'version', `version ${version}`);
  for (const reserved of [1, 0x8000, 0xffff]) t.equal(fate(seal(code, [...ping], 1, reserved)), 'reserved');
  const known = new Set(Object.values(registry).map((spec) => spec.code));
  for (let other = 0; other < 256; other++) {
    if (!known.has(other)) t.equal(fate(seal(other, [])), 'unknownType', `type ${other}`);
  }
  const lengths: [number, string][] = [
    [0, 'tooShort'],
    [3, 'tooShort'],
    [0x7fffffff, 'tooLong'],
    [0x80000000, 'tooLong'],
    [0xffffffff, 'tooLong'],
    [limits.frameBytesMaxServer - 7, 'tooLong'],
    [limits.frameBytesMaxServer - 8, 'waiting'],
  ];
  for (const [length, reason] of lengths) {
    const bad = encode({ type: 'ping', token: 1 });
    bad.writeUInt32BE(length, 0);
    t.equal(fate(bad), reason, `length ${length}`);
  }
  t.equal(
    reasonOf(() => decode(Buffer.alloc(0))),
    'tooShort',
  );
  t.equal(
    reasonOf(() => decode(Buffer.from([1, 4, 0]))),
    'tooShort',
  );
});

t.test('a frame above the limit of its type is refused on a connection that allows more', async (t) => {
  const text = Buffer.alloc(limits.frameBytesMaxHello, 0x20);
  const body = [1, text.length >> 8, text.length & 0xff, ...text];
  t.equal(fate(seal(registry.refuse.code, body)), 'tooLong');
});

t.test('what only relations between fields forbid', async (t) => {
  const cases: [type: string, path: string, value: bigint, reason: string][] = [
    ['promise', '.part', 1n, 'outOfRange'],
    ['accepted', '.slot', 2n ** 53n - 1n, 'taken'],
    ['learnReply', '.from', 2n ** 53n - 1n, 'outOfRange'],
    ['heartbeatReply', '.leads.server', 1n, 'outOfRange'],
    ['heartbeatReply', '.promised.server', 0n, 'outOfRange'],
    ['submit', '.answeredBelow', 99n, 'outOfRange'],
    ['submit', '.firstSeq', 2n ** 53n - 1n, 'outOfRange'],
    ['deliver', '.firstEvent', 2n ** 53n - 1n, 'outOfRange'],
    ['deliver', '.firstN', 2n ** 53n - 1n, 'outOfRange'],
    ['deliver', '.firstSeq', 2n ** 53n - 1n, 'outOfRange'],
  ];
  for (const [type, path, value, reason] of cases) {
    const vector = vectors.find((candidate) => candidate.message.type === type) as Vector;
    const mark = vector.built.marks.find((candidate) => candidate.path.endsWith(path)) as Mark;
    t.equal(fate(withField(vector, mark, value)), reason, `${type}${path} = ${value}`);
  }
  const many = vectors.find((candidate) => candidate.name === 'accepted: as many as there may be') as Vector;
  const slot = many.built.marks.find((mark) => mark.path.endsWith('.slot')) as Mark;
  t.equal(fate(withField(many, slot, 2n ** 53n - 4095n)), 'outOfRange', 'votes beyond the last slot');
});

t.test('a huge count allocates nothing', async (t) => {
  const before = process.memoryUsage().heapUsed;
  const reply = vectors.find((vector) => vector.name === 'learnReply: nothing') as Vector;
  const count = reply.built.marks.find((mark) => mark.kind === 'count') as Mark;
  for (let i = 0; i < 200; i++) t.equal(fate(withField(reply, count, 0xffffffffn)), 'count') || t.bailout('taken');
  t.ok(process.memoryUsage().heapUsed - before < 64 * 1024 * 1024);
});

t.test('random bytes', async (t) => {
  const types = Object.values(registry).map((spec) => spec.code);
  const outcomes = new Set<string>();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      outcomes.add(fate(bytes, limits.frameBytesMaxClient));
    }),
    { seed, numRuns: 20_000 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.uint8Array({ maxLength: 200 }), (code, body) => {
      outcomes.add(fate(seal(code, [...body])));
    }),
    { seed, numRuns: 20_000 },
  );
  t.ok(outcomes.size > 5, [...outcomes].join(' '));
});

t.test('random changes of lawful bodies', async (t) => {
  const small = vectors.filter((vector) => vector.built.bytes.length > 0 && vector.built.bytes.length < 2000);
  fc.assert(
    fc.property(
      fc.constantFrom(...small),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      (vector, edits) => {
        const body = vector.built.bytes.slice();
        for (const [at, value] of edits) body[at % body.length] = value;
        const frame = seal(vector.code, body);
        if (fate(frame) === 'taken')
          return Buffer.compare(encode(decode(frame.subarray(8))), frame) === 0 || isRegrouped(vector);
        return true;
      },
    ),
    { seed, numRuns: 20_000 },
  );
  t.pass('property held');
});

/**
 * Groups have more than one lawful cut into spans, and farewells are cut to length: only these may come back otherwise.
 */
function isRegrouped({ message }: Vector): boolean {
  return message.type === 'deliver' || message.type === 'page';
}

function registryBody(type: 'ping'): Buffer {
  return encode({ type, token: 1 }).subarray(12);
}
