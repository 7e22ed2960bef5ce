/** What is new to the user, and when the bell rings for it: counts, badges, the divider, the way to the next room. */
import t from 'tap';
import { names } from '../../../src/tui/model/on-delivery.js';
import { Desk, said } from '../support/desk.js';

/** In #lobby, with #ops and #paxos joined and a direct room with bob; nothing is unread. */
function inFourRooms(): Desk {
  const desk = new Desk({ columns: 100, rows: 24 });
  desk.connect();
  desk.open();
  for (const room of ['#ops', '#paxos']) {
    desk.enter(`/join ${room}`);
    desk.open(room);
  }
  desk.enter('/msg bob hello');
  desk.open('@aaron,bob', { people: [] });
  desk.commit(desk.lastId, 'hello', 'ack', '@aaron,bob');
  desk.press('M-1');
  desk.take('bell');
  return desk;
}

const bells = (desk: Desk): number => desk.take('bell').length;
const counts = (desk: Desk) => desk.model.rooms.map(({ unread, mentions }) => [unread, mentions]);

t.test('posts elsewhere count, mentions of the user apart; notices and own posts do not', async (t) => {
  const desk = inFourRooms();
  t.same(
    desk.model.rooms.map(({ name }) => name),
    ['#lobby', '#ops', '#paxos', '@aaron,bob'],
  );
  desk.deliver('#ops', [said('ann', 'one'), { kind: 'action', from: 'ann', text: 'counts two' }]);
  desk.deliver('#ops', [
    { kind: 'join', from: 'amy', text: '' },
    { kind: 'topic', from: 'ann', text: 'aaron' },
  ]);
  desk.deliver('#paxos', [said('bob', 'aaron: three'), said('aaron', 'from another client of mine')]);
  t.same(counts(desk), [
    [0, 0],
    [2, 0],
    [1, 1],
    [0, 0],
  ]);
  t.equal(bells(desk), 1, 'the mention');
  const rooms = desk
    .text()
    .slice(2, 5)
    .map((row) => row.slice(0, 16));
  t.same(rooms, ['#lobby          ', '#ops           2', '#paxos        @1']);
});

t.test('the bell rings for a mention and for a direct message as they happen, and for nothing else', async (t) => {
  const desk = inFourRooms();
  const ring = (room: string, text: string, from = 'ann', afterMs = 1_000): number => {
    desk.wait(afterMs);
    desk.deliver(room, [said(from, text)]);
    return bells(desk);
  };
  t.equal(ring('#lobby', 'hello all'), 0);
  t.equal(ring('#lobby', 'hello aaron'), 1, 'also in the room that is seen');
  t.equal(ring('#ops', '@AARON?'), 1);
  t.equal(ring('#ops', 'aaronson'), 0);
  t.equal(ring('@aaron,bob', 'psst', 'bob'), 1, 'a direct message');
  t.equal(ring('#ops', 'aaron aaron', 'aaron'), 0, 'not for what one says oneself');
  t.equal(ring('@aaron,bob', 'mine', 'aaron'), 0);
  t.equal(ring('#ops', 'aaron?', 'ann', 999), 1);
  t.equal(ring('#ops', 'aaron??', 'ann', 999), 0, 'once a second is enough');
  desk.enter('/set bell off');
  t.equal(ring('#ops', 'aaron!'), 0);
  desk.enter('/set bell on');
  t.equal(ring('#ops', 'aaron!'), 1);
});

t.test('history never rings and never counts, not at the opening and not after a break', async (t) => {
  const desk = new Desk();
  desk.happen('#lobby', said('ann', 'aaron, are you there?'));
  desk.happen('@aaron,bob', said('bob', 'and here?'));
  desk.connect();
  desk.client({ event: 'direct', news: false, rooms: [{ room: '@aaron,bob', headEvent: 1 }] });
  desk.open();
  desk.open('@aaron,bob', { people: [] });
  t.equal(bells(desk), 0);
  t.same(
    counts(desk),
    [
      [0, 0],
      [0, 0],
    ],
    'what was there before counts as read',
  );

  desk.disconnect();
  desk.happen('#lobby', said('ann', 'aaron, you missed this'));
  desk.happen('@aaron,bob', said('bob', 'and this'));
  desk.connect(3);
  desk.open('#lobby', { from: { event: 2 } });
  desk.open('@aaron,bob', { people: [], from: { event: 2 } });
  t.equal(bells(desk), 0, 'what came meanwhile is no news that rings');
  t.same(
    counts(desk),
    [
      [0, 0],
      [1, 0],
    ],
    'but it is unread where it is not seen',
  );
  desk.wait(1_000);
  desk.deliver('#lobby', [said('ann', 'aaron: now')]);
  t.equal(bells(desk), 1);
});

t.test('a direct room that opens because somebody writes is unread', async (t) => {
  const desk = new Desk();
  desk.connect();
  desk.open();
  desk.happen('@aaron,zed', said('zed', 'hi'));
  desk.client({ event: 'direct', news: true, rooms: [{ room: '@aaron,zed', headEvent: 1 }] });
  t.match(desk.take('subscribe'), [{ room: '@aaron,zed' }]);
  desk.open('@aaron,zed', { people: [] });
  t.equal(desk.model.rooms[1]?.unread, 1);
  t.equal(bells(desk), 1, 'the first word of somebody rings, though it was there before the room was open');
  t.match(
    desk.text().find((row) => row.startsWith('@zed')),
    /^@zed {11}1/,
    'called by the other person',
  );
  desk.client({ event: 'direct', news: true, rooms: [{ room: '@aaron,zed', headEvent: 2 }] });
  t.same(desk.take('subscribe'), [], 'once');
});

t.test('the divider stands above the first unread line until the room is left', async (t) => {
  const desk = inFourRooms();
  desk.press('M-2');
  desk.deliver('#ops', [said('ann', 'seen')]);
  desk.press('M-1');
  for (let n = 1; n <= 60; n++) desk.deliver('#ops', [said('ann', `unread ${n}`)]);
  t.same(counts(desk)[1], [60, 0]);
  desk.press('M-2');
  t.same(counts(desk)[1], [0, 0], 'seen is read');
  t.notMatch(desk.text().join('\n'), '─ new ─', 'far above');
  desk.press('M-u');
  const at = desk.text().findIndex((row) => row.includes('─ new ─'));
  t.ok(at > 1, 'M-u goes there');
  t.match(desk.text()[at - 1], /seen\b/);
  t.match(desk.text()[at + 1], 'unread 1');
  desk.deliver('#ops', [said('ann', 'while the reader is here')]);
  desk.press('Esc', 'M-u');
  t.match(desk.text().join('\n'), '─ new ─', 'it stays');
  t.equal(desk.text().filter((row) => row.includes('─ new ─')).length, 1);
  desk.press('M-1', 'M-2', 'M-u');
  t.notMatch(desk.text().join('\n'), '─ new ─', 'until the room is left');
  t.match(desk.status, 'Nothing here was unread.');
});

t.test('the divider stands below what only this user saw', async (t) => {
  const desk = inFourRooms();
  desk.deliver('#lobby', [said('ann', 'seen')]);
  desk.enter('/names');
  desk.press('M-2');
  desk.deliver('#lobby', [said('ann', 'new')]);
  desk.press('M-1');
  const [names, rule, line] = desk.text().slice(-5, -2);
  t.match(names, 'In #lobby:');
  t.match(rule, '─ new ─');
  t.match(line, /ann {2}new/);
});

t.test(
  'M-a goes to mentions first, then to the next unread room in the order of the list, round its end',
  async (t) => {
    const desk = inFourRooms();
    desk.press('M-3');
    desk.deliver('#lobby', [said('ann', 'one')]);
    desk.deliver('#ops', [said('ann', 'aaron: two')]);
    desk.deliver('@aaron,bob', [said('bob', 'three')]);
    const way: string[] = [];
    for (let press = 0; press < 4; press++) {
      desk.press('M-a');
      way.push(desk.model.room.name);
    }
    t.same(way, ['#ops', '@aaron,bob', '#lobby', '#lobby']);
    t.match(desk.status, 'Nothing is unread.');
  },
);

t.test('keys for rooms: by number, above, below; a draft stays in its room', async (t) => {
  const desk = inFourRooms();
  desk.type('draft of one');
  const way: string[] = [];
  for (const key of ['M-Up', 'M-Down', 'M-4', 'M-Down', 'M-Up', 'M-9', 'M-1']) {
    desk.press(key);
    way.push(desk.model.room.name);
    if (key === 'M-4') desk.type('draft of four');
  }
  t.same(way, ['#lobby', '#ops', '@aaron,bob', '@aaron,bob', '#paxos', '#paxos', '#lobby']);
  t.equal(desk.input, 'draft of one');
  desk.press('M-4');
  t.equal(desk.input, 'draft of four');
  desk.feed({ kind: 'click', row: 3, column: 4 });
  t.equal(desk.model.room.name, '#ops', 'a click on its name');
});

t.test('a name in a text is a word of its own, whatever its case', async (t) => {
  for (const text of ['aaron', '@Aaron', 'hi aaron!', 'AARON: x', '(aaron)', "aaron's", 'é aaron', '中 aaron']) {
    t.ok(names(text, 'aaron'), text);
  }
  for (const text of ['', 'aaronson', 'xaaron', 'aaron_', 'aaron-x', '9aaron', 'éaaron', '中aaron', 'aar on']) {
    t.notOk(names(text, 'aaron'), text);
  }
  t.ok(names('xaaron aaron', 'aaron'), 'the second time');
  t.notOk(names('anything', ''));
  t.ok(names('a [x] b', '[x]'), 'a name is no pattern');
});

t.test('every lawful name is found where it stands as a word, and only there', async (t) => {
  for (const name of ['jean-paul', 'a_b', '[x]', '{y}|', 'c^d\\e', 'Ann']) {
    t.ok(names(`hello ${name.toUpperCase()}, are you there?`, name), name);
    t.ok(names(name, name));
    t.notOk(names(`x${name}`, name), `x${name}`);
    t.notOk(names(`${name}2`, name), `${name}2`);
  }
});
