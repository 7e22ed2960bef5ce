/** What the client library tells: connection, deliveries, states of own lines, refusals. */

import { sanitise } from '../../base/index.js';
import type {
  ClientEvent,
  ConnectedEvent,
  DirectEvent,
  DisconnectedEvent,
  ErrorEvent,
  GroupEvent,
  QuorumEvent,
  SessionState,
  StateEvent,
  SubscribedEvent,
} from '../../client/index.js';
import type { EventGroup } from '../../wire/index.js';
import { sanitiseLines } from '../text/index.js';
import { keptElsewhereMax, keptLinesMax, type Line } from './lines.js';
import { isMine, type Model, roomOf, sameName } from './model.js';
import { isOnItsWay, type Life, type OwnLine } from './own-line.js';
import type { Room } from './room.js';
import { flash, openingPosts, openRoom, type Step, say } from './step.js';

const commitsKept = 100;
/** Lines that come while the newest page is on its way. */
const arrivedMax = 2_000;
/** Between two bells. */
const bellMs = 1_000;
/** Rooms that are open at once: strangers may write, but not fill the list and the server's patience. */
const directRoomsMax = 48;
const livesKept = 500;
const speakersKept = 200;

export function onClient(step: Step, event: ClientEvent): void {
  const { model } = step;
  switch (event.event) {
    case 'connected':
      return onConnected(step, event);
    case 'disconnected':
      return onDisconnected(step, event);
    case 'waiting':
      model.connection.waiting = { registered: event.registered, servers: event.servers };
      return;
    case 'quorum':
      return onQuorum(step, event);
    case 'phase':
      if (event.phase !== 'waiting') model.connection.retryAtMs = undefined;
      return;
    case 'group':
      return onGroup(step, event);
    case 'state':
      return onState(step, event);
    case 'subscribed':
      return onSubscribed(step, event);
    case 'direct':
      return onDirect(step, event);
    case 'error':
      return onError(step, event);
    case 'message':
    case 'room':
      // Both came as a group.
      return;
  }
}

function onConnected(step: Step, { server, address }: ConnectedEvent): void {
  const { connection } = step.model;
  const { lost } = connection;
  if (lost !== undefined && lost.id !== server) {
    const again = unanswered(step);
    const resent = again === 0 ? '' : ` ${again} sent again under the same number (no duplicates).`;
    say(step, `Moved from server ${lost.id} to server ${server}: ${lost.reason}.${resent}`);
  } else if (lost !== undefined) say(step, `Server ${server} is back.`);
  connection.server = { id: server, address };
  connection.lost = undefined;
  connection.reason = '';
  connection.waiting = undefined;
  connection.retryAtMs = undefined;
}

/** Lines that a server had, and that go out again. */
function unanswered({ model }: Step): number {
  return [...model.byId.values()].filter((own) => own.state !== 'queued' && isOnItsWay(own)).length;
}

function onDisconnected({ model }: Step, { server, reason, retryInMs }: DisconnectedEvent): void {
  const { connection, nowMs } = model;
  if (server !== 0) connection.lost = { id: server, reason: sanitise(reason), atMs: nowMs };
  connection.waiting = undefined;
  connection.server = undefined;
  connection.standing = undefined;
  connection.contactAgeMs = undefined;
  connection.reason = sanitise(reason);
  connection.retryAtMs = nowMs + retryInMs;
}

function onQuorum(step: Step, { ok, up, servers }: QuorumEvent): void {
  const { connection } = step.model;
  const wasLost = connection.quorum?.ok === false;
  connection.quorum = { ok, up, servers };
  if (ok && wasLost) flash(step, `A majority is back: ${up} of ${servers} servers are up.`);
}

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
      const place = { event: firstEvent + index, n: isPost ? n : 0, slot, wallMs };
      lines.push(lineOf(step, event, place, ids?.has(index) === true));
    }
    if (isPost) n++;
  }
  return lines;
}

function lineOf(
  { model }: Step,
  { kind, from, text }: EventGroup['events'][number],
  place: Pick<Line, 'event' | 'n' | 'slot' | 'wallMs'>,
  isOwn: boolean,
): Line {
  const isMention = place.n > 0 && !isOwn && !sameName(from, model.name) && names(text, model.name);
  return { ...place, kind, from: sanitise(from), text: sanitiseLines(text), isOwn, isMention };
}

/** The text holds the name as a word of its own. */
export function names(text: string, name: string): boolean {
  if (name === '') return false;
  const lower = text.toLowerCase();
  const wanted = name.toLowerCase();
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, at + 1)) {
    const before = lower[at - 1] ?? ' ';
    const behind = lower[at + wanted.length] ?? ' ';
    if (!/[\p{L}\p{N}_]/u.test(before) && !/[\p{L}\p{N}_-]/u.test(behind)) return true;
  }
  return false;
}

function onGroup(step: Step, { room: name, group, skip, ids }: GroupEvent): void {
  const room = roomOf(step.model, name);
  if (room === undefined) return;
  for (const line of linesOf(step, group, skip, ids)) {
    follow(room, line);
    const id = ids?.get(line.event - group.firstEvent);
    if (id !== undefined) comeBack(step, room, id);
    count(step, room, line);
    keep(step.model, room, line);
  }
}

/** The newest lines are held, unless somebody reads what would have to go for them. */
function keep(model: Model, room: Room, line: Line): void {
  const { lines, loading, anchor } = room;
  if (loading?.kind === 'newest' && loading.arrived.length < arrivedMax) loading.arrived.push(line);
  if (!lines.isLive) return;
  if (anchor !== undefined && lines.isFull) lines.detach();
  else lines.append(line, room === model.room ? keptLinesMax : keptElsewhereMax);
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
    room.speakers.delete(from);
    room.speakers.add(from);
    if (room.speakers.size > speakersKept) {
      for (const oldest of room.speakers) {
        room.speakers.delete(oldest);
        break;
      }
    }
  }
}

/** An own line is in the room, as everybody sees it: what was shown in its stead goes. */
function comeBack({ model }: Step, room: Room, id: number): void {
  const own = model.byId.get(id);
  if (own === undefined) return;
  room.own = room.own.filter((other) => other !== own);
  if (own.state === 'committed') model.byId.delete(id);
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

function onState(step: Step, event: StateEvent): void {
  const { model } = step;
  const own = model.byId.get(event.id);
  if (own === undefined) {
    // A command's: it is worth a word only when it is refused.
    if (event.state === 'failed') flash(step, event.reason ?? 'The servers refused that', true);
    return;
  }
  if (own.state !== event.state) own.sinceMs = model.nowMs;
  own.state = event.state;
  own.reason = sanitise(event.reason ?? '');
  if (event.state === 'failed' && own.isCancelled) return forget(step, own);
  if (event.state === 'unconfirmed') own.isGivenUp = event.reason !== undefined;
  if (event.state === 'sending') {
    own.sentMs ??= model.nowMs;
    // Too late to take it back.
    own.isCancelled = false;
  }
  if (event.state === 'committed') onCommitted(step, own, event);
}

function onCommitted({ model }: Step, own: OwnLine, { id, n }: StateEvent): void {
  const { standing } = model.connection;
  const ballot = standing === undefined ? '' : `${standing.ballot.round}.${standing.ballot.server}`;
  const life: Life = { ballot, commitMs: model.nowMs - own.typedMs };
  // What a line waited for a connection says nothing about how fast the servers are.
  model.commitMs.push(model.nowMs - (own.sentMs ?? own.typedMs));
  if (model.commitMs.length > commitsKept) model.commitMs.shift();
  const room = roomOf(model, own.room);
  if (n !== undefined) room?.lives.set(n, life);
  if (room !== undefined && room.lives.size > livesKept) room.lives.delete(Math.min(...room.lives.keys()));
  // The delivery may come before its acknowledgement, or behind it.
  if (room === undefined || !room.own.includes(own)) model.byId.delete(id);
}

function forget({ model }: Step, own: OwnLine): void {
  const room = roomOf(model, own.room);
  if (room !== undefined) room.own = room.own.filter((other) => other !== own);
  if (own.id !== undefined) model.byId.delete(own.id);
}

function onSubscribed(step: Step, event: SubscribedEvent): void {
  const { model } = step;
  const room = roomOf(model, event.room);
  if (room === undefined) return;
  room.topic = sanitise(event.topic);
  room.people.clear();
  for (const person of event.people) room.people.add(sanitise(person));
  room.headN = Math.max(room.headN, event.headN);
  if (room.isOpened) {
    room.replayedTo = event.headEvent;
    return;
  }
  room.isOpened = true;
  // What was there before the user was is history, not news; but not in a room that opens because of news.
  if (room.newsEvent === undefined) room.readTo = Math.max(room.readTo, event.headEvent);
  room.replayedTo = room.readTo;
  if (event.nextEvent <= 1) room.lines.isComplete = true;
}

function onDirect(step: Step, { news, rooms }: DirectEvent): void {
  const { model } = step;
  for (const { room: name, headEvent } of rooms) {
    if (roomOf(model, name) !== undefined || (!news && model.closed.has(name))) continue;
    if (model.rooms.filter(({ isDirect }) => isDirect).length >= directRoomsMax) {
      return flash(step, 'More people have written to you than are listed; /msg NAME opens theirs', true);
    }
    model.closed.delete(name);
    const room = openRoom(step, name, { lastPosts: openingPosts });
    if (!news) continue;
    room.newsEvent = headEvent;
    room.readTo = headEvent - 1;
  }
}

function onError(step: Step, { code, text }: ErrorEvent): void {
  const { connection, name } = step.model;
  if (code === 'NAME_TAKEN' || code === 'BAD_NAME') connection.refusedName = name;
  // Events that are asked for again come; those that are kept no longer do not.
  else if (code !== 'GAP' || !text.includes('asking')) say(step, text);
}

/** Who the user is, as the log has it. */
export function onSession({ model }: Step, name: string, state: SessionState | undefined): void {
  const isOpen = state === 'open';
  if (isOpen) model.connection.refusedName = undefined;
  // A session that is being resumed is still this user's.
  model.isNamed = isOpen || (model.isNamed && state !== 'refused' && sameName(name, model.name));
  model.name = name;
}

/** The library has a line of ours now. */
export function onSubmitted({ model }: Step, key: number, id: number): void {
  const own = model.byKey.get(key);
  if (own === undefined) return;
  model.byKey.delete(key);
  own.id = id;
  model.byId.set(id, own);
}
