/** The editing commands, named for what they do; which key means which is decided elsewhere. */
import { clusters, columnsOf, graphemeOf } from '../text/index.js';
import { type Editor, insert, moveTo, splice, undo } from './editor.js';
import { isSpace, isWordPart, lineEnd, lineStart, not, placeAfter, placeBefore, skipBack, skipOn } from './places.js';

/** Readline's commands, with lines of a multi-line text where readline knows only one. */
export type EditCommand =
  | 'left'
  | 'right'
  | 'wordLeft'
  | 'wordRight'
  | 'home'
  | 'end'
  | 'up'
  | 'down'
  | 'backspace'
  | 'delete'
  | 'killToEnd'
  | 'killToStart'
  | 'killWordBack'
  | 'killWordForward'
  | 'yank'
  | 'transpose'
  | 'undo'
  | 'newline';

/**
 * The editor after the command. Up on the first line and down on the last return the very same object: time to go to
 * the history.
 */
export function edit(editor: Editor, command: EditCommand): Editor {
  return commands[command](editor);
}

const commands: Readonly<Record<EditCommand, (editor: Editor) => Editor>> = {
  left: (editor) => moveTo(editor, placeBefore(editor.text, editor.cursor)),
  right: (editor) => moveTo(editor, placeAfter(editor.text, editor.cursor)),
  wordLeft: (editor) => moveTo(editor, wordStart(editor)),
  wordRight: (editor) => moveTo(editor, wordEnd(editor)),
  home: (editor) => moveTo(editor, lineStart(editor.text, editor.cursor)),
  end: (editor) => moveTo(editor, lineEnd(editor.text, editor.cursor)),
  up,
  down,
  backspace: (editor) => splice(editor, placeBefore(editor.text, editor.cursor), editor.cursor, ''),
  delete: (editor) => splice(editor, editor.cursor, placeAfter(editor.text, editor.cursor), ''),
  killToEnd,
  killToStart: (editor) => killBack(editor, lineStart(editor.text, editor.cursor)),
  killWordBack,
  killWordForward: (editor) => killOn(editor, wordEnd(editor)),
  yank: (editor) => splice(editor, editor.cursor, editor.cursor, editor.killed),
  transpose,
  undo,
  newline: (editor) => insert(editor, '\n'),
};

/** The start of the word (letters and digits) that the cursor is in or behind. */
function wordStart({ text, cursor }: Editor): number {
  return skipBack(text, skipBack(text, cursor, not(isWordPart)), isWordPart);
}

/** The end of the word that the cursor is in or before. */
function wordEnd({ text, cursor }: Editor): number {
  return skipOn(text, skipOn(text, cursor, not(isWordPart)), isWordPart);
}

function up(editor: Editor): Editor {
  const start = lineStart(editor.text, editor.cursor);
  return start === 0 ? editor : toLine(editor, lineStart(editor.text, start - 1));
}

function down(editor: Editor): Editor {
  const end = lineEnd(editor.text, editor.cursor);
  return end === editor.text.length ? editor : toLine(editor, end + 1);
}

/** To the line that starts at `start`, as far right as the goal and the line allow. */
function toLine(editor: Editor, start: number): Editor {
  const { text, cursor } = editor;
  const goal = editor.goal ?? columnsOf(text.slice(lineStart(text, cursor), cursor));
  let place = start;
  let columns = 0;
  for (const cluster of clusters(text.slice(start, lineEnd(text, start)))) {
    columns += graphemeOf(cluster).columns;
    if (columns > goal) break;
    place += cluster.length;
  }
  return { ...moveTo(editor, place), goal };
}

/** To the end of the line; there, the line's end itself. */
function killToEnd(editor: Editor): Editor {
  const end = lineEnd(editor.text, editor.cursor);
  return killOn(editor, end > editor.cursor ? end : placeAfter(editor.text, end));
}

/** Back to white space, as a shell does. */
function killWordBack(editor: Editor): Editor {
  const behindWord = skipBack(editor.text, editor.cursor, isSpace);
  return killBack(editor, skipBack(editor.text, behindWord, not(isSpace)));
}

function killOn(editor: Editor, end: number): Editor {
  const taken = editor.text.slice(editor.cursor, end);
  return kill(editor, editor.cursor, end, (before) => before + taken);
}

function killBack(editor: Editor, start: number): Editor {
  const taken = editor.text.slice(start, editor.cursor);
  return kill(editor, start, editor.cursor, (before) => taken + before);
}

/** Nothing to kill leaves the editor as it is, and a row of kills unbroken. */
function kill(editor: Editor, start: number, end: number, joined: (before: string) => string): Editor {
  if (start === end) return editor;
  const killed = joined(editor.streak === 'killing' ? editor.killed : '');
  return splice(editor, start, end, '', { streak: 'killing', killed });
}

/** The graphemes on both sides of the cursor exchanged, at the end of a line its last two. */
function transpose(editor: Editor): Editor {
  const { text, cursor } = editor;
  const middle = cursor === lineEnd(text, cursor) ? placeBefore(text, cursor) : cursor;
  if (middle <= lineStart(text, cursor)) return moveTo(editor, cursor);
  const first = placeBefore(text, middle);
  const last = placeAfter(text, middle);
  return splice(editor, first, last, text.slice(middle, last) + text.slice(first, middle));
}
