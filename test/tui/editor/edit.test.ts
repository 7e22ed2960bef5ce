/** The commands by example: `|` is the cursor. */
import t from 'tap';
import {
  type EditCommand,
  type Editor,
  edit,
  emptyEditor,
  insert,
  replaceRange,
  setText,
} from '../../../src/tui/editor/index.js';

function editorOf(picture: string): Editor {
  return { ...emptyEditor, text: picture.replace('|', ''), cursor: picture.indexOf('|') };
}

function pictureOf({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

function type(editor: Editor, text: string): Editor {
  return [...text].reduce(insert, editor);
}

t.test('each command', async (t) => {
  const examples: readonly (readonly [before: string, command: EditCommand, after: string])[] = [
    ['ab|', 'left', 'a|b'],
    ['|ab', 'left', '|ab'],
    ['👨‍👩‍👧|', 'left', '|👨‍👩‍👧'],
    ['|e\u0301x', 'right', 'e\u0301|x'],
    ['ab|', 'right', 'ab|'],
    ['one two_3, |', 'wordLeft', 'one two_|3, '],
    ['one two|', 'wordLeft', 'one |two'],
    ['one| two-x', 'wordRight', 'one two|-x'],
    ['ab\ncd|', 'home', 'ab\n|cd'],
    ['\n|', 'home', '\n|'],
    ['|\nab', 'home', '|\nab'],
    ['a|b\ncd', 'end', 'ab|\ncd'],
    ['a🇩🇪|', 'backspace', 'a|'],
    ['|e\u0301x', 'delete', '|x'],
    ['a|\nb', 'delete', 'a|b'],
    ['a|bc\nd', 'killToEnd', 'a|\nd'],
    ['abc|\nd', 'killToEnd', 'abc|d'],
    ['a\nbc|d', 'killToStart', 'a\n|d'],
    ['one two-x |y', 'killWordBack', 'one |y'],
    ['one |two-x', 'killWordForward', 'one |-x'],
    ['one| two-x', 'killWordForward', 'one|-x'],
    ['a|bc', 'transpose', 'ba|c'],
    ['abc|', 'transpose', 'acb|'],
    ['abc|\nd', 'transpose', 'acb|\nd'],
    ['|abc', 'transpose', '|abc'],
    ['a\n|b', 'transpose', 'a\n|b'],
    ['a\nb|', 'transpose', 'a\nb|'],
    ['a🇩🇪|漢', 'transpose', 'a漢🇩🇪|'],
    ['a|b', 'newline', 'a\n|b'],
    ['a|b', 'yank', 'a|b'],
    ['a|b', 'undo', 'a|b'],
    ['abcd\nef|', 'up', 'ab|cd\nef'],
    ['漢字\nabc|', 'up', '漢|字\nabc'],
    ['ab\nabcd|', 'up', 'ab|\nabcd'],
    ['ab|cd\n\nef', 'down', 'abcd\n|\nef'],
    ['|\n', 'down', '\n|'],
  ];
  for (const [before, command, after] of examples) {
    t.equal(pictureOf(edit(editorOf(before), command)), after, `${command}: ${JSON.stringify(before)}`);
  }
});

t.test('up and down', async (t) => {
  const top = editorOf('a|b\ncd');
  t.equal(edit(top, 'up'), top, 'the very same object on the first line');
  const bottom = editorOf('ab\nc|d');
  t.equal(edit(bottom, 'down'), bottom, 'and on the last');

  const start = editorOf('abcd\n\nef\nghij|');
  const walk = (commands: readonly EditCommand[]): string => pictureOf(commands.reduce(edit, start));
  t.equal(walk(['up', 'up']), 'abcd\n|\nef\nghij');
  t.equal(walk(['up', 'up', 'up']), 'abcd|\n\nef\nghij', 'the column is kept over short lines');
  t.equal(walk(['up', 'left', 'up', 'up']), 'a|bcd\n\nef\nghij', 'until the cursor is moved otherwise');
});

t.test('kills in a row join in reading order', async (t) => {
  let editor = editorOf('one two |three four');
  for (const command of ['killWordForward', 'killWordBack', 'killToStart'] as const) editor = edit(editor, command);
  t.equal(editor.killed, 'one two three');
  t.equal(edit(editor, 'killToStart'), editor, 'nothing to kill changes nothing');
  editor = edit(editor, 'killToEnd');
  t.equal(editor.killed, 'one two three four');
  t.equal(pictureOf(edit(edit(editor, 'yank'), 'yank')), 'one two three fourone two three four|');

  editor = edit(edit(edit(editorOf('ab |cd ef'), 'killWordForward'), 'left'), 'killToEnd');
  t.equal(editor.killed, '  ef', 'not over another command');
});

t.test('undo', async (t) => {
  const typed = type(emptyEditor, 'one two');
  const undone = [0, 1, 2, 3].map((times) => Array<EditCommand>(times).fill('undo').reduce(edit, typed).text);
  t.same(undone, ['one two', 'one ', 'one', ''], 'word by word');

  const moved = type(edit(edit(type(emptyEditor, 'ab'), 'left'), 'right'), 'cd');
  t.equal(edit(moved, 'undo').text, 'ab', 'moving ends a step');
  t.equal(pictureOf(edit(edit(editorOf('one |two'), 'killToStart'), 'undo')), 'one |two', 'the cursor comes back');
  t.equal(edit(setText(type(emptyEditor, 'ab'), 'other'), 'undo').text, 'ab', 'another text is one step');

  let editor = emptyEditor;
  for (let i = 0; i < 150; i++) editor = insert(editor, '-');
  t.equal(editor.past.length, 100);
  for (let i = 0; i < 150; i++) editor = edit(editor, 'undo');
  t.equal(editor.text, '-'.repeat(50), 'the latest 100 steps');
});

t.test('inserting and replacing', async (t) => {
  t.equal(pictureOf(insert(editorOf('a|d'), 'b\tc\r\n\u001b')), 'ab c\n␛|d', 'made safe');
  t.equal(pictureOf(insert(editorOf('e|x'), '\u0301')), 'e\u0301|x');
  t.equal(pictureOf(insert(editorOf('|🇪'), '🇩')), '🇩🇪|', 'the cursor goes behind what has become one');
  t.equal(pictureOf(replaceRange(editorOf('hi @al| there'), 3, 6, '@alice ')), 'hi @alice | there');
  t.equal(pictureOf(replaceRange(editorOf('ab|'), -5, 99, 'x')), 'x|', 'a range is cut to the text');
  t.equal(pictureOf(setText(editorOf('ab|'), 'x\ryz')), 'x\nyz|');
  t.equal(pictureOf(setText(editorOf('ab|'), 'e\u0301z', 1)), 'e\u0301|z', 'never inside a grapheme');
});
