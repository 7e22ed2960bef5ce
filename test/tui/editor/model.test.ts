/** The editor against a naive one over random commands, and laws that hold without a model. */
import fc from 'fast-check';
import t from 'tap';
import { type EditCommand, type Editor, edit, emptyEditor, insert, setText } from '../../../src/tui/editor/index.js';
import { sanitiseLines } from '../../../src/tui/text/index.js';
import { repeatable } from '../../support/repeatable.js';
import { nasty } from '../nasty.js';
import { type NaiveCommand, NaiveEditor } from './naive-editor.js';

const modelled: readonly NaiveCommand[] = [
  'left',
  'right',
  'wordLeft',
  'wordRight',
  'home',
  'end',
  'backspace',
  'delete',
  'killToEnd',
  'killToStart',
  'killWordBack',
  'killWordForward',
  'yank',
  'transpose',
  'undo',
  'newline',
];
const everyCommand: readonly EditCommand[] = [...modelled, 'up', 'down'];

type Action = { readonly insert: string } | { readonly command: EditCommand };

function actions(commands: readonly EditCommand[], maxLength: number): fc.Arbitrary<Action[]> {
  const typed = fc.oneof(nasty, fc.constantFrom('a', 'b', '1', ' ', '-', '\u0301', '🇩', '👍'));
  const inserting = typed.map((text) => ({ insert: text }));
  const commanding = fc.constantFrom(...commands).map((command) => ({ command }));
  const action: fc.Arbitrary<Action> = fc.oneof(inserting, { arbitrary: commanding, weight: 3 });
  return fc.array(action, { maxLength });
}

function act(editor: Editor, action: Action): Editor {
  return 'insert' in action ? insert(editor, action.insert) : edit(editor, action.command);
}

function isPlace(text: string, index: number): boolean {
  if (index === text.length) return true;
  return new Intl.Segmenter('en').segment(text).containing(index)?.index === index;
}

t.test('does what a naive editor does', async (t) => {
  fc.assert(
    fc.property(nasty, actions(modelled, 60), (first, list) => {
      let editor = emptyEditor;
      const naive = new NaiveEditor();
      for (const [index, action] of [{ insert: first }, ...list].entries()) {
        editor = act(editor, action);
        if ('insert' in action) naive.insert(sanitiseLines(action.insert));
        else naive.edit(action.command as NaiveCommand);
        const real = [editor.text, editor.cursor, editor.killed];
        const wanted = [naive.text, naive.cursor, naive.killed];
        if (JSON.stringify(real) !== JSON.stringify(wanted)) {
          throw new Error(`action ${index}: ${JSON.stringify({ action, real, wanted })}`);
        }
      }
    }),
    repeatable,
  );
  t.pass('the same text, cursor and killed text');
});

t.test('the cursor stands between graphemes, the text is safe, undo goes back to the first text', async (t) => {
  fc.assert(
    fc.property(nasty, actions(everyCommand, 100), (first, list) => {
      const start: Editor = { ...setText(emptyEditor, first), past: [] };
      let editor = start;
      for (const action of list) {
        editor = act(editor, action);
        if (!isPlace(editor.text, editor.cursor)) throw new Error(`cursor at ${editor.cursor}`);
        if (editor.text !== sanitiseLines(editor.text)) throw new Error('unsafe text');
      }
      for (let steps = editor.past.length; steps > 0; steps--) editor = edit(editor, 'undo');
      if (editor.text !== start.text) throw new Error(`back at ${JSON.stringify(editor.text)}`);
      if (edit(editor, 'undo') !== editor) throw new Error('one step more');
    }),
    repeatable,
  );
  t.pass('after every command');
});

t.test('yank puts back what a row of kills took', async (t) => {
  // Pieces that never become one grapheme with a new neighbour, which would move the cursor.
  const piece = fc.constantFrom('word', 'a', '1', ' ', '  ', '\n', '-', '漢', '👍🏽', 'e\u0301');
  const text = fc.array(piece, { maxLength: 20 }).map((parts) => parts.join(''));
  const kill = fc.constantFrom<EditCommand>('killToEnd', 'killToStart', 'killWordBack', 'killWordForward');
  fc.assert(
    fc.property(text, fc.nat(40), fc.array(kill, { maxLength: 8 }), (first, at, kills) => {
      const before = setText(emptyEditor, first, at);
      const after = kills.reduce(edit, before);
      if (after.text.length + after.killed.length !== first.length) throw new Error('not all that is gone was kept');
      const yanked = edit(after, 'yank');
      if (yanked.text !== first) throw new Error(`${JSON.stringify(yanked.text)} is another text`);
    }),
    repeatable,
  );
  t.pass('after every row of kills');
});

t.test('moving changes nothing but the cursor', async (t) => {
  const moves = fc.constantFrom<EditCommand>('left', 'right', 'wordLeft', 'wordRight', 'home', 'end', 'up', 'down');
  fc.assert(
    fc.property(nasty, fc.nat(40), fc.array(moves, { maxLength: 20 }), (text, at, list) => {
      const before = setText(emptyEditor, text, at);
      const after = list.reduce(edit, before);
      if (after.text !== before.text || after.killed !== '' || after.past !== before.past) throw new Error('changed');
      const right = edit(before, 'right');
      if (right.cursor > before.cursor && edit(right, 'left').cursor !== before.cursor) throw new Error('not back');
    }),
    repeatable,
  );
  t.pass('after every walk');
});
