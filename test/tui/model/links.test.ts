/** F3: the matrix of links, the keys on it, and the red tag that does not let anybody forget. */
import t from 'tap';
import { broken, healthy } from '../golden/scenes.js';
import { Desk } from '../support/desk.js';

function opened(): Desk {
  const desk = new Desk({ hasFaults: true });
  desk.connect();
  desk.open();
  t.same(desk.press('F3'), [{ kind: 'faults', action: undefined }], 'asks how the links are');
  desk.faults(healthy);
  return desk;
}

const acts = (desk: Desk): unknown[] => desk.take('faults').map(({ action }) => action);

t.test('arrows go round, letters act on the link where they stand', async (t) => {
  const desk = opened();
  acts(desk);
  desk.type('x');
  desk.press('Down', 'Down', 'Left');
  desk.type('1');
  desk.press('Down', 'Right', 'Right', 'Right', 'Left');
  desk.type('d');
  desk.press('Up');
  desk.type('l');
  t.match(desk.status, 'Choose a link between two servers', 'said of the cell between a server and itself');
  desk.type('h');
  t.same(
    acts(desk),
    [
      { kind: 'cut', a: '1', b: '2', oneWay: false },
      { kind: 'cut', a: '3', b: '1', oneWay: true },
      { kind: 'delay', a: '1', b: '3', time: '200ms±50ms' },
      { kind: 'loss', a: '3', b: '3', share: '20%' },
      { kind: 'heal' },
    ].filter((act) => !('a' in act && act.a === act.b)),
  );
  desk.type('q');
  t.equal(desk.model.popup, undefined);
});

t.test('any other key closes it, and is used up', async (t) => {
  for (const key of ['Esc', 'Enter', 'F3', 'C-c']) {
    const desk = opened();
    desk.press(key);
    t.same([desk.model.popup, desk.input], [undefined, ''], key);
    t.same(desk.take('quit'), []);
  }
  const desk = opened();
  t.same(desk.press('C-l'), [{ kind: 'redraw' }], 'but for what is about the screen');
  t.equal(desk.model.popup?.kind, 'links');
});

t.test('the tag counts what is set, is red, and goes when all is healed', async (t) => {
  const desk = opened();
  desk.press('Esc');
  t.match(desk.status, 'faults 0');
  desk.faults(broken, 'r2: delay is set', true);
  t.match(desk.status, 'r2: delay is set', 'what was asked for is answered');
  desk.wait(6_000);
  t.match(desk.styled().at(-2), '‹brightWhite on-red bold› FAULTS 2');
  desk.feed({ kind: 'faults', answer: { ok: false, text: 'The fault proxy does not answer' }, isAsked: false });
  t.match(desk.status, 'FAULTS 2', 'what was known stays');
  t.match(desk.status, 'fault proxy silent');
  desk.faults({ ...broken, rules: [], toxics: ['s1/slow'] });
  t.match(desk.status, 'FAULTS 1', 'toxics count');
  t.notMatch(desk.status, 'silent');
  desk.faults(healthy);
  t.notMatch(desk.status, 'FAULTS');
});

t.test('without a fault proxy F3 says what is missing', async (t) => {
  const desk = new Desk();
  desk.connect();
  t.same(desk.press('F3'), []);
  t.match(desk.status, 'No fault proxy: start the chat with --proxy-api HOST:PORT');
  t.equal(desk.model.popup, undefined);
});
