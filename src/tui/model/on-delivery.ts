/** What is delivered to a room: its lines, who is there, what is unread, and what rings. */
import { sanitise } from '../../base/index.js';
import type { GroupEvent } from '../../client/index.js';
import type { EventGroup } from '../../wire/index.js';
import { sanitiseLines } from '../text/index.js';
import { keptElsewhereMax, keptLinesMax, type Line } from './lines.js';
import { isMine, type Model, roomOf, sameName } from './model.js';
import { comeBack, comeBackByNumber } from './own-lines.js';
import type { Room } from './room.js';
import type { Step } from './step.js';

/** Lines that come while the newest page is on its way. */
const arrivedMax = 2_000;
/** Between two bells. */
const bellMs = 1_000;
const speakersKept = 200;

/** From a group of the log to lines; also for pages of history. */
export function linesOf(step: Step, group: EventGroup, skip: number, ids?: ReadonlyMap<number, number>): Line[] {
  const { slot, wallMs, firstEvent, firstN, events } = group;
  const lines: Line[] = [];
  let n = firstN;
  for (let index = 0; index < events.length; index++) {
    const event = events[index];
    if (event === undefined) continue;
    const isPost = event.kind === 'post' || event.kind === 'action';
    if (index >= skip) {
      const isOwn = ids?.has(index) === true;
      lines.push(lineOf(step, event, firstEvent + index, isPost ? n : 0, slot, wallMs, isOwn));
    }
    if (isPost) n++;
  }
  return lines;
}

function lineOf(
  { model }: Step,
  { kind, from, text }: EventGroup['events'][number],
  event: number,
  n: number,
  slot: number,
  wallMs: number,
  isOwn: boolean,
): Line {
  const isMention = n > 0 && !isOwn && !sameName(from, model.name) && names(text, model.name);
  return { event, n, slot, wallMs, kind, from: sanitise(from), text: sanitiseLines(text), isOwn, isMention };
}

/** The text holds the name as a word of its own. */
export function names(text: string, name: string): boolean {
  if (name === '') return false;
  if (pattern.name !== name) pattern = patternOf(name);
  return pattern.expression.test(text);
}

/** The one for the name that was asked for last: there is one user, and thousands of lines. */
let pattern = patternOf('');

function patternOf(name: string): { readonly name: string; readonly expression: RegExp } {
  const escaped = name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return { name, expression: new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_-])`, 'iu') };
}

export function onGroup(step: Step, { room: name, group, skip, ids }: GroupEvent): void {
  const room = roomOf(step.model, name);
  if (room === undefined) return;
  for (const line of linesOf(step, group, skip, ids)) {
    follow(room, line);
    const id = ids?.get(line.event - group.firstEvent);
    if (id !== undefined) comeBack(step, id);
    else if (room.own.length > 0) comeBackByNumber(step, room, line.n);
    count(step, room, line);
    keep(step.model, room, line);
  }
}

/** The newest lines are held, unless somebody reads what would have to go for them. */
function keep(model: Model, room: Room, line: Line): void {
  const { lines, loading, anchor } = room;
  if (loading?.kind === 'newest') {
    loading.arrived.push(line);
    if (loading.arrived.length > 2 * arrivedMax) loading.arrived.splice(0, arrivedMax);
  }
  // A page may have brought it before.
  if (!lines.isLive || line.event <= (lines.lastEvent ?? 0)) return;
  const linesMax = room === model.room ? keptLinesMax : keptElsewhereMax;
  if (anchor !== undefined && lines.isFull(linesMax)) lines.detach();
  else lines.append(line, linesMax);
}

/** Who is there, who spoke, what the topic is. */
function follow(room: Room, { kind, from, text, event, n }: Line): void {
  room.headEvent = Math.max(room.headEvent, event);
  room.headN = Math.max(room.headN, n);
  if (kind === 'join') room.people.add(from);
  else if (kind === 'leave') room.people.delete(from);
  else if (kind === 'topic') room.topic = sanitise(text);
  else if (kind === 'nick') {
    if (room.people.delete(from)) room.people.add(sanitise(text));
  } else {
    room.speakers.set(from, event);
    if (room.speakers.size > speakersKept) forgetOldest(room.speakers);
  }
}

function forgetOldest(speakers: Map<string, number>): void {
  const least = Math.min(...speakers.values());
  for (const [name, event] of speakers) if (event === least) speakers.delete(name);
}

/** Unread, mentioned, rung: only for what is new to the user, and the bell only for what happens now. */
function count({ model, effects }: Step, room: Room, line: Line): void {
  if (line.n === 0 || isMine(model, line) || line.event <= room.readTo) {
    if (room === model.room) room.readTo = Math.max(room.readTo, line.event);
    return;
  }
  const isLate = line.event <= room.replayedTo;
  const concernsUser = line.isMention || room.isDirect;
  if (concernsUser && !isLate && model.isBellOn && model.nowMs - model.rangMs >= bellMs) {
    model.rangMs = model.nowMs;
    effects.push({ kind: 'bell' });
  }
  if (room !== model.room) {
    room.unread++;
    if (line.isMention) room.mentions++;
    return;
  }
  room.readTo = Math.max(room.readTo, line.event);
  if (room.anchor !== undefined || !room.lines.isLive) room.newBelow++;
}
