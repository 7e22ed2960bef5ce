/** What keys, pasted text and the mouse do, with whatever lies open. */
import { edit, insert, newer, older, setText } from '../editor/index.js';
import { sanitiseLines } from '../text/index.js';
import { applyCompletion, complete } from './completion.js';
import { peopleFromColumns } from './geometry.js';
import type { Key } from './input.js';
import { type Action, actionOf } from './keys.js';
import { onLinksKey } from './on-links-key.js';
import { helpLines, leave, perform, quitMs, send, submit, surfaceOf, tooLongText, waitingText } from './perform.js';
import { firstRoomShown } from './rooms-view.js';
import { scrollBy, scrollTo, scrollToEnd, scrollToTop } from './scroll.js';
import { changeQuery, findOlder } from './search.js';
import { enterRoom, flash, geometryOf, loadNewer, loadNewest, loadOlder, pageOf, type Step } from './step.js';

/** A message has 8,192 bytes at most; more room than that is for those who edit it down. */
const inputCharsMax = 16_384;
const pastedLinesMax = 200;
/** Rows of one turn of the wheel. */
const wheelRows = 3;
/** Older history is asked for when fewer rows than this many screens are left above. */
const ahead = 2;

export function onKey(step: Step, key: Key): void {
  const { model } = step;
  if (model.popup !== undefined && onPopupKey(step, key)) return;
  if (model.search !== undefined && onSearchKey(step, key)) return;
  model.flash = undefined;
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

function pageRows({ model }: Step): number {
  return Math.max(1, geometryOf(model).messageRows - 2);
}

function scroll(step: Step, rows: number): void {
  const { room } = step.model;
  const { layout, height } = pageOf(step);
  if (rows > 0) {
    scrollBy(room, rows, height, layout);
    if (!room.lines.isLive) loadNewer(step, room);
    return;
  }
  scrollBy(room, rows, height, layout);
  // What will be wanted next is asked for before it is.
  const index = room.anchor === undefined ? room.lines.length : room.lines.indexOf(room.anchor.event);
  if (index < ahead * height) loadOlder(step, room);
}

function toTop(step: Step): void {
  const { room } = step.model;
  const { layout, height } = pageOf(step);
  scrollToTop(room, height, layout);
  loadOlder(step, room);
}

function toEnd(step: Step): void {
  const { room } = step.model;
  loadNewest(step, room);
  scrollToEnd(room);
  room.markedN = 0;
}

function nextUnread(step: Step): void {
  const { model } = step;
  const at = model.rooms.indexOf(model.room);
  const order = [...model.rooms.slice(at + 1), ...model.rooms.slice(0, at)];
  const next = order.find(({ mentions }) => mentions > 0) ?? order.find(({ unread }) => unread > 0);
  if (next === undefined) return flash(step, 'Nothing is unread.');
  enterRoom(step, next);
}

function firstUnread(step: Step): void {
  const { room } = step.model;
  if (room.dividerEvent === undefined) return flash(step, 'Nothing here was unread.');
  const { layout, height } = pageOf(step);
  const index = room.lines.indexOf(room.dividerEvent);
  const line = room.lines.at(index + 1);
  if (line !== undefined) scrollTo(room, line.event, height, layout);
}

function toRoom(step: Step, index: number): void {
  const room = step.model.rooms[index];
  if (room !== undefined) enterRoom(step, room);
}

function interrupt(step: Step): void {
  const { model } = step;
  const { room } = model;
  if (room.editor.text !== '') {
    room.editor = setText(room.editor, '');
    return;
  }
  if (model.nowMs < model.quitUntilMs) return void step.effects.push({ kind: 'quit' });
  model.quitUntilMs = model.nowMs + quitMs;
  const waiting = waitingText(model);
  flash(
    step,
    waiting === '' ? 'C-c again leaves the chat' : `${waiting}; C-c again leaves all the same`,
    waiting !== '',
  );
}

/** True: the key was for what lies open. */
function onPopupKey(step: Step, key: Key): boolean {
  const { model } = step;
  const { popup } = model;
  if (popup === undefined) return false;
  if (/^M-.$/u.test(key.name)) {
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
  const rows = Math.max(1, geometryOf(model).messageRows - 1);
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

/** As one message, or a message a line; commands in it are text. */
function pasted(step: Step, text: string, isByLine: boolean): void {
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
  if (room.editor.text.length + clean.length > inputCharsMax) {
    return flash(step, `That is more than ${inputCharsMax} characters: nothing was pasted; send it in pieces`, true);
  }
  model.popup = clean.includes('\n') ? { kind: 'paste', text: clean } : undefined;
  if (model.popup === undefined) room.editor = insert(room.editor, clean);
}

/** True: the key was for the search. */
function onSearchKey(step: Step, key: Key): boolean {
  const { model } = step;
  const { search } = model;
  if (search === undefined) return false;
  if (key.name === 'text') changeQuery(step, search.query + (key.text ?? ''));
  else if (key.name === 'Backspace' || key.name === 'C-h') changeQuery(step, [...search.query].slice(0, -1).join(''));
  else if (key.name === 'C-r' || key.name === 'Up') findOlder(step);
  else if (key.name === 'C-u') changeQuery(step, '');
  else if (key.name === 'Esc' || key.name === 'Enter' || key.name === 'C-c' || key.name === 'C-g') {
    model.search = undefined;
    // Enter stays where it was found.
    if (key.name !== 'Enter') toEnd(step);
  } else if (['PageUp', 'PageDown', 'C-l', 'C-z'].includes(key.name)) return false;
  // Everything else would do something to what is hidden.
  return true;
}

export function onWheel(step: Step, up: boolean): void {
  const { popup } = step.model;
  if (popup?.kind === 'help') onPopupKey(step, { name: up ? 'Up' : 'Down' });
  else scroll(step, up ? -wheelRows : wheelRows);
}

/** A click on a room's name goes there. */
export function onClick(step: Step, row: number, column: number): void {
  const { model } = step;
  const at = geometryOf(model);
  const place = row - at.titleRows - 1;
  if (model.popup !== undefined || !at.hasRooms || column >= at.left) return;
  if (place >= 0 && place < at.messageRows - 1) toRoom(step, firstRoomShown(model, at.messageRows) + place);
}
