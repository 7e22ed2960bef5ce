/** Own lines among delivered events: by session and seq, each once, in what is new of a group only. */
import t from 'tap';
import { OWN_IDS_MAX } from '../../src/client/options.js';
import { OwnLines } from '../../src/client/own-lines.js';
import type { EventGroup, SessionId } from '../../src/wire/index.js';

const mine: SessionId = { slot: 5, index: 1 };

function groupOf(...lines: readonly (readonly [session: SessionId, seq: number])[]): EventGroup {
  const events = lines.map(([session, seq]) => ({ kind: 'post' as const, from: 'x', text: 'x', session, seq }));
  return { slot: 9, wallMs: 0, firstEvent: 1, firstN: 1, events };
}

t.test('the same seq of another session is another line', async (t) => {
  const own = new OwnLines();
  own.sent(1, 101);
  const others = groupOf([{ slot: 6, index: 1 }, 1], [{ slot: 5, index: 2 }, 1]);
  t.equal(own.delivered(others, 0, mine), undefined);
  t.equal(own.delivered(groupOf([mine, 1]), 0, undefined), undefined, 'no session, no lines');
  t.same(own.delivered(groupOf([mine, 1]), 0, mine), new Map([[0, 101]]));
});

t.test('of a group that was half delivered only the rest, by the place in the whole; each id once', async (t) => {
  const own = new OwnLines();
  for (const seq of [1, 2, 3]) own.sent(seq, 100 + seq);
  const whole = groupOf([mine, 1], [mine, 2], [{ slot: 6, index: 0 }, 3], [mine, 3]);
  t.same(
    own.delivered(whole, 1, mine),
    new Map([
      [1, 102],
      [3, 103],
    ]),
  );
  t.same(own.delivered(whole, 0, mine), new Map([[0, 101]]));
  t.equal(own.delivered(whole, 0, mine), undefined);
});

t.test('what is never delivered is forgotten: the oldest of too many, and all with the session', async (t) => {
  const own = new OwnLines();
  for (let seq = 1; seq <= OWN_IDS_MAX + 1; seq++) own.sent(seq, seq);
  t.equal(own.delivered(groupOf([mine, 1]), 0, mine), undefined);
  t.same(own.delivered(groupOf([mine, 2]), 0, mine), new Map([[0, 2]]));
  own.clear();
  t.equal(own.delivered(groupOf([mine, 3]), 0, mine), undefined);
});
