/**
 * Checkpoints: a state loaded from any of them goes on like one that never stopped, and damage is never taken for a
 * state.
 */
import assert from 'node:assert/strict';
import t from 'tap';
import { ChatState, DamagedRow, HistoryError, type Row } from '../../src/chat/index.js';
import { detachItem, registerItem } from '../../src/wire/index.js';
import { Bench, flatten, MapStore, nonce, post, readPage, say, token } from './support.js';

const all = { direction: 'from', by: 'event', event: 1, limit: 1000 } as const;

/** A log in which every kind of thing happens: two rooms, a direct room, refusals, nick, leaves, silent leaves. */
function busyLog(): Bench {
  const bench = new Bench({ limits: { indexRowSpans: 4 } });
  const [ann, bob] = [bench.register(0, 'ann'), bench.register(1, 'bob')];
  const seqs = [1, 1];
  const say2 = (n: number, ...messages: Parameters<Bench['run']>[3]) => {
    const item = bench.run(n === 0 ? ann : bob, n, seqs[n] as number, messages, Math.max(1, (seqs[n] as number) - 2));
    seqs[n] = (seqs[n] as number) + messages.length;
    return item;
  };
  bench.apply([say2(0, say('join', '#a'), say('topic', '#a', 'täglich'))]);
  for (let i = 0; i < 12; i++) {
    bench.apply(
      [say2(0, post('#a', `a${i}`), post('#b', `b${i}`), post('#c d', 'bad')), say2(1, say('action', '#a', 'waves'))],
      5,
    );
    if (i % 3 === 0) bench.apply([]);
  }
  bench.apply([say2(1, say('join', '#b'), post('@ann,bob', 'psst'), say('nick', '', 'Bobby'), say('leave', '#a'))]);
  bench.apply([registerItem({ nonce: nonce(2), window: 8, server: 3, tokenHash: token(1), name: 'bobby' })]);
  bench.apply([detachItem({ session: bob, attachment: 1 }), detachItem({ session: ann, attachment: 1 })]);
  bench.apply([say2(0, ...Array.from({ length: 9 }, (_, i) => post('#a', `more ${i}`)))]);
  return bench;
}

t.test('restarted from a checkpoint at every slot: the same answers, hashes, rows and history', async (t) => {
  const { log, options } = busyLog();
  const steady = new ChatState(options);
  const hashes: Uint8Array[] = [];
  const applied = log.map((value, i) => {
    const result = steady.apply(i + 1, value);
    hashes.push(steady.hash);
    return result;
  });
  for (let slot = 0; slot <= log.length; slot++) {
    const store = new MapStore();
    const before = new ChatState(options);
    for (let i = 0; i < slot; i++) {
      before.apply(i + 1, log[i] as Buffer);
      // Checkpoints of different rhythms in between must leave no trace.
      if (slot % 3 > 0 && i % (slot % 3) === 0) {
        store.write(before.takeDirty());
        before.stored();
      }
    }
    store.write(before.takeDirty());
    const state = store.restart(options);
    assert.equal(state.applied, slot);
    for (let i = slot; i < log.length; i++) {
      assert.deepEqual(state.apply(i + 1, log[i] as Buffer), applied[i]);
      assert.deepEqual(state.hash, hashes[i]);
    }
    assert.deepEqual(state.snapshot(), steady.snapshot());
    store.write(state.takeDirty());
    state.stored();
    for (const room of ['#a', '#b', '@ann,bob']) {
      const page = state.page(room, all) ?? assert.fail();
      const whole = steady.page(room, all) ?? assert.fail();
      assert.deepEqual(readPage(page, store, log), readPage(whole, new MapStore(), log));
    }
  }
  t.equal(steady.skippedItems, 0);
});

t.test('a finished index row leaves memory once its batch is stored, and is served from the store', async (t) => {
  const bench = new Bench({ limits: { indexRowSpans: 4 } });
  const ann = bench.register(0, 'ann');
  for (let seq = 1; seq <= 40; seq++) bench.apply([bench.run(ann, 0, seq, [post('#a', `${seq}`)])]);
  const inMemory = () => bench.state.page('#a', all)?.nextRange() === undefined;
  t.ok(inMemory());
  const dirty = bench.state.takeDirty();
  t.ok(inMemory(), 'until the batch is stored');
  t.same(bench.state.takeDirty(), dirty, 'a batch that failed is taken again whole');
  const reading = bench.state.page('#a', all) ?? assert.fail();
  bench.store.write(dirty);
  bench.state.stored();
  t.notOk(inMemory());
  t.equal(
    flatten(readPage(reading, new MapStore(), bench.log)).length,
    40,
    'a page begun before keeps what it began with',
  );
  t.equal(flatten(bench.page('#a', all)).length, 40);
  const nothing = bench.state.takeDirty();
  t.equal(nothing.puts.length, 1, 'without change only the meta row is written');
  t.throws(() => readPage(bench.state.page('#a', all) ?? assert.fail(), new MapStore(), bench.log), HistoryError);
  t.throws(() => readPage(bench.state.page('#a', all) ?? assert.fail(), bench.store, []), HistoryError, 'no values');
  const wrong = bench.log.map(() => bench.log[0] as Buffer);
  t.throws(
    () => readPage(bench.state.page('#a', all) ?? assert.fail(), bench.store, wrong),
    HistoryError,
    'other values',
  );
});

t.test('batches that fail are made up for by the next, sessions that ended meanwhile included', async (t) => {
  const options = { limits: { indexRowSpans: 4, sessionExpiryMs: 1000 } };
  const bench = new Bench(options);
  const [ann, bob] = [bench.register(0, 'ann'), bench.register(1, 'bob')];
  bench.checkpoint();
  bench.apply([bench.run(bob, 1, 1, [say('join', '#b'), post('#b', 'x')])], 900);
  for (let seq = 1; seq <= 6; seq++) bench.apply([bench.run(bob, 1, seq + 2, [post('#a', `${seq}`)])]);
  bench.state.takeDirty();
  t.same(bench.apply([], 100).expired, [ann]);
  for (let seq = 7; seq <= 9; seq++) bench.apply([bench.run(bob, 1, seq + 2, [post('#a', `${seq}`)])]);
  bench.state.takeDirty();
  t.same(bench.apply([], 1000).expired, [bob]);
  const { puts, deletes } = bench.state.takeDirty();
  const puttings = new Set(puts.map(({ key }) => Buffer.from(key).toString('hex')));
  t.equal(puttings.size, puts.length, 'no key twice');
  t.notOk(
    deletes.some((key) => puttings.has(Buffer.from(key).toString('hex'))),
    'no key in both lists',
  );
  t.equal(deletes.length, 2);
  bench.store.write({ puts, deletes });
  bench.state.stored();
  t.throws(() => bench.state.stored(), { name: 'InvariantError' });
  const restarted = bench.store.restart(options);
  t.same(restarted.snapshot(), bench.state.snapshot());
  t.same(readPage(restarted.page('#a', all) ?? assert.fail(), bench.store, bench.log), bench.page('#a', all));
  t.equal(bench.page('#a', all).flatMap(({ events }) => events).length, 9);
});

t.test('memory does not grow with history: the live rows of a long room stay small', async (t) => {
  const bench = new Bench();
  const ann = bench.register(0, 'ann');
  const sizes: number[] = [];
  for (let slot = 0; slot < 200; slot++) {
    const firstSeq = slot * 50 + 1;
    bench.apply([
      bench.run(
        ann,
        0,
        firstSeq,
        Array.from({ length: 50 }, () => post('#a', 'x')),
        firstSeq,
      ),
    ]);
    if (slot % 10 === 9) {
      bench.checkpoint();
      sizes.push(bench.state.snapshot().reduce((sum, { value }) => sum + value.length, 0));
    }
  }
  t.ok(Math.max(...sizes) < 1000, `at most ${Math.max(...sizes)} bytes`);
  t.equal(bench.state.room('#a')?.posts, 10_000);
});

t.test('rows cut short, lengthened or without their companions are refused as damaged', async (t) => {
  const { state, options } = busyLog();
  const rows = state.snapshot();
  const load = (damaged: Row[]) => new ChatState(options).load(damaged);
  load(rows);
  load([...rows].reverse());
  let refused = 0;
  rows.forEach(({ key, value }, i) => {
    for (let length = 0; length < value.length; length++) {
      const damaged = rows.slice();
      damaged[i] = { key, value: value.subarray(0, length) };
      try {
        load(damaged);
      } catch (error) {
        assert.ok(error instanceof DamagedRow, `${Buffer.from(key).toString('latin1')} cut at ${length}: ${error}`);
        refused += 1;
      }
    }
  });
  t.ok(refused > 100, `${refused} cuts were noticed`);
  for (const letter of ['m', 'n', 'r']) {
    const without = rows.filter(({ key }) => key[1] !== letter.charCodeAt(0));
    t.throws(() => load(without), DamagedRow, `without the "${letter}" rows`);
  }
  const meta = rows.find(({ key }) => Buffer.from(key).toString() === 'cm') ?? assert.fail();
  const other = rows.map((row) =>
    row === meta ? { ...row, value: Buffer.from([1, ...meta.value.subarray(1)]) } : row,
  );
  t.throws(() => load(other), /another version/);
  load([]);
});

t.test('a lost row, and one of an earlier checkpoint, are refused: each is well-formed by itself', async (t) => {
  const { state, options } = busyLog();
  const rows = state.snapshot();
  const load = (damaged: Row[]) => new ChatState(options).load(damaged);
  for (const lost of rows) {
    t.throws(() => load(rows.filter((row) => row !== lost)), DamagedRow, `without ${Buffer.from(lost.key)}`);
  }
  const bench = new Bench();
  const ann = bench.register(0, 'ann');
  bench.apply([bench.run(ann, 0, 1, [post('#a', 'one')])]);
  const earlier = bench.state.snapshot();
  bench.apply([bench.run(ann, 0, 2, [post('#a', 'two')])]);
  const later = bench.state.snapshot();
  const stale = later.map((row) => (isSession(row) ? (earlier.find(isSession) ?? assert.fail()) : row));
  t.notSame(stale, later, 'the session differs');
  t.throws(() => load(stale), DamagedRow, 'it would apply its second line once more');
});

function isSession({ key }: Row): boolean {
  return key[1] === 's'.charCodeAt(0);
}
