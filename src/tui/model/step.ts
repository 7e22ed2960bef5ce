/** What every part of the update works on, and the small things that all of them do. */

import { sanitise } from '../../base/index.js';
import type { HistoryQuery } from '../../client/index.js';
import type { Effect, PagePurpose } from './effect.js';
import { geometry, layoutOf } from './geometry.js';
import type { Layout } from './layout.js';
import type { Look } from './look.js';
import { type Model, roomOf } from './model.js';
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

/** Something to be known now, which is no part of the room. */
export function flash({ model }: Step, text: string, isTrouble = false): void {
  model.flash = { text: sanitise(text), isTrouble, untilMs: model.nowMs + flashMs };
}

/** Lines that only this user sees, in the present room, behind the newest; whoever reads older ones is told at once. */
export function say(step: Step, ...texts: readonly string[]): void {
  const { room } = step.model;
  for (const text of texts) sayIn(step, room, text);
  if (!room.lines.isLive) flash(step, texts.join(' '));
}

/** The same in any room. */
export function sayIn({ model }: Step, room: Room, what: string): void {
  const { wallMs } = model;
  const text = sanitise(what);
  const line = { n: 0, slot: 0, wallMs, kind: 'local', from: '', text, isOwn: false, isMention: false } as const;
  room.lines.say(line, room.headEvent);
}

/** How the present room is laid out, and on how many rows. */
export function pageOf({ model, look }: Step): { readonly layout: Layout; readonly height: number } {
  const at = geometry(model);
  // One row says that there is more below, for whoever is not at the end.
  return { layout: layoutOf(model, look, at), height: Math.max(1, at.messageRows - 1) };
}

/** The room under this name, opened if need be. Direct rooms stand behind the others. */
export function openRoom({ model, effects }: Step, name: string): Room {
  const known = roomOf(model, name);
  if (known !== undefined) return known;
  const room = new Room(name);
  const firstDirect = model.rooms.findIndex((other) => other.isDirect);
  if (room.isDirect || firstDirect < 0) model.rooms.push(room);
  else model.rooms.splice(firstDirect, 0, room);
  effects.push({ kind: 'subscribe', room: name, from: { lastPosts: openingPosts } });
  return room;
}

/** Shows another room; what was unread in it is marked, and counts as read from now on. */
export function enterRoom({ model }: Step, room: Room): void {
  if (room === model.room) return;
  const left = model.room;
  left.dividerEvent = undefined;
  left.readTo = Math.max(left.readTo, left.headEvent);
  model.completion = undefined;
  model.search = undefined;
  model.room = room;
  room.dividerEvent = room.unread > 0 ? room.readTo : undefined;
  room.unread = 0;
  room.mentions = 0;
  room.readTo = room.headEvent;
}

/** Asks for a page; whatever was asked for before is forgotten. */
function load({ model, effects }: Step, room: Room, query: Omit<HistoryQuery, 'room'>, purpose: PagePurpose): void {
  const ticket = ++model.lastTicket;
  room.loading = { ticket, kind: purpose.kind, boundary: query.event ?? 0, arrived: [] };
  effects.push({ kind: 'history', query: { room: room.name, ...query }, ticket, purpose });
}

/** Older events are wanted when few rows are left above what is seen, and there are any. */
export function loadOlder(step: Step, room: Room, shown?: number): void {
  if (room.loading !== undefined || room.lines.isComplete || !room.isOpened) return;
  const event = room.lines.firstEvent;
  if (event === undefined) return loadNewest(step, room, true);
  const purpose = shown === undefined ? ({ kind: 'older' } as const) : ({ kind: 'older', shown } as const);
  load(step, room, { direction: 'before', by: 'event', event, limit: pageEvents }, purpose);
}

/** Newer ones, for a window that is not live. */
export function loadNewer(step: Step, room: Room): void {
  if (room.loading !== undefined || room.lines.isLive) return;
  const event = (room.lines.lastEvent ?? 0) + 1;
  load(step, room, { direction: 'from', by: 'event', event, limit: pageEvents }, { kind: 'newer' });
}

/** The end of the room, if it is not here. */
export function loadNewest(step: Step, room: Room, isWanted = !room.lines.isLive): void {
  if (!isWanted || room.loading?.kind === 'newest') return;
  load(step, room, { limit: pageEvents }, { kind: 'newest' });
}

/** Posts from this one on, to show it. */
export function loadAround(step: Step, room: Room, n: number): void {
  load(step, room, { direction: 'from', by: 'post', event: n, limit: pageEvents }, { kind: 'around', n });
}
