/** Frame lines: whatever rules come and go, each frame that no rule drops leaves exactly once, and never early. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { registry } from '../../../src/wire/index.js';
import { collectGarbage } from '../../support/collect-garbage.js';
import { repeatable } from '../../support/repeatable.js';
import { until } from '../../support/until.js';
import { anyRule, kinds } from '../plan/arbitrary.js';
import { LineTwin } from './line-twin.js';

const accept = registry.accept.code;
const commit = registry.commit.code;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      kind: fc.constantFrom(...kinds),
      bytes: fc.integer({ min: 12, max: 900 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('set' as const), id: fc.constantFrom('a', 'b', 'c'), rule: anyRule }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), id: fc.constantFrom('a', 'b', 'c') }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 10, 100, 1_000) }) },
);

t.test('each frame that no rule drops leaves exactly once, and once more for each copy, never early', async (t) => {
  const ending = fc.constantFrom('heal', 'close', 'ended');
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), ending, (steps, how) => {
      const twin = new LineTwin();
      // At least one rule that means all frames.
      twin.set('all', { match: {}, do: { type: 'delay', time: 5 } });
      const wanted = new Map<number, number>();
      let dropped = 0;
      let cut = 0;
      for (const one of steps) {
        if (one.do === 'set') twin.set(one.id, one.rule);
        else if (one.do === 'remove') twin.remove(one.id);
        else if (one.do === 'pass') twin.pass(one.ms);
        else {
          const { number, fate } = twin.offer(registry[one.kind].code, one.bytes);
          if (fate?.dropped === true) dropped++;
          else if (fate?.ending !== undefined) cut++;
          else wanted.set(number, 1 + (fate?.copies ?? 0));
        }
        const { heldFrames, heldBytes } = twin.line;
        assert.equal(heldFrames, twin.waiting.length);
        assert.ok(heldBytes >= 12 * heldFrames && heldBytes > 0 === heldFrames > 0, `${heldBytes} for ${heldFrames}`);
      }
      const { counts } = twin.link;
      const held = twin.waiting;
      const unheld = held.filter(({ holds }) => holds.length === 0);
      if (how === 'heal') {
        for (const id of ['all', 'a', 'b', 'c']) twin.remove(id);
        twin.pass(1);
        assert.deepEqual(twin.counts(), wanted, 'each as often as it should be');
      } else if (how === 'ended') twin.line.ended();
      else twin.line.close();
      const lost = { heal: 0, close: held.length, ended: held.length - unheld.length }[how] as number;
      assert.equal(counts.total('lost'), lost);
      assert.equal(counts.total('dropped'), dropped);
      assert.equal(counts.total('cut'), cut);
      assert.equal(twin.brokenBy.length, cut);
      const all = [...wanted.values()].reduce((sum, copies) => sum + copies, 0);
      assert.equal(twin.out.length + lost, all, 'what is not out is counted as lost');
      assert.equal(counts.total('duplicated'), all - wanted.size);
      assert.deepEqual([twin.line.heldFrames, twin.line.heldBytes, twin.faults.deadlines.waiting], [0, 0, 0]);
      const before = twin.out.length;
      twin.clock.advance(100_000);
      assert.equal(twin.out.length, before, 'nothing comes afterwards');
    }),
    { ...repeatable, numRuns: 500 },
  );
  t.pass('property held');
});

t.test('frames overtake each other; what is due at one moment leaves in the order in which it came', async (t) => {
  const twin = new LineTwin();
  twin.set('slow', { match: { kinds: 'accept' }, do: { type: 'delay', time: 20 } });
  for (const code of [accept, commit, accept, commit]) twin.offer(code);
  t.same(twin.out, [2, 4]);
  twin.pass(19);
  t.equal(twin.out.length, 2);
  twin.pass(1);
  t.same(twin.out, [2, 4, 1, 3]);
  t.equal(twin.released, 2);
  t.equal(twin.link.counts.of('delayed', accept), 2);
  t.equal(twin.link.counts.of('delayed', commit), 0);
});

t.test('taking a rule away releases only what it alone held', async (t) => {
  const twin = new LineTwin();
  twin.set('clog', { match: { kinds: 'accept' }, do: 'clog' });
  twin.set('slow', { match: { every: 2 }, do: { type: 'delay', time: '10s' } });
  for (let i = 0; i < 4; i++) twin.offer(accept);
  t.equal(twin.line.heldFrames, 4);
  twin.remove('clog');
  twin.pass(1);
  t.same(twin.out, [1, 3], 'the others are late, too');
  twin.pass(9_998);
  t.equal(twin.line.heldFrames, 2);
  twin.pass(1);
  t.same(twin.out, [1, 3, 2, 4], 'at the time that they had before');
});

t.test('a rule that is replaced lets go what it held; the new one begins with the next frame', async (t) => {
  const twin = new LineTwin();
  twin.set('r', { match: {}, do: 'clog' });
  twin.offer(accept);
  twin.set('r', { match: {}, do: { type: 'delay', time: 50 } });
  twin.offer(accept);
  twin.pass(1);
  t.same(twin.out, [1]);
  twin.pass(49);
  t.same(twin.out, [1, 2]);
});

t.test('reorder: so many pass first, or its time is over; another rule that goes does not let it go', async (t) => {
  const twin = new LineTwin();
  twin.set('slow', { match: { first: 1 }, do: { type: 'delay', time: 5 } });
  twin.set('behind', { match: { first: 1 }, do: { type: 'reorder', frames: 2, within: '10s' } });
  twin.offer(accept);
  twin.remove('slow');
  twin.pass(100);
  t.same(twin.out, [], 'the delay is gone, the reorder is not');
  twin.offer(accept);
  twin.pass(1);
  t.same(twin.out, [2]);
  twin.offer(accept);
  twin.pass(1);
  t.same(twin.out, [2, 3, 1]);
  t.equal(twin.link.counts.total('reordered'), 1);
  twin.set('behind', { match: {}, do: { type: 'reorder', frames: 2, within: '10s' } });
  twin.set('longer', { match: {}, do: { type: 'reorder', frames: 9, within: '20s' } });
  twin.offer(accept);
  twin.remove('longer');
  twin.pass(9_999);
  t.equal(twin.line.heldFrames, 1, 'the first of two such rules still holds it');
  twin.pass(1);
  t.equal(twin.line.heldFrames, 0);
});

t.test('copies come at once, or each later than the one before, as long as their rule is there', async (t) => {
  const twin = new LineTwin();
  twin.set('twice', { match: { kinds: 'commit' }, do: 'duplicate' });
  twin.set('later', { match: { kinds: 'accept' }, do: { type: 'duplicate', copies: 3, gap: 100 } });
  twin.offer(commit);
  twin.offer(accept);
  t.same(twin.out, [1, 1, 2]);
  twin.pass(250);
  t.same(twin.out, [1, 1, 2, 2, 2]);
  twin.remove('later');
  twin.pass(1);
  t.same(twin.out, [1, 1, 2, 2, 2, 2], 'none is left behind');
  t.equal(twin.link.counts.total('duplicated'), 4);
  t.equal(twin.link.counts.total('delayed'), 0);
});

t.test('a damaged frame is held, copied and delayed as any other', async (t) => {
  const twin = new LineTwin();
  twin.set('bad', { match: {}, do: 'corrupt' });
  twin.set('slow', { match: {}, do: { type: 'delay', time: 5 } });
  twin.set('twice', { match: {}, do: 'duplicate' });
  twin.offer(accept);
  twin.pass(5);
  t.same(twin.out, [-1, -1]);
  t.equal(twin.link.counts.of('corrupted', accept), 1);
});

t.test('frames that were let go long before their time are not kept until then', async (t) => {
  const twin = new LineTwin();
  twin.set('behind', { match: { every: 2 }, do: { type: 'reorder', frames: 1, within: '24h' } });
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 2_000; i++) {
    twin.offer(accept, 50_000);
    twin.pass(1);
  }
  // What was collected is given back by another thread, a little later.
  const keptBytes = await until('most of 50 MB that passed to be given back', 5_000, () => {
    collectGarbage();
    const grownBytes = process.memoryUsage().arrayBuffers - before;
    return grownBytes < 30e6 ? Math.max(1, grownBytes) : undefined;
  });
  t.ok(keptBytes < 30e6);
  t.ok(twin.out.length >= 1_999);
});
