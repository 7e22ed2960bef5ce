/** Pasted text: one line goes into the input line; several wait for a decision, and nothing is sent before it. */
import t from 'tap';
import { Desk } from '../support/desk.js';

function desk(): Desk {
  const opened = new Desk();
  opened.connect();
  opened.open();
  return opened;
}

const texts = (of: Desk): string[] => of.take('submit').map(({ text }) => text);

t.test('one line, with or without its end, is typed', async (t) => {
  for (const text of ['pasted', 'pasted\n', 'pasted\n\n']) {
    const one = desk();
    one.type('ab');
    one.press('Left');
    one.paste(text);
    t.equal(one.input, 'apastedb');
    t.equal(one.model.popup, undefined);
    t.same(texts(one), []);
  }
  const command = desk();
  command.paste('/quit\n');
  t.same(command.effects, [], 'a pasted command waits for Enter');
});

t.test('several lines are shown first, and Enter sends them as one message with the draft around them', async (t) => {
  const one = desk();
  one.type('beginend');
  one.press('Left', 'Left', 'Left');
  one.paste('1\n2\n3\n4\n5\n6\n7\n');
  t.same(texts(one), [], 'nothing is sent');
  const screen = one.text().join('\n');
  t.match(screen, 'PASTE 7 lines, 13 bytes. Nothing is sent yet.');
  for (const line of ['1', '4']) t.match(screen, `│ ${line}\n`);
  t.notMatch(screen, '│ 5');
  t.match(screen, 'and 3 more');
  one.press('Enter');
  t.same(texts(one), ['begin1\n2\n3\n4\n5\n6\n7end']);
  t.same([one.input, one.model.popup], ['', undefined]);
});

t.test('l sends line by line without the empty ones; commands in it are text', async (t) => {
  const one = desk();
  one.type('draft');
  one.paste('one\n\n/quit\n  \n//two');
  one.type('l');
  t.same(texts(one), ['one', '/quit', '//two']);
  t.same(one.take('quit'), []);
  t.equal(one.input, 'draft');
});

t.test('e puts it into the input line, Esc and C-c throw it away, and other keys do nothing', async (t) => {
  const edited = desk();
  edited.type('a');
  edited.paste('1\n2');
  edited.type('e');
  t.equal(edited.input, 'a1\n2');
  for (const key of ['Esc', 'C-c']) {
    const one = desk();
    one.type('draft');
    one.paste('1\n2');
    one.press('Tab', 'PageUp');
    one.type('x');
    t.equal(one.model.popup?.kind, 'paste');
    one.press(key);
    t.same([one.model.popup, one.input], [undefined, 'draft']);
    t.same([...texts(one), ...one.take('quit')], []);
  }
});

t.test('in a search it is what is looked for, as one line', async (t) => {
  const one = desk();
  one.deliver('#lobby', [{ kind: 'post', from: 'ann', text: 'two words' }]);
  one.press('C-r');
  one.type('t');
  one.paste('wo\nwords');
  t.equal(one.model.search?.query, 'two words');
  t.equal(one.model.popup, undefined);
});

t.test('a paste closes help, and is not lost to it', async (t) => {
  const one = desk();
  one.press('F1');
  one.paste('text');
  t.same([one.model.popup, one.input], [undefined, 'text']);
});

t.test('what is too long is not sent, and stays in the input line', async (t) => {
  const words = 'Message is 8,194 bytes; the limit is 8,192. Nothing was sent; your text is still in the input line.';
  const one = new Desk({ columns: 120 });
  one.connect();
  one.open();
  one.paste(`${'é'.repeat(4_000)}\n${'x'.repeat(193)}`);
  one.press('Enter');
  t.match(one.text().join('\n'), words, 'counted in bytes');
  t.equal(one.input.length, 4_194);
  one.press('Enter');
  t.match(one.text().join('\n'), words);
  t.same(texts(one), []);
  one.press('Backspace', 'Backspace', 'Enter');
  t.equal(texts(one)[0]?.length, 4_192, 'two bytes fewer go');
});
