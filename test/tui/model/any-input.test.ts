/** Whatever happens in whatever order: no exception, a whole frame, nothing that a terminal could obey. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { commands } from '../../../src/tui/model/commands.js';
import type { Input } from '../../../src/tui/model/input.js';
import { keyTable } from '../../../src/tui/model/keys.js';
import { view } from '../../../src/tui/model/view.js';
import { columnsOf } from '../../../src/tui/text/index.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';
import { Desk, said } from '../support/desk.js';

/** What a terminal obeys, or may not be told: controls, direction marks, halves of characters. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/u;

const people = fc.constantFrom('ann', 'bob', 'aaron', '\u202eevil', 'x'.repeat(30));
const rooms = fc.constantFrom('#lobby', '#ops', '@aaron,bob', '@\u202e,aaron');
const words = fc.constantFrom(
  '#ops',
  'bob',
  'bob hello',
  '5',
  '99999',
  's7',
  '10:30',
  'end',
  'bell off',
  'ascii on',
  'mono',
  '',
);
const keys = keyTable.flatMap((spec) => spec.keys);

/** A step that a desk can take. */
type Step = (desk: Desk) => void;

const feed = (arbitrary: fc.Arbitrary<Input>): fc.Arbitrary<Step> =>
  arbitrary.map((input) => (desk: Desk) => void desk.feed(input));

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom(...keys, 'M-x', 'F9').map((name) => (desk: Desk) => void desk.press(name)),
  nasty.map((text) => (desk: Desk) => void desk.paste(text)),
  nasty.filter((text) => !unsafe.test(text) && text !== '').map((text) => (desk: Desk) => desk.type(text)),
  fc.tuple(fc.constantFrom(...commands.map(({ name }) => name)), words).map(([name, rest]) => (desk: Desk) => {
    desk.press('Esc', 'C-u');
    desk.enter(`/${name} ${rest}`);
  }),
  fc.tuple(fc.integer({ min: 1, max: 160 }), fc.integer({ min: 1, max: 50 })).map(
    ([columns, rows]) =>
      (desk: Desk) =>
        desk.resize(columns, rows),
  ),
  fc.tuple(rooms, people, nasty, fc.integer({ min: 1, max: 300 })).map(([room, from, text, count]) => (desk: Desk) => {
    desk.deliver(
      room,
      Array.from({ length: count }, () => said(from, text)),
    );
  }),
  fc.tuple(rooms, fc.constantFrom('join', 'leave', 'nick', 'topic'), people, nasty).map(
    ([room, kind, from, text]) =>
      (desk: Desk) =>
        void desk.deliver(room, [{ kind, from, text }]),
  ),
  fc.constant((desk: Desk) => void desk.answerHistory()),
  fc.tuple(fc.constantFrom('queued', 'sending', 'committed', 'unconfirmed', 'failed'), nasty).map(
    ([state, reason]) =>
      (desk: Desk) =>
        void desk.state(desk.lastId, state, desk.model.room.name, { slot: 1, n: 1, reason }),
  ),
  fc.constantFrom<Step>(
    (desk) => desk.connect(),
    (desk) => desk.disconnect(),
    (desk) => desk.open(),
    (desk) => void desk.wait(700),
    (desk) => {
      desk.logs.clear();
      desk.client({ event: 'cluster', before: '', now: '', unconfirmed: 1, notSent: 0, text: 'Another cluster' });
    },
  ),
  feed(fc.boolean().map((up): Input => ({ kind: 'wheel', up }))),
  feed(fc.tuple(fc.nat(60), fc.nat(160)).map(([row, column]): Input => ({ kind: 'click', row, column }))),
  feed(nasty.map((text): Input => ({ kind: 'note', text }))),
  feed(nasty.map((text): Input => ({ kind: 'client', event: { event: 'error', code: 'GAP', text } }))),
  feed(
    fc.tuple(rooms, fc.boolean()).map(([room, news]): Input => {
      return { kind: 'client', event: { event: 'direct', news, rooms: [{ room, headEvent: 3 }] } };
    }),
  ),
);

t.test('a frame is whole, fits, and holds nothing that a terminal obeys', async (t) => {
  let frames = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 60 }), (taken) => {
      const desk = new Desk({ hasFaults: true });
      for (const step of taken) {
        step(desk);
        const { rows, cursor } = view(desk.model, desk.look);
        assert.equal(rows.length, desk.model.rows);
        for (const row of rows) {
          const text = row.map((span) => span.text).join('');
          const columns = row.reduce((sum, span) => sum + columnsOf(span.text), 0);
          assert.ok(
            columns <= desk.model.columns,
            `${columns} of ${desk.model.columns} columns: ${JSON.stringify(text)}`,
          );
          assert.ok(!unsafe.test(text), JSON.stringify(text));
        }
        if (cursor !== undefined) {
          assert.ok(cursor.row >= 0 && cursor.row < desk.model.rows, `row ${cursor.row} of ${desk.model.rows}`);
          assert.ok(cursor.column >= 0 && cursor.column < desk.model.columns, `column ${cursor.column}`);
        }
        frames++;
      }
    }),
    repeatable,
  );
  t.ok(frames > 1_000, `${frames} frames`);
});
