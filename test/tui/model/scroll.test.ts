/** Scrolling: against a list of all rows, whatever happens in between; and by the keys, at every size. */
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { type Layout, rowsOf } from '../../../src/tui/model/layout.js';
import type { Line } from '../../../src/tui/model/lines.js';
import { themes } from '../../../src/tui/model/look.js';
import { type Anchor, Room } from '../../../src/tui/model/room.js';
import { scrollBy, scrollToEnd, seen } from '../../../src/tui/model/scroll.js';
import { repeatable } from '../../support/repeatable.js';
import { Desk, morning, said } from '../support/desk.js';

const local = (wallMs: number) => ({ day: `day ${Math.floor(wallMs / 86_400_000)}`, time: '08:12' });
const base = { nowMs: 0, isMine: () => false, queuedFor: '' };
const look = { theme: themes.mono, isAscii: true, local };

/** So many words, every one of which says which line it is of. */
function line(event: number, words: number, day: number): Line {
  const text = Array.from({ length: words }, (_, word) => `L${event}w${word}`).join(' ');
  const wallMs = morning + day * 86_400_000;
  return { event, n: event, slot: event, wallMs, kind: 'post', from: 'ann', text, isOwn: false, isMention: false };
}

/** The same with a list of all rows and an index. */
class Naive {
  readonly room: Room;
  anchor: Anchor | undefined;

  constructor(room: Room) {
    this.room = room;
  }

  all(layout: Layout): { event: number; row: number; text: string }[] {
    return Array.from({ length: this.room.lines.length }, (_, index) =>
      rowsOf(this.room, index, layout).map((row, at) => ({
        event: this.room.lines.at(index)!.event,
        row: at,
        text: JSON.stringify(row),
      })),
    ).flat();
  }

  /** The index of the last row that is seen. */
  bottom(layout: Layout): number {
    const all = this.all(layout);
    const { anchor } = this;
    if (anchor === undefined) return all.length - 1;
    return all.findLastIndex(({ event, row }) => event === anchor.event && row <= anchor.row);
  }

  scroll(by: number, height: number, layout: Layout): void {
    const all = this.all(layout);
    const bottom = this.bottom(layout);
    const target =
      by > 0 ? Math.min(bottom + by, all.length - 1) : bottom - Math.min(-by, Math.max(0, bottom - height + 1));
    if (by < 0 && target === bottom) return;
    this.anchor = target === all.length - 1 ? undefined : all[target]!;
  }

  seen(height: number, layout: Layout): { rows: string[]; isTop: boolean } {
    const bottom = this.bottom(layout);
    const all = this.all(layout).map(({ text }) => text);
    return { rows: all.slice(Math.max(0, bottom - height + 1), bottom + 1), isTop: bottom - height + 1 <= 0 };
  }
}

type Step =
  | { readonly kind: 'scroll'; readonly by: number }
  | { readonly kind: 'resize'; readonly columns: number; readonly height: number }
  | { readonly kind: 'append'; readonly words: number; readonly day: number }
  | { readonly kind: 'older'; readonly words: readonly number[] }
  | { readonly kind: 'end' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('scroll' as const), by: fc.integer({ min: -60, max: 60 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('resize' as const),
        columns: fc.integer({ min: 20, max: 120 }),
        height: fc.integer({ min: 1, max: 40 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('append' as const), words: fc.nat(40), day: fc.nat(2) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('older' as const), words: fc.array(fc.nat(30), { maxLength: 6 }) }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'end' as const }) },
  ),
  { maxLength: 25 },
);

t.test('any walk shows the rows that a list of all rows would show', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 40 }), steps, (begin, walk) => {
      const room = new Room('#lobby');
      let [first, last] = [1_000, 999];
      for (const words of begin) room.lines.append(line(++last, words, 0));
      const naive = new Naive(room);
      let layout: Layout = { ...base, look, columns: 62 };
      let height = 10;
      for (const step of walk) {
        if (step.kind === 'scroll') {
          if (step.by === 0 || room.lines.length === 0) continue;
          naive.scroll(step.by, height, layout);
          scrollBy(room, step.by, height, layout);
        } else if (step.kind === 'resize') {
          layout = { ...layout, columns: step.columns };
          height = step.height;
        } else if (step.kind === 'append') room.lines.append(line(++last, step.words, step.day));
        else if (step.kind === 'older') {
          first -= step.words.length;
          room.lines.prepend(step.words.map((words, index) => line(first + index, words, 0)));
        } else {
          scrollToEnd(room);
          naive.anchor = undefined;
        }
        const { rows, isTop } = seen(room, height, layout);
        const wanted = naive.seen(height, layout);
        assert.deepEqual(
          rows.map((row) => JSON.stringify(row)),
          wanted.rows,
        );
        if (room.lines.length > 0) assert.equal(isTop, wanted.isTop);
      }
    }),
    repeatable,
  );
  t.pass('property held');
});

/** The words on the screen, in order. */
function words(desk: Desk): string[] {
  return desk.text().flatMap((row) => row.match(/L\d+w\d+/g) ?? []);
}

for (const [columns, rows] of [
  [120, 40],
  [80, 24],
  [50, 12],
  [20, 4],
] as const) {
  t.test(`at ${columns}x${rows} PageUp and PageDown pass every word, both ways`, async (t) => {
    const desk = new Desk({ columns, rows });
    const written: string[] = [];
    for (let event = 1; event <= 60; event++) {
      const { text } = line(event, 1 + ((event * 7) % 23), 0);
      written.push(...text.split(' '));
      desk.happen('#lobby', said('ann', text));
    }
    desk.connect();
    desk.open();
    desk.wait(10_000);
    const place = new Map(written.map((word, index) => [word, index]));
    const end = words(desk);
    t.equal(end.at(-1), written.at(-1), 'begins at the end');

    const walk = (key: 'PageUp' | 'PageDown'): number => {
      const passed = new Set(words(desk));
      for (let page = 0; page < 2_000; page++) {
        const before = words(desk);
        const { anchor } = desk.model.room;
        desk.press(key);
        const now = words(desk);
        const [above, below] = key === 'PageUp' ? [now, before] : [before, now];
        const gap = (place.get(below[0] ?? '') ?? 0) - (place.get(above.at(-1) ?? '') ?? Number.POSITIVE_INFINITY) - 1;
        assert.ok(gap <= 0, `${key} skips ${gap} words behind ${above.at(-1)}`);
        for (const word of now) passed.add(word);
        if (isDeepStrictEqual(desk.model.room.anchor, anchor)) break;
      }
      return passed.size;
    };
    t.equal(walk('PageUp'), written.length);
    t.match(desk.text()[desk.model.rows < 10 ? 0 : 1], 'Mon 23 Nov 2026', 'the top is reached: the first day');
    t.equal(walk('PageDown'), written.length);
    t.same(words(desk), end, 'the end is reached');
    t.equal(desk.model.room.anchor, undefined, 'and it is the end, not a place');
  });
}

t.test('the line that is looked at stays through any resize, and through what is delivered', async (t) => {
  const desk = new Desk({ columns: 100, rows: 24 });
  for (let event = 1; event <= 100; event++) desk.happen('#lobby', said('ann', line(event, 12, 0).text));
  desk.connect();
  desk.open();
  desk.press('PageUp', 'PageUp');
  const looked = desk.model.room.anchor?.event;
  t.ok(looked !== undefined && looked > 1 && looked < 90, `anchored at ${looked}`);
  const before = desk.text();
  for (const [columns, rows] of [
    [40, 10],
    [20, 4],
    [19, 3],
    [200, 60],
    [100, 24],
  ] as const) {
    desk.resize(columns, rows);
    desk.deliver('#lobby', [said('bob', 'more')]);
    t.equal(desk.model.room.anchor?.event, looked, `${columns}x${rows}`);
    // The row of the anchor is the one that says how much is below.
    if (columns > 20) t.match(desk.text().join(' '), `L${looked! - 1}w`, `what was read is seen at ${columns}x${rows}`);
  }
  const mark = (row: string): boolean => !row.includes('below: Esc');
  t.same(desk.text().filter(mark).slice(0, -2), before.filter(mark).slice(0, -2), 'as it was, back at the old size');
  t.match(desk.text().join('\n'), /5 new below: Esc/);
  desk.press('Esc');
  t.match(desk.text().at(-3), /bob {2}more/);
  t.equal(desk.model.room.newBelow, 0);
});

t.test('lines on their way can be scrolled through and past, too', async (t) => {
  const desk = new Desk({ columns: 20, rows: 4 });
  for (let event = 1; event <= 9; event++) desk.happen('#lobby', said('ann', `L${event}w0`));
  desk.connect();
  desk.open();
  desk.wait(10_000);
  for (const text of ['one two three four five', 'L11w0']) desk.say(text);
  const seen: string[] = [];
  for (let page = 0; page < 60; page++) {
    seen.unshift(...words(desk).filter((word) => !seen.includes(word)));
    desk.press('PageUp');
  }
  t.same(seen, ['L1w0', 'L2w0', 'L3w0', 'L4w0', 'L5w0', 'L6w0', 'L7w0', 'L8w0', 'L9w0', 'L11w0']);
  for (let page = 0; page < 60; page++) desk.press('PageDown');
  t.equal(desk.model.room.anchor, undefined, 'and back to the end');
});

t.test('a turn of the wheel is three rows', async (t) => {
  const desk = new Desk();
  for (let event = 1; event <= 60; event++) desk.happen('#lobby', said('ann', `L${event}w0`));
  desk.connect();
  desk.open();
  const last = () => words(desk).at(-1);
  t.equal(last(), 'L60w0');
  desk.feed({ kind: 'wheel', up: true });
  t.equal(last(), 'L57w0', 'above the mark that says so');
  desk.feed({ kind: 'wheel', up: true });
  t.equal(last(), 'L54w0');
  desk.feed({ kind: 'wheel', up: false });
  desk.feed({ kind: 'wheel', up: false });
  t.equal(last(), 'L60w0');
});
