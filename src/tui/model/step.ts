/** What every part of the update works on, and the small things that all of them do. */

import { sanitise } from '../../base/index.js';
import { bannerOf } from './banner.js';
import type { Effect } from './effect.js';
import { type Geometry, geometry, layoutOf } from './geometry.js';
import type { Layout } from './layout.js';
import type { Line } from './lines.js';
import type { Look } from './look.js';
import type { Model } from './model.js';
import { Room } from './room.js';

export interface Step {
  readonly model: Model;
  readonly look: Look;
  readonly effects: Effect[];
}

/** Posts of a room that are loaded when it is opened. */
export const openingPosts = 200;
/** Events of one page of history. */
export const pageEvents = 200;
/** A word below the messages stays so long. */
const flashMs = 6_000;
/** Local lines stand between events: fractions of one. */
const localStep = 1 / 1_024;

/** Something to be known now, which is no part of the room. */
export function flash({ model }: Step, text: string, isTrouble = false): void {
  model.flash = { text: sanitise(text), isTrouble, untilMs: model.nowMs + flashMs };
}

/** Lines that only this user sees, in the present room, behind the newest. */
export function say(step: Step, ...texts: readonly string[]): void {
  const { room, wallMs } = step.model;
  if (!room.lines.isLive) return flash(step, texts.join(' '));
  for (const text of texts.map(sanitise)) {
    const event = (room.lines.last?.event ?? room.headEvent) + localStep;
    const line: Line = { event, n: 0, slot: 0, wallMs, kind: 'local', from: '', text, isMine: false, isMention: false };
    room.lines.append(line);
  }
}

export function geometryOf(model: Model): Geometry {
  return geometry(model, bannerOf(model) === undefined ? 0 : 2);
}

/** How the present room is laid out, and on how many rows. */
export function pageOf({ model, look }: Step): { readonly layout: Layout; readonly height: number } {
  const at = geometryOf(model);
  return { layout: layoutOf(model, look, at), height: at.messageRows };
}

/** The room under this name, opened if need be. Direct rooms stand behind the others. */
export function openRoom(
  step: Step,
  name: string,
  from: { readonly lastPosts: number } | { readonly event: number } | 'now',
): Room {
  const { model, effects } = step;
  const known = model.rooms.find((room) => room.name === name);
  if (known !== undefined) return known;
  const room = new Room(name);
  const firstDirect = model.rooms.findIndex((other) => other.isDirect);
  if (room.isDirect || firstDirect < 0) model.rooms.push(room);
  else model.rooms.splice(firstDirect, 0, room);
  effects.push({ kind: 'subscribe', room: name, from });
  return room;
}

/** Shows another room; what was unread in it is marked, and counts as read from now on. */
export function enterRoom({ model }: Step, room: Room): void {
  if (room === model.room) return;
  const left = model.room;
  left.dividerEvent = 0;
  left.readTo = Math.max(left.readTo, left.headEvent);
  model.completion = undefined;
  model.search = undefined;
  model.room = room;
  room.dividerEvent = room.unread > 0 ? room.readTo : 0;
  room.unread = 0;
  room.mentions = 0;
  room.readTo = room.headEvent;
}

/** Older events are wanted when few rows are left above what is seen, and there are any. */
export function loadOlder({ effects }: Step, room: Room): void {
  if (room.isLoading || room.lines.isComplete || !room.isOpened) return;
  const before = room.lines.firstEvent ?? Number.MAX_SAFE_INTEGER;
  room.isLoading = true;
  effects.push({
    kind: 'history',
    query: { room: room.name, direction: 'before', by: 'event', event: before, limit: pageEvents },
    purpose: { kind: 'older' },
  });
}

/** Newer ones, for a window that is not live. */
export function loadNewer({ effects }: Step, room: Room): void {
  if (room.isLoading || room.lines.isLive) return;
  room.isLoading = true;
  effects.push({
    kind: 'history',
    query: {
      room: room.name,
      direction: 'from',
      by: 'event',
      event: (room.lines.lastEvent ?? 0) + 1,
      limit: pageEvents,
    },
    purpose: { kind: 'newer' },
  });
}

/** The end of the room; at once if it is here. */
export function loadNewest({ effects }: Step, room: Room): void {
  if (room.lines.isLive || room.isLoading) return;
  room.isLoading = true;
  effects.push({ kind: 'history', query: { room: room.name, limit: pageEvents }, purpose: { kind: 'newest' } });
}
