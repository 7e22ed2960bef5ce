/** The text being written as a value: every change gives a new editor, and the old states can be returned to. */
import { sanitiseLines } from '../text/index.js';
import { placeFrom } from './places.js';

/** A text of one or more lines being written, without control characters but '\n'. */
export interface Editor {
  readonly text: string;
  /** UTF-16 index into the text, always at a grapheme boundary. */
  readonly cursor: number;
  /** What the last kills in a row took, in reading order: for yank. */
  readonly killed: string;
  /** What was done last, where the next of the same kind joins it: letters one undo step, kills one `killed`. */
  readonly streak: 'typing' | 'killing' | undefined;
  /** The column (terminal columns from the line's start) that moving up and down in a row aims at. */
  readonly goal: number | undefined;
  /** What undo returns to, the latest last, at most `undoMax`. */
  readonly past: readonly Snapshot[];
}

interface Snapshot {
  readonly text: string;
  readonly cursor: number;
}

export const emptyEditor: Editor = {
  text: '',
  cursor: 0,
  killed: '',
  streak: undefined,
  goal: undefined,
  past: [],
};

const undoMax = 100;
const wordOnly = /^[\p{L}\p{N}\p{M}]+$/u;

/**
 * The text, made safe to print (a tab is a space), at the cursor, which comes to stand behind it. Letters and digits
 * inserted in a row are one undo step.
 */
export function insert(editor: Editor, text: string): Editor {
  const clean = sanitiseLines(text);
  const streak = wordOnly.test(clean) ? 'typing' : undefined;
  return splice(editor, editor.cursor, editor.cursor, clean, { streak });
}

/** Another text in one undo step, made safe to print; the cursor is an index into the safe text, else its end. */
export function setText(editor: Editor, text: string, cursor?: number): Editor {
  const clean = sanitiseLines(text);
  return change(editor, clean, cursor ?? clean.length);
}

/**
 * The text from `start` to before `end` (UTF-16 indexes) replaced; the cursor comes to stand behind what replaced it.
 */
export function replaceRange(editor: Editor, start: number, end: number, text: string): Editor {
  const from = Math.min(Math.max(0, start), editor.text.length);
  const to = Math.min(Math.max(from, end), editor.text.length);
  return splice(editor, from, to, sanitiseLines(text));
}

/** The cursor elsewhere, which ends what was going on. */
export function moveTo(editor: Editor, cursor: number): Editor {
  if (cursor === editor.cursor && editor.streak === undefined && editor.goal === undefined) return editor;
  return { ...editor, cursor, streak: undefined, goal: undefined };
}

interface Doing {
  readonly streak?: Editor['streak'];
  readonly killed?: string;
}

/** A change of one range of the text, which is safe already. */
export function splice(editor: Editor, start: number, end: number, text: string, doing?: Doing): Editor {
  const before = editor.text.slice(0, start) + text;
  return change(editor, before + editor.text.slice(end), before.length, doing);
}

function change(editor: Editor, text: string, cursor: number, { streak, killed = editor.killed }: Doing = {}): Editor {
  // Neighbours may have become one grapheme; the cursor goes behind it.
  const place = placeFrom(text, cursor);
  if (text === editor.text) return moveTo(editor, place);
  const goesOn = streak === 'typing' && editor.streak === 'typing';
  const past = goesOn ? editor.past : [...editor.past, { text: editor.text, cursor: editor.cursor }].slice(-undoMax);
  return { text, cursor: place, killed, streak, goal: undefined, past };
}

/** The text and cursor before the last step; the same editor if no step is left. */
export function undo(editor: Editor): Editor {
  const last = editor.past.at(-1);
  if (last === undefined) return editor;
  return { ...editor, ...last, streak: undefined, goal: undefined, past: editor.past.slice(0, -1) };
}
