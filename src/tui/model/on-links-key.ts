/** The link matrix of F3: going through it, and what each key does to the link it stands on. */
import type { FaultState } from './faults.js';
import type { Key } from './input.js';
import type { Popup } from './model.js';
import { perform } from './perform.js';
import { flash, type Step } from './step.js';

/** What `d` and `l` set; other values have their commands. */
const usualDelay = '200ms±50ms';
const usualLoss = '20%';

/** The servers between which links are known, in order. */
export function serversOf(state: FaultState | undefined): string[] {
  const ids = new Set<string>();
  for (const { from, to } of state?.links ?? []) for (const end of [from, to]) if (/^\d+$/.test(end)) ids.add(end);
  return [...ids].sort((a, b) => Number(a) - Number(b));
}

/** True: the key was for the matrix. */
export function onLinksKey(step: Step, popup: Popup & { kind: 'links' }, key: Key): boolean {
  const { model } = step;
  const servers = serversOf(model.faults);
  const { length } = servers;
  const move = (rows: number, columns: number): void => {
    if (length === 0) return;
    popup.row = (popup.row + rows + length) % length;
    popup.column = (popup.column + columns + length) % length;
  };
  switch (key.name) {
    case 'Up':
      move(-1, 0);
      return true;
    case 'Down':
      move(1, 0);
      return true;
    case 'Left':
      move(0, -1);
      return true;
    case 'Right':
      move(0, 1);
      return true;
    case 'text':
      return act(step, key.text ?? '', servers[popup.row], servers[popup.column]);
    case 'C-l':
    case 'C-z':
      return false;
    default:
      model.popup = undefined;
      return true;
  }
}

function act(step: Step, letter: string, a: string | undefined, b: string | undefined): boolean {
  if (letter === 'q') step.model.popup = undefined;
  else if (letter === 'h') perform(step, { kind: 'heal' });
  else if (['x', '1', 'd', 'l'].includes(letter)) {
    if (a === undefined || b === undefined || a === b)
      flash(step, 'Choose a link between two servers with the arrow keys', true);
    else if (letter === 'x' || letter === '1') perform(step, { kind: 'cut', a, b, oneWay: letter === '1' });
    else if (letter === 'd') perform(step, { kind: 'delay', a, b, time: usualDelay });
    else perform(step, { kind: 'loss', a, b, share: usualLoss });
  }
  return true;
}
