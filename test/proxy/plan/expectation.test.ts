/** Expectations: which events count, in which order, and what is wrong with one that cannot be read. */
import t from 'tap';
import { readExpectation, Watch } from '../../../src/proxy/plan/expectation.js';
import { endsInRemedy, refusal } from './refused.js';

/** The number of the event with which the expectation is met, 0 for none. */
function metAt(expectation: unknown, events: readonly Record<string, unknown>[]): number {
  const watch = new Watch(readExpectation(expectation));
  return 1 + events.findIndex((event) => watch.take(event));
}

const drop = { event: 'frame', from: 3, to: 1, kind: 'accept', did: ['delay 5ms', 'drop'] };
const leader = (server: number) => ({ event: 'leader', server });

t.test('an event that has all fields with their values', async (t) => {
  const events = [leader(1), drop, { ...drop, from: 2 }, leader(3)];
  t.equal(metAt({ expect: { event: 'leader' } }, events), 1);
  t.equal(metAt({ expect: { event: 'leader', server: 3 } }, events), 4);
  t.equal(metAt({ expect: { event: 'leader', server: '3' } }, events), 0, 'a text is no number');
  t.equal(metAt({ expect: { event: 'frame', from: 2 } }, events), 3);
  t.equal(metAt({ expect: { event: 'frame', slot: 5 } }, events), 0, 'a field that is not there');
});

t.test('lists mean any of their items; a list in the event is asked whether it holds one', async (t) => {
  const events = [leader(1), drop, leader(2)];
  t.equal(metAt({ expect: { event: 'leader', server: [2, 3] } }, events), 3);
  t.equal(metAt({ expect: { event: 'frame', did: 'drop' } }, events), 2);
  t.equal(metAt({ expect: { event: 'frame', did: ['reset', 'drop'] } }, events), 2);
  t.equal(metAt({ expect: { event: 'frame', did: 'delay' } }, events), 0);
});

t.test('{"not": x} means any other value, several of them none of those', async (t) => {
  const events = [leader(3), leader(2), leader(1)];
  t.equal(metAt({ expect: { event: 'leader', server: { not: 3 } } }, events), 2);
  t.equal(metAt({ expect: { event: 'leader', server: [{ not: 3 }, { not: 2 }] } }, events), 3);
});

t.test('count, and after: nothing that comes before it counts', async (t) => {
  const events = [leader(1), drop, leader(2), drop, leader(1), leader(2)];
  t.equal(metAt({ expect: { event: 'leader', count: 3 } }, events), 5);
  t.equal(metAt({ after: { event: 'frame' }, expect: { event: 'leader' } }, events), 3);
  t.equal(metAt({ after: { event: 'frame', count: 2 }, expect: { event: 'leader', server: { not: 1 } } }, events), 6);
  t.equal(metAt({ after: { event: 'frame', count: 3 }, expect: { event: 'leader' } }, events), 0);
  t.equal(metAt({ after: { event: 'leader' }, expect: { event: 'leader' } }, events), 3, 'the same event counts once');
  const watch = new Watch(readExpectation({ after: { event: 'frame' }, expect: { event: 'leader' } }));
  t.ok(watch.isBefore);
  watch.take(leader(1));
  t.ok(watch.isBefore);
  watch.take(drop);
  t.notOk(watch.isBefore);
});

t.test('times, and what is wrong', async (t) => {
  const expect = { event: 'leader' };
  t.match(readExpectation({ expect }), { withinMs: 5_000, afterWithinMs: 60_000 });
  t.match(readExpectation({ expect, within: '2s', afterWithin: 500 }), { withinMs: 2_000, afterWithinMs: 500 });
  t.match(readExpectation({ expect, after: null }), { after: undefined });
  const object = 'give an object with "event", as {"event": "leader"}';
  const wrong: readonly (readonly [unknown, string])[] = [
    [7, '7 is no object; give its fields by name, as {"name": "value"}'],
    [{}, `expect: nothing: ${object}`],
    [{ expect: 'leader' }, `expect: "leader": ${object}`],
    [{ expect: { event: ['leader', 'rule'] } }, `expect: {"event":["leader","rule"]}: ${object}`],
    [{ expect: { server: 1 } }, `expect: {"server":1}: ${object}`],
    [{ expect, after: {} }, `after: {}: ${object}`],
    [{ expect: { ...expect, count: 0 } }, 'expect.count: 0: give a whole number from 1 on'],
    [{ expect, after: { event: 'frame', count: 1.5 } }, 'after.count: 1.5: give a whole number from 1 on'],
    [{ expect, within: '5' }, 'within: "5" is no time up to 24h; write it with its unit, as 200ms or 1.5s'],
    [{ expect, for: 5 }, 'for is unknown; there is after, expect, within, afterWithin'],
  ];
  for (const [value, text] of wrong) {
    const said = refusal(() => readExpectation(value));
    t.equal(said, text);
    t.ok(endsInRemedy(said), text);
  }
});
