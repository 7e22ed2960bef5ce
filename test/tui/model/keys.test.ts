/** The table of keys: each does something, none does two things, F1 lists them all; and the keys that leave. */
import t from 'tap';
import { helpLines } from '../../../src/tui/model/help.js';
import { actionOf, keyHelp, keyTable } from '../../../src/tui/model/keys.js';
import { Desk, said } from '../support/desk.js';

/** A chat in which every key has something to do: text to edit, history, other rooms, faults, lines to scroll. */
function busy(): Desk {
  const desk = new Desk({ columns: 120, rows: 24, hasFaults: true });
  for (let n = 1; n <= 60; n++) desk.happen('#lobby', said('ann', `line ${n}`));
  desk.connect();
  desk.open('#lobby', { people: ['aaron', 'ann', 'amy'] });
  for (const room of ['#r2', '#r3', '#r4', '#r5', '#r6', '#r7', '#r8', '#r9']) {
    desk.enter(`/join ${room}`);
    desk.open(room);
  }
  desk.press('M-1');
  desk.deliver('#r9', [said('ann', 'aaron?')]);
  desk.press('M-2');
  desk.deliver('#lobby', [said('ann', 'unread')]);
  desk.press('M-1');
  desk.enter('/names');
  desk.enter('/rooms');
  desk.press('Up');
  desk.type('ends here a');
  desk.press('Down');
  desk.press('Up', 'Up', 'C-w', 'C-e');
  desk.press('C-u');
  desk.type('two words and a');
  desk.press('M-b', 'M-b');
  desk.press('PageUp');
  return desk;
}

/** Everything that a key may change. */
function everything(desk: Desk): string {
  const { model } = desk;
  const { editor, anchor, history } = model.room;
  const { popup, search, completion, flash, isPeopleShown, isMouseOn, quitUntilMs } = model;
  const state = [model.room.name, editor, anchor, history.position, popup, search, completion, flash];
  return JSON.stringify([...state, isPeopleShown, isMouseOn, quitUntilMs]);
}

t.test('every key of the table does something', async (t) => {
  for (const { keys, action, help } of keyTable) {
    for (const key of keys) {
      const desk = busy();
      if (key === 'M-1') desk.press('M-2');
      if (key === 'M-Up') desk.press('M-3');
      // A step on needs one back before it.
      if (action.kind === 'newer') desk.press('C-a', 'C-k', 'Up');
      const before = everything(desk);
      desk.effects = [];
      const effects = desk.press(key);
      t.ok(effects.length > 0 || everything(desk) !== before, `${key}: ${help || 'as its neighbour'}`);
    }
  }
});

t.test('no key stands in it twice, and others do nothing', async (t) => {
  const names = keyTable.flatMap(({ keys }) => keys);
  t.equal(new Set(names).size, names.length);
  const desk = busy();
  const before = everything(desk);
  for (const key of ['F2', 'F12', 'C-g', 'Insert', 'C-Space']) {
    t.equal(actionOf(key), undefined);
    t.same(desk.press(key), []);
  }
  const quiet = everything(desk);
  t.equal(quiet, before);
});

t.test('F1 lists every key and every command, and scrolls to the end of them', async (t) => {
  const listed = keyHelp()
    .flatMap(({ rows }) => rows.map(([shown]) => shown))
    .join(' ');
  for (const { keys, shown } of keyTable) for (const key of keys) t.match(listed, shown ?? key);
  const desk = busy();
  const lines = helpLines(desk.model);
  desk.press('F1');
  const seen = new Set<string>();
  for (let press = 0; press < lines.length; press++) {
    for (const row of desk.text()) seen.add(row);
    desk.press('Down');
  }
  for (const line of lines) t.ok(seen.has(line.trimEnd()), line);
});

t.test('help closes with any other key, which does nothing else', async (t) => {
  const desk = busy();
  const { room } = desk.model;
  const { text } = room.editor;
  for (const key of ['Esc', 'Enter', 'C-c', 'F1', 'Tab']) {
    desk.press('F1');
    t.equal(desk.model.popup?.kind, 'help');
    t.same(desk.press(key), []);
    t.same([desk.model.popup, desk.model.room.name, desk.input], [undefined, room.name, text], key);
  }
  desk.press('F1');
  desk.type('x');
  t.same([desk.model.popup, desk.input], [undefined, text]);
});

t.test('Alt with what it has no meaning for was Esc and then that key', async (t) => {
  const desk = busy();
  desk.press('C-u', 'C-k', 'PageUp');
  t.ok(desk.model.room.anchor);
  desk.press('M-z');
  t.same([desk.model.room.anchor, desk.input], [undefined, 'z']);
  desk.press('F1', 'M-2');
  t.same(
    [desk.model.popup, desk.model.room.name],
    [undefined, '#r2'],
    'and what it has a meaning for, it has over help, too',
  );
});

t.test('C-c clears the line; twice on an empty one within two seconds leaves', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.type('half a thought');
  t.same([desk.press('C-c'), desk.input], [[], '']);
  t.same(desk.press('C-c'), [], 'the first on the empty line');
  t.match(desk.status, 'C-c again leaves the chat');
  desk.wait(2_000);
  t.same(desk.press('C-c'), [], 'too late is the first again');
  desk.wait(1_999);
  t.same(desk.press('C-c'), [{ kind: 'quit' }]);

  desk.wait(5_000);
  desk.press('C-c');
  desk.type('no, wait');
  t.same([desk.press('C-c'), desk.input], [[], ''], 'what was typed meanwhile is cleared, and nobody leaves');
});

t.test('C-d leaves on an empty line, and deletes on another', async (t) => {
  const desk = new Desk();
  desk.type('ab');
  desk.press('C-a');
  t.same([desk.press('C-d'), desk.input], [[], 'b']);
  t.same([desk.press('C-d'), desk.input], [[], '']);
  t.same(desk.press('C-d'), [{ kind: 'quit' }]);
});

t.test('what was sent comes back with Up, the draft with Down; up and down within several lines first', async (t) => {
  const desk = new Desk();
  for (const text of ['one', 'two', 'two', '/names']) desk.enter(text);
  desk.type('draft');
  const walk = (...keys: readonly string[]) =>
    keys.map((key) => {
      desk.press(key);
      return desk.input;
    });
  t.same(walk('Up', 'C-p', 'Up', 'Up'), ['/names', 'two', 'one', 'one']);
  t.same(walk('Down', 'C-n', 'Down', 'Down'), ['two', '/names', 'draft', 'draft']);
  desk.press('M-Enter');
  desk.type('second');
  t.same(walk('Up'), ['draft\nsecond'], 'to the line above');
  t.same(walk('Up'), ['/names']);
});

t.test('F6 and F8 switch, C-l and C-z are done outside', async (t) => {
  const desk = busy();
  t.same(desk.press('F6'), [{ kind: 'mouse', isOn: true }]);
  t.same(desk.press('F6'), [{ kind: 'mouse', isOn: false }]);
  t.match(desk.text()[1], 'PEOPLE');
  desk.press('F8');
  t.notMatch(desk.text()[1], 'PEOPLE');
  t.same(desk.press('C-l', 'C-z'), [{ kind: 'redraw' }, { kind: 'suspend' }]);
});

t.test('a click goes to the room that is shown there, also when the list is scrolled', async (t) => {
  const desk = new Desk({ columns: 80, rows: 12 });
  desk.connect();
  desk.open();
  for (let n = 1; n <= 30; n++) desk.enter(`/join #r${n}`);
  const shown = desk.text().map((row) => /^#r\d+/.exec(row)?.[0]);
  const row = shown.findIndex((name) => name !== undefined);
  desk.feed({ kind: 'click', row, column: 1 });
  t.equal(desk.model.room.name, shown[row]);
  desk.feed({ kind: 'click', row: 11, column: 1 });
  t.equal(desk.model.room.name, shown[row], 'the input line is no room');
});
