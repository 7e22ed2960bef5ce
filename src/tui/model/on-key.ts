/** What keys and the mouse do. */
import { edit, insert, newer, older, setText } from '../editor/index.js';
import { applyCompletion, complete } from './completion.js';
import { geometry, peopleFromColumns } from './geometry.js';
import type { Key } from './input.js';
import { type Action, actionOf } from './keys.js';
import { surfaceOf } from './model.js';
import { firstUnread, nextUnread, pageRows, scroll, toEnd, toRoom, toTop } from './moving.js';
import { inputCharsMax } from './on-paste.js';
import { onPopupKey } from './on-popup-key.js';
import { waitingText } from './own-lines.js';
import { leave, leaveAtSecond, perform, send } from './perform.js';
import { firstRoomShown } from './rooms-view.js';
import { onSearchKey } from './search.js';
import { flash, type Step } from './step.js';

/** Rows of one turn of the wheel. */
const wheelRows = 3;

export function onKey(step: Step, key: Key): void {
  const { model } = step;
  model.flash = undefined;
  if (model.popup !== undefined && onPopupKey(step, key)) return;
  if (model.search !== undefined && onSearchKey(step, key)) return;
  if (key.name === 'text') {
    model.completion = undefined;
    if (model.room.editor.text.length >= inputCharsMax) return flash(step, 'The input line is full.', true);
    model.room.editor = insert(model.room.editor, key.text ?? '');
    return;
  }
  const action = actionOf(key.name);
  if (action === undefined) return onUnbound(step, key);
  if (action.kind !== 'complete' && action.kind !== 'completeBack') model.completion = undefined;
  act(step, action);
}

/** Esc and then a character arrive as one key where the line is slow: what Alt has no meaning for was that. */
function onUnbound(step: Step, { name }: Key): void {
  const typed = /^M-(.)$/u.exec(name)?.[1];
  if (typed === undefined) return;
  onKey(step, { name: 'Esc' });
  onKey(step, { name: 'text', text: typed });
}

function act(step: Step, action: Action): void {
  const { model, effects } = step;
  const { room } = model;
  switch (action.kind) {
    case 'edit':
      room.editor = edit(room.editor, action.command);
      return;
    case 'send':
      return send(step);
    case 'older':
      return remembered(step, 'up');
    case 'newer':
      return remembered(step, 'down');
    case 'complete':
      return onComplete(step, 1);
    case 'completeBack':
      return onComplete(step, -1);
    case 'pageUp':
      return scroll(step, -pageRows(step));
    case 'pageDown':
      return scroll(step, pageRows(step));
    case 'top':
      return toTop(step);
    case 'bottom':
      return toEnd(step);
    case 'nextUnread':
      return nextUnread(step);
    case 'firstUnread':
      return firstUnread(step);
    case 'roomUp':
      return toRoom(step, model.rooms.indexOf(room) - 1);
    case 'roomDown':
      return toRoom(step, model.rooms.indexOf(room) + 1);
    case 'room':
      return toRoom(step, action.index);
    case 'search':
      model.search = { query: '', event: 0, isMissing: false };
      return;
    case 'escape':
      return toEnd(step);
    case 'help':
      model.popup = { kind: 'help', top: 0 };
      return;
    case 'links':
      if (!model.hasFaults) return flash(step, 'No fault proxy: start the chat with --proxy-api HOST:PORT', true);
      return perform(step, { kind: 'links' });
    case 'mouse':
      return perform(step, { kind: 'set', what: 'mouse', isOn: !model.isMouseOn });
    case 'people':
      if (model.columns < peopleFromColumns) {
        return flash(step, `People are shown from ${peopleFromColumns} columns on; /names lists them.`);
      }
      return perform(step, { kind: 'set', what: 'people', isOn: !model.isPeopleShown });
    case 'redraw':
    case 'suspend':
      return void effects.push({ kind: action.kind });
    case 'interrupt':
      return interrupt(step);
    case 'endOfInput':
      if (room.editor.text === '') return leave(step);
      room.editor = edit(room.editor, 'delete');
      return;
  }
}

/** Between the lines of what is being typed; beyond them through what was sent. */
function remembered({ model }: Step, command: 'up' | 'down'): void {
  const { room } = model;
  const moved = edit(room.editor, command);
  if (moved !== room.editor) {
    room.editor = moved;
    return;
  }
  const found = command === 'up' ? older(room.history, room.editor.text) : newer(room.history);
  if (found === undefined) return;
  room.history = found.history;
  room.editor = setText(room.editor, found.text);
}

function onComplete({ model }: Step, by: 1 | -1): void {
  const { room, rooms, name } = model;
  const { completion } = model;
  if (completion === undefined) {
    const begun = complete(room.editor, { room, rooms, name, surface: surfaceOf(model) });
    if (begun === undefined) return;
    model.completion = begun;
  } else {
    const count = completion.candidates.length;
    completion.index = (completion.index + by + count) % count;
  }
  room.editor = applyCompletion(room.editor, model.completion as NonNullable<typeof completion>);
}

function interrupt(step: Step): void {
  const { model } = step;
  const { room } = model;
  if (room.editor.text !== '') {
    room.editor = setText(room.editor, '');
    return;
  }
  const waiting = waitingText(model);
  const text = waiting === '' ? 'C-c again leaves the chat' : `${waiting}; C-c again leaves all the same`;
  leaveAtSecond(step, text, waiting !== '');
}

export function onWheel(step: Step, up: boolean): void {
  const { popup } = step.model;
  if (popup?.kind === 'help') onPopupKey(step, { name: up ? 'Up' : 'Down' });
  else scroll(step, up ? -wheelRows : wheelRows);
}

/** A click on a room's name goes there. */
export function onClick(step: Step, row: number, column: number): void {
  const { model } = step;
  const at = geometry(model);
  const place = row - at.titleRows - 1;
  if (model.popup !== undefined || !at.hasRooms || column >= at.left) return;
  if (place >= 0 && place < at.messageRows - 1) toRoom(step, firstRoomShown(model, at.messageRows) + place);
}
