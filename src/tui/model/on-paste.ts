/** Pasted text: one line goes where the cursor is, several wait for the user to say how they are to be sent. */
import { insert, setText } from '../editor/index.js';
import { sanitiseLines } from '../text/index.js';
import { submit, tooLongText } from './own-lines.js';
import { changeQuery } from './search.js';
import { flash, type Step } from './step.js';

/** A message has 8,192 bytes at most; more room than that is for those who edit it down. */
export const inputCharsMax = 16_384;
const pastedLinesMax = 200;

/** As one message, or a message a line; commands in it are text. */
export function pasted(step: Step, text: string, isByLine: boolean): void {
  const { model } = step;
  const { room } = model;
  model.popup = undefined;
  if (!isByLine) {
    const whole = room.editor.text.slice(0, room.editor.cursor) + text + room.editor.text.slice(room.editor.cursor);
    const tooLong = tooLongText(whole);
    room.editor = setText(room.editor, tooLong === undefined ? '' : whole);
    if (tooLong !== undefined) return flash(step, tooLong, true);
    return submit(step, room, 'post', whole);
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > pastedLinesMax) {
    return flash(step, `At most ${pastedLinesMax} lines are sent one by one; nothing was. Use synod send`, true);
  }
  for (const line of lines) submit(step, room, 'post', line);
}

export function onPaste(step: Step, text: string): void {
  const { model } = step;
  const { room, search } = model;
  const clean = sanitiseLines(text).replace(/\n+$/, '');
  if (search !== undefined) return changeQuery(step, search.query + clean.replaceAll('\n', ' '));
  const held = model.popup?.kind === 'paste' ? model.popup.text.length : 0;
  if (room.editor.text.length + held + clean.length > inputCharsMax) {
    return flash(step, `That is more than ${inputCharsMax} characters: nothing was pasted; send it in pieces`, true);
  }
  // A second one belongs to the first.
  if (model.popup?.kind === 'paste') model.popup = { kind: 'paste', text: `${model.popup.text}\n${clean}` };
  else model.popup = clean.includes('\n') ? { kind: 'paste', text: clean } : undefined;
  if (model.popup === undefined) room.editor = insert(room.editor, clean);
}
