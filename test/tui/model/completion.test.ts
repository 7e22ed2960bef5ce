/** Tab: who spoke last comes first, who left is not offered, commands come with their usage, and S-Tab goes back. */
import t from 'tap';
import { commandsAt } from '../../../src/tui/model/commands.js';
import { Desk, said } from '../support/desk.js';

function peopled(): Desk {
  const desk = new Desk();
  desk.connect();
  desk.open('#lobby', { people: ['aaron', 'abe', 'Amy', 'ann', 'alf', 'bob'] });
  for (const from of ['ann', 'alf', 'bob', 'ann', 'abe', 'aaron']) desk.deliver('#lobby', [said(from, 'hi')]);
  desk.deliver('#lobby', [{ kind: 'leave', from: 'alf', text: '' }]);
  return desk;
}

/** The input line after each of so many keys. */
function after(desk: Desk, typed: string, ...keys: readonly string[]): string[] {
  desk.press('C-u', 'C-k');
  desk.type(typed);
  return keys.map((key) => {
    desk.press(key);
    return desk.input;
  });
}

t.test('names: the last speaker first, then the silent by name; not who left, and not the user', async (t) => {
  const desk = peopled();
  t.same(after(desk, 'a', 'Tab', 'Tab', 'Tab', 'Tab'), ['abe: ', 'ann: ', 'Amy: ', 'abe: ']);
  t.match(desk.status, '[abe:] ann: Amy:', 'all of them are shown');
  t.same(after(desk, 'a', 'Tab', 'S-Tab', 'S-Tab'), ['abe: ', 'Amy: ', 'ann: ']);
  t.same(after(desk, 'AN', 'Tab'), ['ann: '], 'case does not count');
  t.same(after(desk, 'alf', 'Tab'), ['alf'], 'who left');
  t.same(after(desk, 'aar', 'Tab'), ['aar'], 'the user');
  desk.deliver('#lobby', [said('Amy', 'now me')]);
  t.same(after(desk, 'a', 'Tab'), ['Amy: ']);
});

t.test('in the middle of a line there is no colon, and what stands behind the cursor stays', async (t) => {
  const desk = peopled();
  t.same(after(desk, 'thanks an', 'Tab'), ['thanks ann ']);
  t.same(after(desk, 'thanks @an', 'Tab'), ['thanks @ann ']);
  t.same(after(desk, '@an', 'Tab'), ['@ann ']);
  after(desk, 'an and bob');
  desk.press('C-a', 'M-f', 'Tab');
  t.equal(desk.input, 'ann:  and bob');
  desk.press('Tab');
  t.equal(desk.input, 'ann:  and bob');
  desk.type('x');
  t.equal(desk.input, 'ann: x and bob', 'the cursor stands behind it');
});

t.test('rooms and commands', async (t) => {
  const desk = peopled();
  desk.enter('/join #ops');
  desk.press('M-1');
  t.same(after(desk, '#', 'Tab', 'Tab', 'Tab'), ['#lobby ', '#ops ', '#lobby ']);
  t.same(after(desk, '/part #o', 'Tab'), ['/part #ops ']);
  t.same(after(desk, '/nam', 'Tab'), ['/names ']);
  t.same(after(desk, '/MS', 'Tab'), ['/msg ']);
  t.match(desk.status, '/msg NAME TEXT: say something to one person only');
  t.same(after(desk, 'see /nam', 'Tab'), ['see /nam'], 'commands stand at the beginning');
  t.same(after(desk, '/lin', 'Tab'), ['/lin'], 'not what needs a fault proxy');
  const all = commandsAt({ isScreen: true, hasFaults: false });
  const walked = after(desk, '/', ...all.map(() => 'Tab'));
  t.same(
    walked,
    all.map(({ name }) => `/${name} `),
    'every command, once, in the order of the help',
  );
});

t.test('any other key ends it, and Tab begins anew with what stands there', async (t) => {
  const desk = peopled();
  t.same(after(desk, 'a', 'Tab', 'Left', 'Right'), ['abe: ', 'abe: ', 'abe: ']);
  t.equal(desk.model.completion, undefined);
  t.notMatch(desk.status, 'abe:');
  desk.type('bo');
  desk.press('Tab');
  t.equal(desk.input, 'abe: bob ');
  t.same(after(desk, 'zz', 'Tab'), ['zz']);
  t.same(after(desk, 'a', 'Tab', 'C-_'), ['abe: ', 'a'], 'undo takes it back');
});
