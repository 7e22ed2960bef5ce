/** Searching back: the newest hit first, older ones with C-r, in older pages, too; where Enter and Esc lead. */
import t from 'tap';
import { Desk, said } from '../support/desk.js';

function talked(count = 60): Desk {
  const desk = new Desk();
  for (let n = 1; n <= count; n++)
    desk.happen('#lobby', said(n % 10 === 0 ? 'bob' : 'ann', n % 7 === 0 ? `Seven ${n}` : `line ${n}`));
  desk.connect();
  desk.open();
  return desk;
}

/** The text that is marked as found. */
function marked(desk: Desk): string | undefined {
  return desk
    .styled()
    .slice(1, -2)
    .join('\n')
    .match(/‹inverse›((?:Seven|line) \d+)/)?.[1];
}

t.test('as it is typed, then older, then none', async (t) => {
  const desk = talked();
  desk.press('C-r');
  t.match(desk.status, 'type what to look for');
  desk.type('sev');
  t.equal(marked(desk), 'Seven 56', 'the newest, whatever its case');
  t.match(desk.text().at(-1), 'search: sev');
  const found = [];
  for (let press = 0; press < 8; press++) {
    desk.press('C-r');
    found.push(marked(desk));
  }
  t.same(
    found.slice(0, 7),
    [49, 42, 35, 28, 21, 14, 7].map((n) => `Seven ${n}`),
  );
  t.match(desk.status, 'not found above');
  t.equal(marked(desk), 'Seven 7', 'the last one stays');
  desk.press('Backspace', 'Backspace', 'Backspace');
  t.equal(marked(desk), undefined);
  desk.type('bob');
  t.equal(marked(desk), 'line 60', 'what somebody said');
  t.same(desk.take('submit'), []);
});

t.test('Enter stays there, Esc goes back to the newest line; neither sends', async (t) => {
  for (const key of ['Enter', 'Esc', 'C-c', 'C-g']) {
    const desk = talked();
    desk.type('draft');
    desk.press('C-r');
    desk.type('Seven 7');
    t.ok(desk.model.room.anchor, 'scrolled there');
    desk.press(key);
    t.equal(desk.model.search, undefined);
    t.equal(desk.model.room.anchor === undefined, key !== 'Enter', key);
    t.equal(desk.input, 'draft', 'the draft is as it was');
    t.same(desk.take('submit'), []);
    t.same(desk.take('quit'), []);
  }
});

t.test('what is not loaded is loaded, and found by the next C-r', async (t) => {
  const desk = talked(400);
  desk.press('C-r');
  desk.type('Seven 7');
  // 77 is above what was loaded, and so is 70 and 7.
  t.match(desk.status, 'Not in what is loaded; loading older lines, C-r again looks there');
  t.equal(desk.answerHistory(), 1);
  desk.press('C-r');
  t.equal(marked(desk), 'Seven 77');
  desk.press('C-r', 'C-r');
  t.equal(marked(desk), 'Seven 7');
});

t.test('/search does the same from the input line', async (t) => {
  const desk = talked();
  desk.enter('/search seven 2');
  t.equal(marked(desk), 'Seven 28');
  desk.press('C-r');
  t.equal(marked(desk), 'Seven 21');
});
