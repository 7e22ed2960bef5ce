/** Encoding: frames stay as they were given out, our own mistakes are assertions, a failed message leaves no trace. */
import t from 'tap';
import { InvariantError, limits, Prng } from '../../src/base/index.js';
import { decode, describe, encode, frameBytesMax, type Message, registry } from '../../src/wire/index.js';

const ballot = { round: 7, server: 2, incarnation: 5 };

t.test('frames of all sizes stay as they were given out', async (t) => {
  const random = new Prng(1);
  const frames: { frame: Buffer; copy: Buffer; bytes: number; fill: number }[] = [];
  for (let i = 0; i < 3000; i++) {
    const bytes = random.chance(1, 20) ? random.below(200_000) : random.below(600);
    const fill = i & 0xff;
    const frame = encode({ type: 'accept', ballot, slot: i + 1, value: Buffer.alloc(bytes, fill) });
    frames.push({ frame, copy: Buffer.from(frame), bytes, fill });
  }
  let wrong = 0;
  for (const [i, { frame, copy, bytes, fill }] of frames.entries()) {
    if (!frame.equals(copy)) wrong++;
    const message = decode(frame.subarray(8));
    if (message.type !== 'accept' || message.slot !== i + 1 || message.value.length !== bytes) wrong++;
    else if (!message.value.every((byte) => byte === fill)) wrong++;
  }
  t.equal(wrong, 0);
});

t.test('a decoded byte field is a view of the frame', async (t) => {
  const frame = encode({ type: 'accept', ballot, slot: 1, value: Buffer.from('abc') });
  const message = decode(frame.subarray(8));
  frame[frame.length - 1] = 0x7a;
  t.equal(message.type === 'accept' && Buffer.from(message.value).toString(), 'abz');
});

t.test('a plain Uint8Array decodes like a Buffer', async (t) => {
  const frame = encode({ type: 'unsubscribe', room: '#größe' });
  t.same(decode(new Uint8Array(frame.subarray(8))), { type: 'unsubscribe', room: '#größe' });
});

t.test('what our own code must never send', async (t) => {
  const hash = Buffer.alloc(8);
  const session = { slot: 1, index: 0 };
  const wrong: Message[] = [
    { type: 'ping', token: -1 },
    { type: 'ping', token: 0.5 },
    { type: 'ping', token: 2 ** 53 },
    { type: 'ping', token: Number.NaN },
    { type: 'accept', ballot: { ...ballot, round: 0 }, slot: 1, value: hash },
    { type: 'accept', ballot: { ...ballot, server: 0 }, slot: 1, value: hash },
    { type: 'accept', ballot: { ...ballot, server: 65_536 }, slot: 1, value: hash },
    { type: 'accept', ballot, slot: 0, value: hash },
    { type: 'accepted', ballot, incarnation: 1, slot: 1, count: 0 },
    { type: 'accepted', ballot, incarnation: 1, slot: 1, count: 4097 },
    { type: 'accepted', ballot, incarnation: 1, slot: Number.MAX_SAFE_INTEGER, count: 2 },
    { type: 'promise', ballot, incarnation: 1, commit: 0, part: 1, parts: 1, entries: [] },
    { type: 'promise', ballot, incarnation: 1, commit: 0, part: 0, parts: 65, entries: [] },
    { type: 'verifyReply', request: 1, slot: 1, hash: Buffer.alloc(7), applied: 1, nearest: 0 },
    { type: 'refuse', code: 'NOT_A_CODE' as 'BUSY', text: '' },
    { type: 'ack', session, firstSeq: 0, slot: 1, outcomes: [] },
    { type: 'ack', session, firstSeq: 1, slot: 1, outcomes: [{ code: 'ok', count: 0, n: 1 }] },
    { type: 'unsubscribe', room: 'x'.repeat(65_536) },
    { type: 'route', request: 1, kind: 'retry', failed: 'x'.repeat(limits.addressBytesMax + 1) },
    { type: 'submit', run: Buffer.alloc(10) },
    { type: 'forward', batch: 1, bytes: Buffer.alloc(limits.frameBytesMaxServer) },
    { type: 'nothing' as 'ping', token: 1 },
  ];
  for (const message of wrong) t.throws(() => encode(message), InvariantError, describeSafely(message));
  const after = encode({ type: 'ping', token: 9 });
  t.same(decode(after.subarray(8)), { type: 'ping', token: 9 }, 'and a lawful one after them is whole');
});

function describeSafely(message: Message): string {
  return message.type === 'submit' ? 'submit' : describe(message);
}

t.test('farewells are cut to fit their frame, never inside a character', async (t) => {
  const frame = encode({ type: 'refuse', code: 'BUSY', text: '🌍'.repeat(5000) });
  t.ok(frame.length <= frameBytesMax(registry.refuse.limitClass));
  const message = decode(frame.subarray(8));
  t.equal(message.type === 'refuse' && message.text, '🌍'.repeat(500));
  const odd = decode(encode({ type: 'refuse', code: 'BUSY', text: `x${'🌍'.repeat(5000)}` }).subarray(8));
  t.equal(odd.type === 'refuse' && odd.text, `x${'🌍'.repeat(499)}`);
});

t.test('the largest lawful messages fit their frames', async (t) => {
  const names = Array.from({ length: limits.peopleListMax }, () => 'n'.repeat(limits.nameCharsMax));
  const subscribed: Message = {
    type: 'subscribed',
    request: 1,
    code: 'ok',
    room: '#a',
    nextEvent: 1,
    headEvent: 1,
    headN: 1,
    topic: '',
    people: names,
  };
  t.ok(encode(subscribed).length < limits.frameBytesMaxClient);
  t.throws(() => encode({ ...subscribed, people: [...names, 'x'] }), InvariantError, 'one name more');
  const value = Buffer.alloc(limits.batchBytesMax + 13);
  t.ok(encode({ type: 'accept', ballot, slot: 1, value }).length < limits.frameBytesMaxServer);
});

t.test('describe shows no bytes', async (t) => {
  const nonce = Buffer.alloc(16, 0xab);
  t.equal(
    describe({ type: 'register', request: 1, nonce, name: 'Aaron', window: 64 }),
    'register request=1 nonce=16B name="Aaron" window=64',
  );
  t.equal(describe({ type: 'accept', ballot, slot: 12, value: nonce }), 'accept ballot=7.2 slot=12 value=16B');
  t.equal(describe({ type: 'unsubscribe', room: 'line\nfeed' }), 'unsubscribe room="line\\nfeed"');
  const values = Array.from({ length: 9 }, () => nonce);
  t.match(
    describe({ type: 'learnReply', request: 1, commit: 9, promised: ballot, firstSlot: 1, from: 1, values }),
    'values=[16B 16B 16B 16B …9]',
  );
});
