/** Decisions that are in the log more than once, or late: none undoes what was decided in between. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type DecisionItem, decisionItem } from '../../src/wire/index.js';
import { Bench, post } from './support.js';

type Wish = Pick<DecisionItem, 'verb' | 'subject'> & Partial<DecisionItem>;

const nothing = { count: 0, ageMs: 0, tokenHash: Buffer.alloc(32), why: '' };

function decision(basis: number, wish: Wish): Buffer {
  return decisionItem({ id: Buffer.alloc(16, basis), basis, ...nothing, ...wish });
}

function outcomes(bench: Bench, ...items: Buffer[]): string[] {
  return bench.apply(items).decisions.map(({ outcome }) => outcome);
}

/** A room with nine posts by ann. */
function talk(): Bench {
  const bench = new Bench();
  const session = bench.register(0, 'ann');
  for (let seq = 1; seq <= 9; seq++) bench.apply([bench.run(session, 0, seq, [post('#a', `${seq}`)])]);
  return bench;
}

/** What decisions made of it. */
function made({ state }: Bench): object {
  return { floor: state.floor('#a'), names: state.names('', false, 99), decisions: state.decisions };
}

t.test('a copy of an older decision deletes nothing', async (t) => {
  const bench = talk();
  const three = decision(0, { verb: 'retain', subject: '#a', count: 3 });
  t.same(outcomes(bench, three), ['ok']);
  t.same(outcomes(bench, decision(1, { verb: 'retain', subject: '#a' })), ['ok']);
  const floor = bench.state.floor('#a');
  t.same(outcomes(bench, three), ['changed']);
  const session = bench.register(1, 'bob');
  for (let seq = 1; seq <= 6; seq++) bench.apply([bench.run(session, 1, seq, [post('#a', `${seq}`)])]);
  t.same(bench.state.floor('#a'), floor, 'the room keeps everything');
});

t.test('a copy of a refused decision has no effect when it could have one', async (t) => {
  const bench = new Bench();
  const early = decision(0, { verb: 'retain', subject: '#a', count: 1 });
  t.same(outcomes(bench, early), ['noRoom']);
  const session = bench.register(0, 'ann');
  bench.apply([bench.run(session, 0, 1, [post('#a', 'one'), post('#a', 'two')])]);
  t.same(outcomes(bench, early), ['changed'], 'its operator was told that it has no effect');
  t.equal(bench.state.floor('#a').event, 1);
});

t.test(
  'a late one takes effect if nothing else was decided meanwhile, and of two at once the first does',
  async (t) => {
    const block = decision(0, { verb: 'block', subject: 'ann' });
    const late = talk();
    late.apply([], 60_000);
    t.same(outcomes(late, block), ['ok']);
    const second = talk();
    t.same(outcomes(second, decision(0, { verb: 'retain', subject: '#a', count: 3 }), block), ['ok', 'changed']);
  },
);

t.test('copies anywhere behind the first change nothing', async (t) => {
  const subject = fc.constantFrom('ann', 'bob');
  const wish: fc.Arbitrary<Wish> = fc.oneof(
    fc.record({ verb: fc.constant('retain' as const), subject: fc.constant('#a'), count: fc.nat(4) }),
    fc.record({ verb: fc.constantFrom('block' as const, 'unblock' as const, 'release' as const), subject }),
    fc.record({ verb: fc.constant('recover' as const), subject, tokenHash: fc.constant(Buffer.alloc(32, 7)) }),
  );
  const copies = fc.array(fc.nat(20), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(fc.record({ wish, copies }), { minLength: 1, maxLength: 12 }), (steps) => {
      const once = talk();
      const often = talk();
      const items = steps.map(({ wish }, at) => decision(at, wish));
      for (const [at, { copies }] of steps.entries()) {
        const item = items[at] as Buffer;
        const olds = copies.map((copy) => items[copy % (at + 1)] as Buffer);
        const [first, ...others] = outcomes(often, item, ...olds);
        assert.deepEqual([first], outcomes(once, item), 'the first is judged');
        assert.deepEqual(others, Array(olds.length).fill('changed'));
        assert.deepEqual(made(often), made(once));
      }
    }),
  );
  t.pass('after each step');
});
