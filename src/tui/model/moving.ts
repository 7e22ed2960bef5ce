/** Going through a room's lines, and from room to room. */

import { geometry } from './geometry.js';
import { scrollBy, scrollTo, scrollToEnd, scrollToTop } from './scroll.js';
import { enterRoom, flash, loadNewer, loadNewest, loadOlder, pageOf, type Step } from './step.js';

/** Older history is asked for when fewer rows than this many screens are left above. */
const ahead = 2;

export function pageRows({ model }: Step): number {
  return Math.max(1, geometry(model).messageRows - 2);
}

export function scroll(step: Step, rows: number): void {
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

export function toTop(step: Step): void {
  const { room } = step.model;
  const { layout, height } = pageOf(step);
  scrollToTop(room, height, layout);
  loadOlder(step, room);
}

export function toEnd(step: Step): void {
  const { room } = step.model;
  loadNewest(step, room);
  scrollToEnd(room);
  room.markedN = 0;
}

export function nextUnread(step: Step): void {
  const { model } = step;
  const at = model.rooms.indexOf(model.room);
  const order = [...model.rooms.slice(at + 1), ...model.rooms.slice(0, at)];
  const next = order.find(({ mentions }) => mentions > 0) ?? order.find(({ unread }) => unread > 0);
  if (next === undefined) return flash(step, 'Nothing is unread.');
  enterRoom(step, next);
}

export function firstUnread(step: Step): void {
  const { room } = step.model;
  if (room.dividerEvent === undefined) return flash(step, 'Nothing here was unread.');
  const { layout, height } = pageOf(step);
  if ((room.lines.firstEvent ?? 0) > room.dividerEvent + 1) {
    toTop(step);
    return flash(step, 'The first unread line is further back: it loads, M-u again');
  }
  const index = room.lines.indexOf(room.dividerEvent);
  const line = room.lines.at(index + 1);
  if (line !== undefined) scrollTo(room, line.event, height, layout);
}

export function toRoom(step: Step, index: number): void {
  const room = step.model.rooms[index];
  if (room !== undefined) enterRoom(step, room);
}
