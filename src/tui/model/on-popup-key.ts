/** Keys while something lies over the messages. */
import { insert } from '../editor/index.js';
import { geometry } from './geometry.js';
import { helpLines } from './help.js';
import type { Key } from './input.js';
import { onLinksKey } from './on-links-key.js';
import { pasted } from './on-paste.js';
import type { Step } from './step.js';

/** True: the key was for what lies open. */
export function onPopupKey(step: Step, key: Key): boolean {
  const { model } = step;
  const { popup } = model;
  if (popup === undefined) return false;
  if (popup.kind !== 'paste' && /^M-.$/u.test(key.name)) {
    model.popup = undefined;
    return false;
  }
  if (popup.kind === 'links') return onLinksKey(step, popup, key);
  if (popup.kind === 'paste') {
    if (key.name === 'Esc' || key.name === 'C-c') model.popup = undefined;
    else if (key.name === 'Enter') pasted(step, popup.text, false);
    else if (key.text === 'l') pasted(step, popup.text, true);
    else if (key.text === 'e') {
      model.popup = undefined;
      model.room.editor = insert(model.room.editor, popup.text);
    }
    return true;
  }
  // The last row says how to go on.
  const rows = Math.max(1, geometry(model).messageRows - 1);
  const last = Math.max(0, helpLines(model).length - rows);
  const moves: Readonly<Record<string, number>> = {
    Up: -1,
    Down: 1,
    PageUp: -rows,
    PageDown: rows,
    Home: -last,
    End: last,
  };
  const by = moves[key.name] ?? (key.text === ' ' ? rows : undefined);
  if (by !== undefined) popup.top = Math.min(last, Math.max(0, popup.top + by));
  else model.popup = undefined;
  return true;
}
