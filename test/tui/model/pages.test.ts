/** History in pages: a window of a room of 20,000 posts, bounded, without holes and doubles, and live at its end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { keptLinesMax } from '../../../src/tui/model/lines.js';
import type { Page } from '../../../src/wire/index.js';
import { repeatable } from '../../support/repeatable.js';
import { Desk, type EffectOf, said } from '../support/desk.js';

const posts = 20_000;
/** Lines are dropped so many at a time. */
const slack = 500;

function bigRoom(size = { columns: 80, rows: 24 }): Desk {
  const desk = new Desk(size);
  for (let n = 1; n <= posts; n += 2) desk.happen('#lobby', said('ann', `post ${n}`), said('bob', `post ${n + 1}`));
  desk.connect();
  desk.open();
  return desk;
}

/** The events that are held, which must be in order, with none missing and none twice. */
function held(desk: Desk): { first: number; last: number; count: number } {
  const { lines } = desk.model.room;
  const events: number[] = [];
  for (let index = 0; index < lines.length; index++) {
    const { kind, event, text } = lines.at(index)!;
    if (kind === 'local') continue;
    if (kind === 'post') assert.ok(text.endsWith(` ${event}`), `event ${event} says '${text}'`);
    events.push(event);
  }
  for (const [index, event] of events.entries()) assert.equal(event, events[0]! + index, 'in order and whole');
  assert.ok(events.length <= keptLinesMax + slack, `${events.length} lines are held`);
  return { first: events[0] ?? 0, last: events.at(-1) ?? 0, count: events.length };
}

function pressUntil(desk: Desk, key: string, isReached: () => boolean): void {
  for (let press = 0; press < 1_000 && !isReached(); press++) desk.press(key);
}

/** Somebody who read old lines wants the newest: the question, and its answer as of now, which has not come yet. */
function newestAsked(): { desk: Desk; asked: EffectOf<'history'>; page: Page } {
  const desk = bigRoom();
  desk.enter('/goto 100');
  desk.answerHistory();
  desk.press('M->');
  const [asked] = desk.take('history');
  assert.ok(asked);
  return { desk, asked, page: desk.log().page(asked.query) };
}

t.test('opening holds the last posts, and scrolling up asks for older ones before they are needed', async (t) => {
  const desk = bigRoom();
  t.same(held(desk), { first: posts - 199, last: posts, count: 200 });
  desk.press('PageUp');
  t.same(desk.take('history'), [], 'not at once');
  pressUntil(desk, 'PageUp', () => desk.effects.length > 0);
  const [asked] = desk.take('history');
  t.same(asked?.query, { room: '#lobby', direction: 'before', by: 'event', event: posts - 199, limit: 200 });
  t.notMatch(desk.text().join('\n'), `post ${posts - 199}`, 'the oldest line is not yet seen');
  desk.press('PageUp');
  t.same(desk.take('history'), [], 'one page at a time');
});

t.test('all the way up and all the way down, by pages', async (t) => {
  const desk = bigRoom({ columns: 120, rows: 40 });
  let asked = 0;
  let most = 0;
  for (let round = 0; round < 200 && held(desk).first > 1; round++) {
    desk.press('M-<');
    asked += desk.answerHistory();
    most = Math.max(most, held(desk).count);
  }
  desk.press('M-<');
  t.same([held(desk).first, desk.model.room.lines.isComplete], [1, true]);
  t.equal(asked, (posts - 200) / 200, 'each page once');
  t.ok(most > keptLinesMax - 500, `up to ${most} lines at once`);
  t.match(desk.text().join('\n'), /post 1\b/);
  t.match(desk.status, 'reading history');
  t.same([...desk.press('PageUp'), ...desk.take('history')], [], 'nothing is older');

  let pages = 0;
  for (; pages < 2_000 && desk.model.room.anchor !== undefined; pages++) {
    desk.press('PageDown');
    asked += desk.answerHistory();
    if (pages % 20 === 0) held(desk);
  }
  t.equal(held(desk).last, posts);
  t.equal(desk.model.room.lines.isLive, true);
  t.match(desk.text().at(-3), `post ${posts}`);
  t.notMatch(desk.status, 'reading history');
  desk.deliver('#lobby', [said('ann', `post ${posts + 1}`)]);
  t.equal(held(desk).last, posts + 1, 'what is said now appears');
  t.match(desk.text().at(-3), `post ${posts + 1}`);
});

t.test('what is said while the window is elsewhere is counted, and there when the end is reached', async (t) => {
  for (const back of ['M->', 'Esc', '/goto end', 'PageDown']) {
    const desk = bigRoom();
    desk.enter('/goto 19500');
    desk.answerHistory();
    t.equal(desk.model.room.lines.isLive, false);
    for (let n = posts + 1; n <= posts + 5; n++) desk.deliver('#lobby', [said('ann', `post ${n}`)]);
    t.equal(desk.model.room.newBelow, 5);
    if (back.startsWith('/')) desk.enter(back);
    else desk.press(back);
    for (let page = 0; page < 100 && !desk.model.room.lines.isLive; page++) {
      desk.answerHistory();
      if (back === 'PageDown') desk.press(back);
    }
    pressUntil(desk, 'PageDown', () => desk.model.room.anchor === undefined);
    t.equal(held(desk).last, posts + 5, back);
    t.match(desk.text().at(-3), `post ${posts + 5}`);
    t.equal(desk.model.room.newBelow, 0);
  }
});

t.test('events that come while the newest page is on its way are neither lost nor doubled', async (t) => {
  const { desk, asked, page } = newestAsked();
  for (let n = posts + 1; n <= posts + 3; n++) desk.deliver('#lobby', [said('ann', `post ${n}`)]);
  desk.answer(asked, { ok: true, answer: page });
  desk.answerHistory();
  t.same([held(desk).last, desk.model.room.lines.isLive], [posts + 3, true]);
});

t.test('a page that does not end where the window begins is not taken', async (t) => {
  const desk = bigRoom();
  desk.press('M-<');
  const [asked] = desk.take('history');
  const late = desk.log().page({ ...asked!.query, event: posts - 300 });
  const overlapping = desk.log().page({ ...asked!.query, event: posts - 100 });
  desk.answer(asked!, { ok: true, answer: overlapping });
  held(desk);
  desk.answer(asked!, { ok: true, answer: late });
  t.equal(held(desk).last, posts, 'and an answer to a question that is over means nothing');
});

t.test('/goto shows the message in the middle, marked, with what is around it', async (t) => {
  const desk = bigRoom();
  desk.enter('/goto 7000');
  const [asked] = desk.take('history');
  t.match(asked?.query, { room: '#lobby', direction: 'from', by: 'post' });
  t.same(asked?.purpose, { kind: 'around', n: 7_000 });
  desk.effects.push(asked!);
  desk.answerHistory();
  const at = desk.text().findIndex((row) => row.endsWith('post 7000'));
  t.ok(at > 7 && at < 16, `row ${at} of 24`);
  t.match(desk.styled()[at], '‹inverse›post 7000', 'marked, never by colour alone');
  t.match(desk.text()[at - 1], 'post 6999');
  t.match(desk.text()[at + 1], 'post 7001');
  desk.enter('/goto 7010');
  t.same(desk.take('history'), [], 'what is here is not asked for');
  t.match(desk.styled().join('\n'), '‹inverse›post 7010');
  t.notMatch(desk.styled().join('\n'), '‹inverse›post 7000', 'one mark only');
  desk.press('Esc');
  desk.answerHistory();
  t.notMatch(desk.styled().join('\n'), /‹inverse›post/, 'Esc takes the mark away');
});

t.test('/goto beyond the end says where it is, and stays where it was', async (t) => {
  const desk = bigRoom();
  const before = held(desk);
  desk.enter(`/goto ${posts + 1}`);
  desk.answerHistory();
  t.match(desk.status, `There is no message ${posts + 1} in #lobby; the last one is ${posts}.`);
  t.same([held(desk), desk.model.room.lines.isLive, desk.model.room.anchor], [before, true, undefined]);
});

t.test('/goto by slot and by time ask outside, and jump to what was found', async (t) => {
  const desk = bigRoom();
  desk.enter('/goto s4711');
  desk.enter('/goto 08:11');
  t.match(desk.take('findSlot'), [{ room: '#lobby', slot: 4_711 }]);
  t.match(desk.take('findTime'), [{ room: '#lobby', text: '08:11' }]);
  desk.feed({ kind: 'found', room: '#lobby', n: 19_990, text: '' });
  t.match(desk.styled().join('\n'), '‹inverse›post 19990');
  desk.feed({ kind: 'found', room: '#lobby', n: undefined, text: '25:99 is no time of a day' });
  t.match(desk.status, '25:99 is no time of a day');
});

t.test('a page that does not come is said, and may be asked for again', async (t) => {
  const desk = bigRoom();
  desk.press('M-<');
  const [asked] = desk.take('history');
  const failed = { ok: false, code: 'TIMEOUT', text: 'No answer in 10 s' } as const;
  desk.answer(asked!, failed);
  t.match(desk.status, 'History does not load: No answer in 10 s');
  t.same(held(desk), { first: posts - 199, last: posts, count: 200 }, 'nothing is lost');
  desk.press('PageUp');
  t.equal(desk.take('history').length, 1);
});

type Move = { readonly key: string } | { readonly goto: number } | { readonly posts: number } | 'answer';
const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    fc.constantFrom('PageUp', 'PageUp', 'PageDown', 'M-<', 'M->', 'Esc').map((key) => ({ key })),
    fc.integer({ min: 1, max: 3_000 }).map((n) => ({ goto: n })),
    fc.integer({ min: 1, max: 5 }).map((count) => ({ posts: count })),
    fc.constant<Move>('answer'),
    fc.constant<Move>('answer'),
    fc.constant<Move>('answer'),
  ),
  { maxLength: 60 },
);

t.test('any walk, with answers late and posts in between, keeps a whole window, and the end is live', async (t) => {
  fc.assert(
    fc.property(moves, (walk) => {
      const desk = new Desk({ columns: 80, rows: 24 });
      let n = 0;
      for (; n < 3_000; ) desk.happen('#lobby', said('ann', `post ${++n}`));
      desk.connect();
      desk.open();
      const underWay: (() => void)[] = [];
      for (const move of walk) {
        // Read at once; told when it arrives.
        for (const asked of desk.take('history')) {
          const answer = desk.log().page(asked.query);
          underWay.push(() => desk.answer(asked, { ok: true, answer }));
        }
        if (move === 'answer') underWay.shift()?.();
        else if ('key' in move) desk.press(move.key);
        else if ('goto' in move) desk.enter(`/goto ${move.goto}`);
        else for (let count = 0; count < move.posts; count++) desk.deliver('#lobby', [said('ann', `post ${++n}`)]);
        held(desk);
        assert.ok(!desk.model.room.lines.isLive || held(desk).last === n, 'live means up to the last');
      }
      for (const arrive of underWay) arrive();
      desk.answerHistory();
      desk.press('M->');
      desk.answerHistory();
      assert.equal(held(desk).last, n);
      assert.match(desk.text().at(-3)!, new RegExp(`post ${n}$`));
    }),
    { ...repeatable, numRuns: 100 },
  );
  t.pass('property held');
});

t.test('what a page has brought is not taken once more when it is delivered', async (t) => {
  const desk = bigRoom();
  desk.enter('/goto 100');
  desk.answerHistory();
  for (let n = posts + 1; n <= posts + 20; n++) desk.happen('#lobby', said('ann', `post ${n}`));
  desk.press('M->');
  desk.answerHistory();
  t.same([held(desk).last, desk.model.room.lines.isLive], [posts + 20, true]);
  for (const group of desk.log().groups(posts + 1, posts + 20)) {
    desk.client({ event: 'group', room: '#lobby', group, skip: 0, ids: undefined });
  }
  t.equal(held(desk).last, posts + 20, 'in order and once');
});

t.test('a server that lags does not make a hole the end', async (t) => {
  const desk = bigRoom();
  desk.enter('/goto 100');
  desk.answerHistory();
  desk.press('PageDown', 'PageDown', 'PageDown', 'PageDown', 'PageDown', 'PageDown', 'PageDown');
  const asked = desk.take('history').find(({ purpose }) => purpose.kind === 'newer');
  t.ok(asked, 'what lies behind is asked for');
  const { last } = held(desk);
  const page = desk.log().page(asked!.query);
  desk.answer(asked!, { ok: true, answer: { ...page, groups: [], headEvent: last, headN: last } });
  t.same([held(desk).last, desk.model.room.lines.isLive], [last, false]);
});

t.test('whoever reads older lines keeps them while thousands arrive', async (t) => {
  const desk = bigRoom();
  desk.press('PageUp');
  const before = desk.text().slice(1, 20);
  for (let n = posts + 1; n <= posts + 7_000; n += 100) {
    const more = Array.from({ length: 100 }, (_, at) => said('ann', `post ${n + at}`));
    desk.deliver('#lobby', more);
  }
  t.same(desk.text().slice(1, 20), before, 'the same rows');
  held(desk);
  desk.press('Esc');
  desk.answerHistory();
  t.same([held(desk).last, desk.model.room.lines.isLive], [posts + 7_000, true]);
});

t.test('thousands that come while the newest page is on its way leave no hole', async (t) => {
  const { desk, asked, page } = newestAsked();
  for (let n = posts + 1; n <= posts + 9_000; n += 300) {
    desk.deliver(
      '#lobby',
      Array.from({ length: 300 }, (_, at) => said('ann', `post ${n + at}`)),
    );
  }
  desk.answer(asked, { ok: true, answer: page });
  desk.answerHistory();
  desk.deliver('#lobby', [said('ann', `post ${posts + 9_001}`)]);
  t.same([held(desk).last, desk.model.room.lines.isLive], [posts + 9_001, true]);
});

t.test('own lines that wait at the end of a window that is not live can be scrolled through', async (t) => {
  const desk = bigRoom();
  desk.enter('/goto 100');
  desk.answerHistory();
  desk.disconnect();
  desk.paste(Array.from({ length: 30 }, (_, at) => `waiting ${at}`).join('\n'));
  desk.type('l');
  for (const asked of desk.take('history')) desk.answer(asked, { ok: false, code: 'TIMEOUT', text: 'no answer' });
  desk.press('PageUp', 'PageDown', 'PageDown', 'PageDown');
  t.match(desk.text().join('\n'), 'waiting 29');
});
