/**
 * Entries that are broken must never stop a server, nor make two servers differ; and every bit of an entry counts in
 * the hash.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ChatState } from '../../src/chat/index.js';
import { attachItem, detachItem, encodeEntry, registerItem, touchItem } from '../../src/wire/index.js';
import { Bench, nonce, post, say, token } from './support.js';

const stamp = { elapsedMs: 3, wallMs: 1_700_000_000_000 };

/** Two slots of log and a third value that uses every kind of item. */
function lawful() {
  const bench = new Bench();
  const ann = bench.register(0, 'ann');
  bench.apply([bench.run(ann, 0, 1, [say('join', '#a'), post('#a', 'hi')])]);
  const items = [
    bench.run(ann, 0, 3, [post('#a', 'ünï'), say('topic', '#b', 't'), say('nick', '', 'anna'), say('leave', '#a')], 2),
    registerItem({ nonce: nonce(1), window: 4, server: 2, tokenHash: token(1), name: 'bob' }),
    touchItem([ann]),
    attachItem({ session: ann, nonce: nonce(0), server: 2 }),
    detachItem({ session: ann, attachment: 2 }),
  ];
  return { log: bench.log, items, value: encodeEntry(stamp, items), ann };
}

/** A state with the two slots applied. */
function twoSlots(log: readonly Buffer[], wanted = false): ChatState {
  const state = new ChatState({ wanted: () => wanted });
  log.forEach((value, i) => {
    state.apply(i + 1, value);
  });
  return state;
}

t.test('an entry cut at every byte: what is whole is applied, the rest skipped and counted', async (t) => {
  const { log, items, value, ann } = lawful();
  const ends = items.map((_, i) => value.length - items.slice(i + 1).reduce((sum, { length }) => sum + length, 0));
  for (let length = 0; length < value.length; length++) {
    const state = twoSlots(log);
    const applied = state.apply(3, value.subarray(0, length));
    const answered = applied.answers.length + applied.registrations.length + applied.attachments.length;
    // Run, register and attach are the first, second and fourth item, and the only ones that are answered.
    assert.equal(answered, [0, 1, 3].filter((item) => length >= (ends[item] as number)).length, `cut at ${length}`);
    assert.equal(applied.skippedItems, ends.includes(length) ? 0 : 1, `cut at ${length}`);
    assert.equal(state.applied, 3);
    assert.equal(state.skippedItems, applied.skippedItems);
    // The log goes on.
    const next = new Bench();
    const seq = (state.session(ann)?.lastSeq ?? 0) + 1;
    const run = next.run(ann, 0, seq, [post('#a', 'still here')]);
    assert.match(JSON.stringify(state.apply(4, encodeEntry(stamp, [run])).answers), /"ok"/);
  }
  t.pass();
});

t.test('every bit of an entry flipped: never a throw, the same on two servers, and always another hash', async (t) => {
  const { log, value } = lawful();
  const untouched = twoSlots(log);
  untouched.apply(3, value);
  const hashes = new Set([Buffer.from(untouched.hash).toString('hex')]);
  for (let bit = 0; bit < value.length * 8; bit++) {
    const flipped = Buffer.from(value);
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
    const one = twoSlots(log);
    const other = twoSlots(log, true);
    one.apply(3, flipped);
    other.apply(3, flipped);
    assert.deepEqual(one.hash, other.hash);
    assert.deepEqual(one.snapshot(), other.snapshot());
    hashes.add(Buffer.from(one.hash).toString('hex'));
  }
  t.equal(hashes.size, value.length * 8 + 1);
});

t.test('random bytes, and random mutations of lawful entries, are survived alike by two servers', async (t) => {
  const { log, value } = lawful();
  const mutation = fc.array(fc.tuple(fc.nat(value.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.from(b)),
    fc.uint8Array({ maxLength: 200 }).map((b) => Buffer.concat([value.subarray(0, 13), b])),
    mutation.map((changes) => {
      const changed = Buffer.from(value);
      for (const [at, byte] of changes) changed[at] = byte;
      return changed;
    }),
  );
  fc.assert(
    fc.property(fc.array(bytes, { minLength: 1, maxLength: 6 }), (values) => {
      const one = twoSlots(log);
      const other = twoSlots(log, true);
      values.forEach((value, i) => {
        const a = one.apply(3 + i, value);
        const b = other.apply(3 + i, Buffer.from(value));
        assert.deepEqual({ ...a, groups: [] }, { ...b, groups: [] });
      });
      assert.deepEqual(one.hash, other.hash);
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

t.test('the hash depends on the slot order, on earlier slots and on nothing local', async (t) => {
  const { log, value } = lawful();
  const hash = (values: readonly Buffer[], wanted = false) =>
    Buffer.from(twoSlots(values, wanted).hash).toString('hex');
  const noop = Buffer.alloc(13);
  const whole = [...log, value, noop];
  t.equal(hash(whole), hash(whole, true));
  t.not(hash([...log, value, noop]), hash([...log, noop, value]));
  t.not(hash([noop, ...log]), hash([...log, noop]));
  t.not(hash(log), hash([...log, noop]), 'a no-op counts too');
  t.equal(hash([]), '0000000000000000');
  t.equal(
    hash(whole),
    hash(whole.map((v) => Buffer.concat([Buffer.alloc(3), v]).subarray(3))),
    'nor on where bytes lie',
  );
});

t.test('a slot out of order is our own bug and stops the server', async (t) => {
  const state = new ChatState();
  t.throws(() => state.apply(2, Buffer.alloc(13)), { name: 'InvariantError' });
  state.apply(1, Buffer.alloc(13));
  t.throws(() => state.apply(1, Buffer.alloc(13)), { name: 'InvariantError' });
});
