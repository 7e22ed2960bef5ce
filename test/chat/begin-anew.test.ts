/** What of a state another cluster begins with: rooms, names and decisions go on, sessions and members stay behind. */
import t from 'tap';
import { ChatState, DamagedRow, type Row } from '../../src/chat/index.js';
import { decisionItem, membersItem, registerItem } from '../../src/wire/index.js';
import { Bench, flatten, nonce, post, readPage, say, token } from './support.js';

const cluster = Buffer.alloc(16, 7);
const nobody = Buffer.alloc(32);
const all = { direction: 'from', by: 'event', event: 1, limit: 1000 } as const;
const seats = [1, 2, 3].map((id) => ({ id, birthId: Buffer.alloc(16, id + 10), votes: true, takes: 0 }));

function busy(): { readonly bench: Bench; readonly ann: { readonly slot: number; readonly index: number } } {
  const bench = new Bench({ limits: { indexRowSpans: 4 } });
  const ann = bench.register(0, 'ann');
  const bob = bench.register(1, 'bob');
  bench.apply([bench.run(ann, 0, 1, [say('join', '#a'), say('topic', '#a', 'the topic')])]);
  bench.apply([bench.run(bob, 1, 1, [say('join', '#a'), post('@ann,bob', 'psst')])]);
  for (let seq = 3; seq <= 30; seq++) bench.apply([bench.run(ann, 0, seq, [post('#a', `line ${seq}`)])], 5);
  bench.apply([membersItem({ epoch: 2, seats })]);
  const decide = { id: nonce(50), tokenHash: nobody, ageMs: 0, why: '', count: 0 };
  bench.apply([decisionItem({ ...decide, verb: 'block', subject: 'root', why: 'nobody', basis: 0 })]);
  bench.apply([decisionItem({ ...decide, id: nonce(51), verb: 'retain', subject: '#a', count: 20, basis: 1 })]);
  return { bench, ann };
}

/** What a store that was filled with it gives back. */
function reloaded(rows: readonly Row[]): ChatState {
  const state = new ChatState({ limits: { indexRowSpans: 4 } });
  state.load(rows);
  return state;
}

t.test('sessions and members stay behind, everything else goes on', async (t) => {
  const { bench, ann } = busy();
  bench.checkpoint();
  const before = bench.store.restart(bench.options);
  const oldRoom = before.room('#a');
  const oldHash = before.hash;
  t.ok(before.members.length > 0 && before.sessionCount === 2 && before.origin === 0);
  before.beginAnew(cluster);
  const state = reloaded(before.snapshot());
  t.equal(state.applied, bench.log.length);
  t.equal(state.origin, bench.log.length);
  t.equal(state.sessionCount, 0);
  t.same(state.members, []);
  t.equal(state.logClockMs, bench.state.logClockMs);
  t.equal(state.decisions, 2);
  t.equal(state.blockedText('root'), bench.state.blockedText('root'));
  t.same(state.floor('#a'), bench.state.floor('#a'));
  t.same(state.room('#a'), { ...oldRoom, people: [] });
  t.same(state.nameOwner('ann'), token(0));
  t.same(state.totals, { rooms: 2, messages: 29, names: 2 });
  t.same(state.hash, before.hash, 'what is loaded is what was made');
  t.notSame(state.hash, oldHash, 'the hash goes on from another place');
  t.same(state.checkResume(ann, nonce(0)), { status: 'SESSION_EXPIRED' });
  const page = state.page('#a', all);
  const old = bench.state.page('#a', all);
  t.same(page && readPage(page, bench.store, bench.log), old && readPage(old, bench.store, bench.log));
  t.ok(flatten(bench.page('#a', all)).length > 25, 'with what is in the store');
});

t.test('it goes on: next slot, next number, first change of the members', async (t) => {
  const { bench } = busy();
  bench.checkpoint();
  const rows = bench.store.restart(bench.options);
  rows.beginAnew(cluster);
  bench.state = reloaded(rows.snapshot());
  bench.store.rows.clear();
  bench.store.write({ puts: rows.snapshot(), deletes: [] });
  const again = bench.register(7, 'ann', 0);
  const [answer] = bench.apply([bench.run(again, 7, 1, [post('#a', 'the next')])]).answers;
  t.match(answer?.outcomes, [{ code: 'ok', n: 29 }]);
  const stolen = registerItem({ nonce: nonce(8), window: 8, server: 1, tokenHash: token(8), name: 'ANN' });
  t.match(bench.apply([stolen]).registrations, [{ code: 'NAME_TAKEN' }]);
  t.ok(bench.apply([membersItem({ epoch: 2, seats })]).members, 'the old cluster had had this epoch');
  bench.checkpoint();
  const restarted = bench.store.restart(bench.options);
  t.equal(restarted.origin, rows.origin, 'every checkpoint says where the cluster began');
  t.same(restarted.snapshot(), bench.state.snapshot());
});

t.test('whoever takes the state over knows where the cluster began', async (t) => {
  const { bench } = busy();
  const made = reloaded(bench.state.snapshot());
  made.beginAnew(cluster);
  const newcomer = new ChatState();
  newcomer.adopt(reloaded(made.snapshot()));
  t.equal(newcomer.origin, bench.log.length);
});

t.test('two clusters of one state, and whoever comes there by its log, are told apart', async (t) => {
  const { bench } = busy();
  const hashes = [cluster, Buffer.alloc(16, 8)].map((id) => {
    const made = reloaded(bench.state.snapshot());
    made.beginAnew(id);
    return Buffer.from(made.hash).toString('hex');
  });
  t.equal(new Set([...hashes, Buffer.from(bench.state.hash).toString('hex')]).size, 3);
});

t.test('without the row that says so, or with one that cannot be, it is no state', async (t) => {
  const { bench } = busy();
  const made = reloaded(bench.state.snapshot());
  made.beginAnew(cluster);
  const isOrigin = ({ key }: Row): boolean => Buffer.from(key).toString() === 'co';
  const rows = made.snapshot();
  t.equal(rows.filter(isOrigin).length, 1);
  t.throws(() => reloaded(rows.filter((row) => !isOrigin(row))), DamagedRow);
  t.throws(() => reloaded(rows.map((row) => (isOrigin(row) ? { ...row, value: Buffer.of(1) } : row))), DamagedRow);
});
