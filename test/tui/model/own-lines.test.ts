/** A line typed here on its way into the log: what is said of it, and that it is shown once and never lied about. */

import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { repeatable } from '../../support/repeatable.js';
import { Desk, said } from '../support/desk.js';

const lastText = (desk: Desk): string | undefined => desk.model.room.lines.at(desk.model.room.lines.length - 1)?.text;

/** Without the list of rooms, so that a row holds a line and nothing else. */
const size = { columns: 79, rows: 24 };
/** Behind time, sign and name. */
const textColumn = 20;

function connected(): Desk {
  const desk = new Desk(size);
  desk.connect();
  desk.open();
  return desk;
}

/** How often a line with this text stands on the screen, its sign, and what is said below it, in one piece. */
function shown(desk: Desk, text: string): { sign: string; count: number; words: string } {
  const rows = desk.text().slice(1, -2);
  const found = rows.flatMap((row, at) => (row.slice(textColumn) === text ? [at] : []));
  const at = found[0] ?? rows.length;
  const end = rows.findIndex((row, index) => index > at && row.slice(0, textColumn).trim() !== '');
  const below = rows.slice(at + 1, end < 0 ? rows.length : end);
  return { sign: rows[at]?.slice(6, 7) ?? '', count: found.length, words: below.map((row) => row.trim()).join(' ') };
}

t.test('queued, sending, committed: the sign and the words of each', async (t) => {
  const desk = new Desk(size);
  desk.open();
  const id = desk.say('hello');
  t.same(desk.take('submit'), [{ kind: 'submit', key: 1, what: 'post', room: '#lobby', text: 'hello' }]);
  t.equal(desk.input, '', 'the input line is free');
  t.match(shown(desk, 'hello'), { sign: '⋯', count: 1, words: /^queued: not sent yet/ });
  desk.connect();
  desk.state(id, 'sending');
  t.same(shown(desk, 'hello'), { sign: '…', count: 1, words: '' }, 'no word while all goes well');
  desk.wait(999);
  t.equal(shown(desk, 'hello').words, '');
  desk.wait(1);
  t.equal(shown(desk, 'hello').words, 'sending 1s');
  desk.wait(2_000);
  t.equal(shown(desk, 'hello').words, 'sending 3s');
  desk.commit(id, 'hello', 'ack');
  t.same(shown(desk, 'hello'), { sign: '✓', count: 1, words: '' });
  t.equal(desk.model.byId.size, 0, 'nothing is kept of it');
});

for (const first of ['ack', 'delivery'] as const) {
  t.test(`the ${first} first: one line, committed, with its life`, async (t) => {
    const desk = connected();
    const id = desk.say('hello');
    desk.state(id, 'sending');
    desk.wait(7);
    desk.commit(id, 'hello', first);
    t.match(shown(desk, 'hello'), { sign: '✓', count: 1 });
    t.same([desk.model.room.own, desk.model.byId.size, desk.model.room.unsent], [[], 0, 0]);
    desk.enter('/why');
    t.match(lastText(desk), /^Message 1 of #lobby, from aaron: chosen at slot 1000 under ballot 7\.2, 7\.0ms from/);
  });
}

t.test('a timeout is unconfirmed, never failed, and is not offered for a second sending', async (t) => {
  const desk = connected();
  const id = desk.say('hello');
  desk.state(id, 'sending');
  desk.wait(10_000);
  desk.state(id, 'unconfirmed');
  desk.wait(2_000);
  t.match(shown(desk, 'hello'), {
    sign: '?',
    words: /^unconfirmed 2s: it may be in or not yet; tried again under the/,
  });
  t.notMatch(desk.text().join('\n'), 'failed');
  desk.enter('/retry');
  t.match(desk.status, 'Nothing here has failed.');
  t.equal(desk.take('submit').length, 1, 'only the first time');
  desk.commit(id, 'hello');
  t.match(shown(desk, 'hello'), { sign: '✓', count: 1 });
});

t.test('a refusal is failed with its reason, and /retry, /edit and /drop are for it', async (t) => {
  const fail = (): Desk => {
    const desk = connected();
    for (const text of ['one', 'two']) desk.state(desk.say(text), 'failed', '#lobby', { reason: `no ${text}` });
    desk.enter('/me waves');
    desk.take('submit');
    return desk;
  };
  const desk = fail();
  t.match(shown(desk, 'one'), { sign: '✗', words: 'failed: no one · /retry, /edit or /drop' });
  t.equal(desk.model.room.unsent, 1, 'what failed is not on its way');

  desk.enter('/retry');
  t.same(
    desk.take('submit').map(({ text }) => text),
    ['one', 'two'],
    'both again, in order',
  );
  t.match(shown(desk, 'one'), { sign: '⋯', count: 1 }, 'shown once');

  const edited = fail();
  edited.enter('/edit');
  t.equal(edited.input, 'two', 'the last one is back in the input line');
  t.equal(shown(edited, 'two').count, 0);
  t.equal(shown(edited, 'one').count, 1, 'the other stays');
  t.same(edited.take('submit'), []);

  const dropped = fail();
  dropped.enter('/drop');
  t.same([shown(dropped, 'one').count, shown(dropped, 'two').count], [0, 0]);
  t.equal(dropped.model.room.own.length, 1, 'what is on its way stays');
  dropped.enter('/drop');
  t.match(dropped.status, 'Nothing here has failed.');
});

t.test('/edit brings back what was typed: an action and a slash', async (t) => {
  for (const typed of ['/me waves', '//etc/hosts']) {
    const desk = connected();
    desk.state(desk.say(typed), 'failed', '#lobby', { reason: 'no' });
    desk.enter('/edit');
    t.equal(desk.input, typed);
  }
});

t.test('unconfirmed for good says so, and can be dropped', async (t) => {
  const desk = connected();
  const id = desk.say('hello');
  desk.state(id, 'unconfirmed', '#lobby', { reason: 'the session ended before an answer came' });
  t.match(shown(desk, 'hello'), { sign: '?', words: 'unconfirmed: the session ended before an answer came' });
  desk.take('submit');
  desk.enter('/retry');
  t.same(desk.take('submit'), [], 'not sent again: it may be in');
  desk.enter('/drop');
  t.equal(shown(desk, 'hello').count, 0);
});

t.test('/cancel takes back the last queued line only, and it is gone when the library says so', async (t) => {
  const desk = new Desk(size);
  desk.open();
  const [one, two] = [desk.say('one'), desk.say('two')];
  desk.enter('/cancel');
  t.same(desk.take('cancel'), [{ kind: 'cancel', id: two }]);
  desk.state(two, 'failed', '#lobby', { reason: 'cancelled' });
  t.same([shown(desk, 'one').count, shown(desk, 'two').count], [1, 0]);
  desk.connect();
  desk.state(one, 'sending');
  desk.enter('/cancel');
  t.same(desk.take('cancel'), [], 'what is sent cannot be taken back');
  t.match(desk.status, /queued/i);
});

t.test('the badge and the status count what waits, in every room', async (t) => {
  const desk = connected();
  desk.enter('/join #ops');
  desk.open('#ops');
  desk.say('a');
  desk.press('M-1');
  desk.say('b');
  desk.wait(3_000);
  t.match(desk.status, /\b2 unsent 3s\b/);
  desk.resize(80, 24);
  t.match(desk.text().slice(2, 4), [/^#lobby {9}!/, /^#ops {11}!/]);
});

t.test('a command that is refused is said, since it has no line', async (t) => {
  const desk = connected();
  desk.state(77, 'failed', '#lobby', { reason: 'The room is full' });
  t.match(desk.status, 'The room is full');
});

t.test('/why says what is known, and no more', async (t) => {
  const desk = connected();
  const answer = (command: string): string => {
    desk.enter(command);
    return lastText(desk) ?? '';
  };
  t.equal(answer('/why'), 'None of your messages is loaded here.');
  t.equal(answer('/why 5'), 'Message 5 is not loaded; /goto 5 first.');
  desk.deliver('#lobby', [{ kind: 'post', from: 'ann', text: 'hers' }]);
  t.match(
    answer('/why 1'),
    /^Message 1 of #lobby, from ann: chosen at slot \d+; its ballot and time to commit are known/,
  );
  desk.saySafely('mine');
  t.match(
    answer('/why 2'),
    /^Message 2 of #lobby, from aaron: chosen at slot \d+ under ballot 7\.2, 4\.0ms from Enter/,
  );
  const id = desk.say('later');
  desk.state(id, 'sending');
  t.equal(answer('/why'), 'Your last message is sending.');
  desk.state(id, 'failed', '#lobby', { reason: 'no' });
  t.equal(answer('/why'), 'Your last message is failed: no.');
});

t.test('commit times stand in the status as percentiles of the last hundred', async (t) => {
  const desk = connected();
  for (let ms = 1; ms <= 150; ms++) {
    const id = desk.say(`${ms}`);
    desk.wait(ms);
    desk.commit(id, `${ms}`, 'ack');
  }
  t.match(desk.status, 'commit p50 100ms p99 149ms', 'of 51 to 150 ms');
  desk.contactAgeMs = 3_001;
  desk.wait();
  t.match(desk.status, '(stale)', 'old figures say that they are old');
});

t.test('whatever order acknowledgements and deliveries come in, each line is there once at the end', async (t) => {
  const order = fc.array(fc.tuple(fc.nat(4), fc.constantFrom('ack', 'delivery')), { maxLength: 30 });
  fc.assert(
    fc.property(order, (events) => {
      const desk = connected();
      const texts = ['l0', 'l1', 'l2', 'l3', 'l4'];
      const ids = texts.map((text) => desk.say(text));
      for (const id of ids) desk.state(id, 'sending');
      const acked = new Set<number>();
      let delivered = 0;
      const ack = (line: number): void => {
        if (acked.has(line)) return;
        acked.add(line);
        desk.state(ids[line]!, 'committed', '#lobby', { slot: 1_000 + line, n: line + 1 });
      };
      // Deliveries come in the room's order; acknowledgements may come in any.
      const deliver = (): void => {
        if (delivered === texts.length) return;
        const text = texts[delivered]!;
        desk.deliver('#lobby', [{ kind: 'post', from: 'aaron', text }], new Map([[0, ids[delivered++]!]]));
      };
      for (const [line, event] of events) {
        if (event === 'ack') ack(line);
        else deliver();
        for (const text of texts) assert.equal(shown(desk, text).count, 1, `${text} is shown once`);
      }
      for (const line of texts.keys()) {
        deliver();
        ack(line);
      }
      assert.deepEqual(
        texts.map((text) => shown(desk, text).sign),
        texts.map(() => '✓'),
      );
      assert.equal(desk.model.byId.size, 0);
      assert.equal(desk.model.room.lines.length, texts.length);
      for (const n of [1, 2, 3, 4, 5]) assert.ok(desk.model.room.lives.get(n), `the life of message ${n} is known`);
    }),
    { ...repeatable, numRuns: 60 },
  );
  t.pass('property held');
});

t.test('a delivery that the library does not know as ours is known by its number, whatever comes first', async (t) => {
  for (const first of ['ack', 'delivery'] as const) {
    const desk = connected();
    const id = desk.say('hello');
    desk.state(id, 'sending');
    const ack = (): unknown => desk.state(id, 'committed', '#lobby', { slot: 9, n: desk.model.room.headN || 1 });
    if (first === 'ack') ack();
    desk.deliver('#lobby', [said('aaron', 'hello')]);
    if (first === 'delivery') ack();
    t.equal(shown(desk, 'hello').count, 1, first);
    t.same([desk.model.room.own, desk.model.byId.size], [[], 0]);
  }
});
