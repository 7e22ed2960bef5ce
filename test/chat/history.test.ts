/** Pages and live groups: what fits a frame, where a page begins and ends, and that both show the same events. */
import assert from 'node:assert/strict';
import t from 'tap';
import { encodeRun, runItem } from '../../src/wire/index.js';
import { Bench, flatten, nonce, post, say } from './support.js';

const end = Number.MAX_SAFE_INTEGER;

/** A room of 30 posts with a join before each tenth, half of its index in the store. */
function room(limits = {}): Bench {
  const bench = new Bench({ limits: { indexRowSpans: 4, ...limits } });
  const ann = bench.register(0, 'ann');
  let seq = 1;
  for (let i = 0; i < 3; i++) {
    const nine = Array.from({ length: 10 }, (_, k) => post('#a', `${i * 10 + k + 1}`));
    bench.apply([bench.run(ann, 0, seq, [say(i % 2 === 0 ? 'join' : 'leave', '#a'), ...nine])]);
    seq += 11;
    if (i === 1) bench.checkpoint();
  }
  return bench;
}

t.test('a page is cut by bytes from its far end, and the next one goes on where it stopped', async (t) => {
  const bench = room();
  const forwards: number[] = [];
  for (let event = 1; event <= 33; ) {
    const page = flatten(bench.page('#a', { direction: 'from', by: 'event', event, limit: 1000 }, 300));
    assert.ok(page.length > 0 && page.length < 8, `a page of ${page.length} events within 300 bytes`);
    forwards.push(...page.map((e) => e.event));
    event += page.length;
  }
  t.same(
    forwards,
    Array.from({ length: 33 }, (_, i) => i + 1),
  );
  const backwards: number[] = [];
  for (let event = end; event > 1; ) {
    const page = flatten(bench.page('#a', { direction: 'before', by: 'event', event, limit: 1000 }, 300));
    assert.ok(page.length > 0 && page.length < 8);
    backwards.unshift(...page.map((e) => e.event));
    event = page[0]?.event ?? assert.fail();
  }
  t.same(backwards, forwards);
  t.equal(
    flatten(bench.page('#a', { direction: 'before', by: 'event', event: end, limit: 9 }, 1))[0]?.n,
    30,
    'at least one',
  );
});

t.test('by post: a page begins at the post itself, whatever stands before it', async (t) => {
  const bench = room();
  for (const n of [1, 2, 10, 11, 12, 20, 21, 30]) {
    const page = flatten(bench.page('#a', { direction: 'from', by: 'post', event: n, limit: 2 }));
    t.match(page[0], { kind: 'post', n, text: `${n}` });
  }
  t.same(bench.page('#a', { direction: 'from', by: 'post', event: 31, limit: 5 }), [], 'a post that is not yet there');
  t.match(flatten(bench.page('#a', { direction: 'before', by: 'post', event: 31, limit: 1 })), [{ n: 30 }]);
  t.match(flatten(bench.page('#a', { direction: 'before', by: 'post', event: 11, limit: 1 })), [
    { kind: 'leave', n: 11 },
  ]);
});

t.test('bounds: no room, an empty room, before the first, behind the last, silly limits', async (t) => {
  const bench = room({ pageEventsMax: 7 });
  t.equal(bench.state.page('lobby', { direction: 'from', by: 'event', event: 1, limit: 1 }), undefined);
  for (const by of ['event', 'post'] as const) {
    t.same(bench.page('#empty', { direction: 'from', by, event: 1, limit: 5 }), []);
    t.same(bench.page('#empty', { direction: 'before', by, event: end, limit: 5 }), []);
    t.same(bench.page('#a', { direction: 'before', by: 'event', event: 1, limit: 5 }), []);
    t.same(bench.page('#a', { direction: 'from', by, event: end, limit: 5 }), []);
  }
  const page = bench.state.page('#a', { direction: 'from', by: 'event', event: 0, limit: 0 });
  t.match(page, { headEvent: 33, headN: 30 });
  t.equal(flatten(bench.page('#a', { direction: 'from', by: 'event', event: 0, limit: 0 })).length, 1);
  t.equal(flatten(bench.page('#a', { direction: 'from', by: 'event', event: 1, limit: 5000 })).length, 7);
});

t.test('a slot too large for one deliver gives several groups of that slot, without gaps', async (t) => {
  const bench = new Bench({ wanted: (room) => room === '#a', limits: { deliverBytesMax: 2000 } });
  const ann = bench.register(0, 'ann');
  const messages = Array.from({ length: 40 }, (_, i) => (i === 20 ? say('join', '#a') : post('#a', 'x'.repeat(200))));
  const { groups, touchedRooms } = bench.apply([bench.run(ann, 0, 1, [...messages, post('#b', 'unwanted')])]);
  t.same(touchedRooms, ['#a', '#b']);
  t.ok(groups.length >= 4, `${groups.length} groups`);
  t.ok(groups.every(({ room, group }) => room === '#a' && group.slot === 2));
  const events = flatten(groups.map(({ group }) => group));
  t.same(
    events.map(({ event }) => event),
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  t.same(
    events,
    flatten(bench.page('#a', { direction: 'from', by: 'event', event: 1, limit: 1000 })),
    'as history shows it',
  );
});

t.test('runs of several sessions in one slot keep their order, authors and seqs', async (t) => {
  const bench = new Bench({ wanted: () => true });
  const [ann, bob] = [bench.register(0, 'ann'), bench.register(1, 'bob')];
  const { groups, answers } = bench.apply([
    bench.run(ann, 0, 1, [post('#a', '1'), post('#b', 'b1'), post('#a', '2')]),
    runItem(encodeRun({ session: bob, nonce: nonce(1), firstSeq: 1, answeredBelow: 1 }, [post('#a', '3')])),
    bench.run(ann, 0, 4, [say('action', '#a', '4')]),
  ]);
  t.same(
    groups.map(({ room, group }) => [
      room,
      group.events.map(({ from, text, seq }) => `${from}:${text}:${seq}`).join(' '),
    ]),
    [
      ['#a', 'ann:1:1 ann:2:3 bob:3:1 ann:4:4'],
      ['#b', 'ann:b1:2'],
    ],
  );
  t.same(
    answers.map(({ outcomes }) => outcomes.map(({ count, n }) => [count, n])),
    [
      [
        [1, 1],
        [2, 1],
      ],
      [[1, 3]],
      [[1, 4]],
    ],
    'each room counts for itself: 1 in #a, 1 in #b and 2 in #a, the latter two as one range',
  );
});

t.test('a quiet room in a busy log: the page keeps its events and nothing of the slots around them', async (t) => {
  const limits = { pageBytesMax: 4000, indexRowSpans: 4 };
  const bench = new Bench({ limits });
  const ann = bench.register(0, 'ann');
  for (let seq = 1; seq <= 300; seq++)
    bench.apply([bench.run(ann, 0, seq, [post('#quiet', `${seq}`.padEnd(150, '.'))])]);
  const request = { by: 'event', limit: 200 } as const;
  const forwards = bench.state.page('#quiet', { ...request, direction: 'from', event: 1 }) ?? assert.fail();
  let taken = 0;
  for (const slot of forwards.slots()) {
    taken++;
    if (!forwards.take(slot, bench.log[slot - 1] ?? assert.fail())) break;
  }
  t.ok(taken < 25, `${taken} of ${forwards.slots().length} slots filled the page`);
  const first = flatten(forwards.finish());
  t.ok(first.length >= taken - 1 && first[0]?.event === 1);
  const backwards = flatten(bench.page('#quiet', { ...request, direction: 'before', event: 301 }));
  t.equal(backwards.at(-1)?.event, 300);
  t.equal(backwards.length, first.length, 'as many from the end as from the beginning');
});
