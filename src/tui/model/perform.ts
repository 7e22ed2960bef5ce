/** What a command does. */
import { limits } from '../../base/index.js';
import { canonicalRoom, directRoom, isName } from '../../chat/index.js';
import { remember, setText } from '../editor/index.js';
import { type Command, readCommand } from './commands.js';
import { noticeText } from './layout.js';
import type { Line } from './lines.js';
import { surfaceOf } from './model.js';
import { toEnd } from './moving.js';
import { jumpTo } from './on-page.js';
import { cancel, failed, submit, tooLongText, waitingText } from './own-lines.js';
import { type Room, roomTitle } from './room.js';
import { beginSearch } from './search.js';
import { enterRoom, flash, openRoom, type Step, say } from './step.js';
import { why } from './why.js';

/** What asks twice asks within it. */
const quitMs = 2_000;
const badRoom = `A room is # and up to ${limits.roomCharsMax - 1} characters without spaces and commas.`;
/** Names listed at most. */
const namesShownMax = 100;

/** Enter: what is in the input line is sent or done, and remembered. What can't be done stays there. */
export function send(step: Step): void {
  const { room } = step.model;
  const { text } = room.editor;
  const command = readCommand(text, surfaceOf(step.model));
  if (command.kind === 'nothing') return;
  if (command.kind === 'wrong') return flash(step, command.text, true);
  const tooLong = 'text' in command ? tooLongText(command.text) : undefined;
  if (tooLong !== undefined) return flash(step, tooLong, true);
  room.history = remember(room.history, text);
  room.editor = setText(room.editor, '');
  perform(step, command);
}

export function perform(step: Step, command: Command): void {
  const { model, effects } = step;
  const { room } = model;
  switch (command.kind) {
    case 'nothing':
      return;
    case 'wrong':
      return flash(step, command.text, true);
    case 'post':
    case 'action':
      return submit(step, room, command.kind, command.text);
    case 'topic':
      return void effects.push({ kind: 'topic', room: room.name, text: command.text });
    case 'join':
      return join(step, command.room);
    case 'part':
      return part(step, command.room === '' ? room.name : command.room);
    case 'nick':
      if (!isName(command.name))
        return flash(step, `'${command.name}' is no name: letters, digits or []{}^|\\_-, no digit first`, true);
      return void effects.push({ kind: 'nick', name: command.name });
    case 'message':
      return message(step, command.to, command.text);
    case 'names':
      return say(step, namesText(room));
    case 'rooms':
      return say(step, `Rooms: ${model.rooms.map(({ name }, index) => `${index + 1} ${name}`).join('  ')}`);
    case 'help':
      model.popup = { kind: 'help', top: 0 };
      return;
    case 'quit':
      return leave(step);
    case 'search':
      return beginSearch(step, command.query);
    case 'goto':
      return jumpTo(step, command.n);
    case 'gotoSlot':
      return void effects.push({ kind: 'findSlot', room: room.name, slot: command.slot });
    case 'gotoTime':
      return void effects.push({ kind: 'findTime', room: room.name, text: command.text });
    case 'newest':
      return toEnd(step);
    case 'why':
      return say(step, why(model, command.n));
    case 'retry':
    case 'edit':
    case 'drop':
      return failed(step, command.kind);
    case 'cancel':
      return cancel(step);
    case 'server':
      return void effects.push({ kind: 'server', to: command.to });
    case 'status':
      return void effects.push({ kind: 'status' });
    case 'theme':
      model.theme = command.theme;
      return flash(
        step,
        `Colours for a ${command.theme === 'mono' ? 'screen without colours' : `${command.theme} background`}.`,
      );
    case 'set':
      return set(step, command.what, command.isOn);
    case 'export':
      return void effects.push({ kind: 'export', file: command.file, lines: exported(room, step) });
    case 'links':
      model.popup = { kind: 'links', row: 0, column: 1 };
      return void effects.push({ kind: 'faults', action: undefined });
    case 'heal':
    case 'cut':
    case 'delay':
    case 'loss':
      return void effects.push({ kind: 'faults', action: command });
  }
}

/** At once if nothing waits, else when it is asked for twice. */
export function leave(step: Step): void {
  const waiting = waitingText(step.model);
  if (waiting === '') step.effects.push({ kind: 'quit' });
  else leaveAtSecond(step, `${waiting}; the same again leaves all the same`, true);
}

/** The first time it only says so. */
export function leaveAtSecond(step: Step, text: string, isTrouble: boolean): void {
  const { model, effects } = step;
  if (model.nowMs < model.quitUntilMs) return void effects.push({ kind: 'quit' });
  model.quitUntilMs = model.nowMs + quitMs;
  flash(step, text, isTrouble);
}

function join(step: Step, typed: string): void {
  const name = canonicalRoom(typed);
  if (name === undefined) return flash(step, badRoom, true);
  // A direct room has two people for good.
  if (!name.startsWith('@')) step.effects.push({ kind: 'join', room: name });
  enterRoom(step, openRoom(step, name));
}

/** `typed`: as it is called, or as the list calls it. */
function part(step: Step, typed: string): void {
  const { model, effects } = step;
  const room = model.rooms.find((other) => other.name === typed || roomTitle(other, model.name) === typed);
  const name = room?.name ?? typed;
  if (room === undefined) return flash(step, `You are not in ${name}; /rooms lists yours`, true);
  if (model.rooms.length === 1)
    return flash(step, `${name} is the only room you are in; /join another one, or /quit`, true);
  if (room.unsent > 0)
    return flash(step, `${room.unsent} of your messages to ${name} wait still; leave when they are in`, true);
  const index = model.rooms.indexOf(room);
  if (room === model.room) enterRoom(step, model.rooms[index === 0 ? 1 : index - 1] as Room);
  model.rooms.splice(index, 1);
  for (const { key, id } of room.own) {
    model.byKey.delete(key);
    if (id !== undefined) model.byId.delete(id);
  }
  if (room.isDirect) model.closed.add(name);
  else effects.push({ kind: 'leave', room: name });
  effects.push({ kind: 'unsubscribe', room: name });
}

function message(step: Step, to: string, text: string): void {
  const name = directRoom(step.model.name, to);
  if (name === undefined) return flash(step, `'${to}' is nobody you can write to; give another person's name`, true);
  const room = openRoom(step, name);
  enterRoom(step, room);
  submit(step, room, 'post', text);
}

function namesText({ name, people }: Room): string {
  const sorted = [...people].sort();
  const more = sorted.length - namesShownMax;
  const shown = sorted.slice(0, namesShownMax).join(' ');
  return `In ${name}: ${shown === '' ? 'not known yet' : shown}${more > 0 ? ` and ${more} more` : ''}`;
}

function set(step: Step, what: 'bell' | 'mouse' | 'ascii' | 'people', isOn: boolean): void {
  const { model, effects } = step;
  if (what === 'bell') model.isBellOn = isOn;
  else if (what === 'ascii') model.isAscii = isOn;
  else if (what === 'people') model.isPeopleShown = isOn;
  else {
    model.isMouseOn = isOn;
    effects.push({ kind: 'mouse', isOn });
  }
  flash(step, `${what} ${isOn ? 'on' : 'off'}`);
}

function exported({ lines }: Room, { look }: Step): string[] {
  const texts: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines.at(index) as Line;
    if (line.kind === 'local') continue;
    const { day, time } = look.local(line.wallMs);
    const said =
      line.kind === 'post'
        ? `<${line.from}> ${line.text}`
        : line.kind === 'action'
          ? `* ${line.from} ${line.text}`
          : `-- ${noticeText(line)}`;
    texts.push(`${day} ${time} ${said}`);
  }
  return texts;
}
