/** What a room keeps, by its rows and bounds: old checkpoints, damaged rows, wrong clocks, many decisions. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { ChatState, DamagedRow } from '../../src/chat/index.js';
import { kindRange } from '../../src/chat/keys.js';
import { Retention } from '../../src/chat/retention.js';
import { type DecisionItem, decisionItem, encodeEntry, type SessionId } from '../../src/wire/index.js';
import { Bench, MapStore, post, readRows } from './support.js';

const zeros = Buffer.alloc(32);

/** On the basis of what `bench` has applied. */
function decision(bench: Bench, more: Pick<DecisionItem, 'verb' | 'subject'> & Partial<DecisionItem>): Buffer {
  const basis = bench.state.decisions;
  return decisionItem({ id: Buffer.alloc(16), basis, count: 0, ageMs: 0, tokenHash: zeros, why: '', ...more });
}

/** A room with `posts` posts, a second of the log clock between two. */
function talk(bench: Bench, posts: number): SessionId {
  const session = bench.register(0, 'ann');
  for (let seq = 1; seq <= posts; seq++) bench.apply([bench.run(session, 0, seq, [post('#a', `${seq}`)])], 1000);
  return session;
}

function begins({ state, store }: Bench): number {
  const beginning = state.beginning('#a', 1);
  if (beginning === undefined) throw new Error('no room');
  readRows(beginning, store);
  return beginning.firstEvent;
}

t.test('a log without decisions has the rows and the hash that it always had', async (t) => {
  const bench = new Bench();
  talk(bench, 3);
  bench.checkpoint();
  for (const kind of ['floor', 'block', 'decided'] as const)
    t.same(bench.store.range({ ...kindRange(kind), reverse: false, limit: 9 }), [], `no ${kind} row`);
  t.equal(bench.store.restart().decisions, 0, 'and such a checkpoint loads');
  t.equal(Buffer.from(bench.state.hash).toString('hex'), '97df928565446cca', 'as servers of 0.6 have it');
});

t.test('what was decided is told with its measures', async (t) => {
  const bench = new Bench();
  talk(bench, 3);
  const { decisions } = bench.apply([decision(bench, { verb: 'retain', subject: '#a', count: 2, ageMs: 10_000 })]);
  t.match(decisions, [{ verb: 'retain', subject: '#a', count: 2, ageMs: 10_000, outcome: 'ok' }]);
});

t.test('no wall clock deletes anything, however wrong it is', async (t) => {
  const year = 365 * 24 * 3_600_000;
  const floors = [0, -1, 1].map((years) => {
    const bench = new Bench();
    const session = talk(bench, 5);
    bench.apply([decision(bench, { verb: 'retain', subject: '#a', ageMs: 10_000 })]);
    const run = bench.run(session, 0, 6, [post('#a', 'six')]);
    bench.applyValue(encodeEntry({ elapsedMs: 5_000, wallMs: 1_700_000_000_000 + years * year }, [run]));
    const before = begins(bench);
    bench.apply([], 5_000);
    return [before, begins(bench)];
  });
  t.same(floors, [
    [1, 6],
    [1, 6],
    [1, 6],
  ]);
});

t.test('direct rooms too, under any spelling; a room of no name and one without a word are refused', async (t) => {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  bench.apply([bench.run(session, 0, 1, [post('@ann,bob', 'one'), post('@ann,bob', 'two')])]);
  const outcomes = ['@BOB,Ann', '@ann,cat', '@ann', '#nobody', ''].map((subject) => {
    return bench.apply([decision(bench, { verb: 'retain', subject, count: 1 })]).decisions[0]?.outcome;
  });
  t.same(outcomes, ['ok', 'noRoom', 'badRoom', 'noRoom', 'badRoom']);
  t.same(bench.state.floor('@Ann,bob'), { event: 1, eventN: 1, n: 2 });
});

t.test('decisions in any number keep few notes, and a room that keeps everything needs none', async (t) => {
  const retention = new Retention();
  let clockMs = 0;
  for (let events = 0; events < 5_000; events++) {
    clockMs += 13;
    const head = { events, posts: events };
    if (events % 50 === 0) retention.decide(0, [1_000, 60_000, 3_600_000][events % 3] as number, head, clockMs);
    retention.beforeEvent(head, clockMs);
    if (retention.marks.length > 4 * limits.retainMarks) t.fail(`${retention.marks.length} notes`);
  }
  t.ok(retention.event > 1);
  const idle = new Retention();
  idle.decide(5, 1_000, { events: 3, posts: 3 }, 10);
  idle.decide(0, 0, { events: 3, posts: 3 }, 10);
  t.ok(idle.isIdle, 'nothing was deleted');
});

t.test('a floor row that cannot be true is damage', async (t) => {
  const bench = new Bench();
  talk(bench, 3);
  bench.apply([decision(bench, { verb: 'retain', subject: '#a', count: 2 })]);
  bench.checkpoint();
  t.equal(begins({ ...bench, state: bench.store.restart() } as Bench), 2);
  const [row] = bench.store.range({ ...kindRange('floor'), reverse: false, limit: 1 });
  if (row === undefined) throw new Error('no floor row');
  const changed = (value: Uint8Array | undefined): MapStore => {
    const store = new MapStore();
    store.write({ puts: [...bench.store.rows.values()], deletes: [row.key] });
    if (value !== undefined) store.write({ puts: [{ key: row.key, value }], deletes: [] });
    return store;
  };
  t.throws(() => changed(undefined).restart(), DamagedRow, 'it is missing');
  t.throws(() => changed(Buffer.of(2, ...row.value.subarray(1))).restart(), DamagedRow, 'of another version');
  t.throws(() => changed(Buffer.of(1, 0, 0, 9, 1, 1, 0)).restart(), DamagedRow, 'more is gone than there was');
  t.throws(() => changed(row.value.subarray(0, 4)).restart(), DamagedRow, 'cut off');
  t.equal(new ChatState().floor('#a').event, 1);
});
