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
  StateEvent,
  SubscribedEvent,
} from '../../client/index.js';
import type { EventGroup } from '../../wire/index.js';
import { sanitiseLines } from '../text/index.js';
import type { Life, Line } from './lines.js';
import { type Model, roomOf } from './model.js';
import type { OwnLine } from './own-line.js';
import type { Room } from './room.js';
import { flash, openingPosts, openRoom, type Step, say } from './step.js';

const commitsKept = 100;
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
    say(step, `Server ${lost.id} stopped answering (${lost.reason}). You are on server ${server} now.${resent}`);
  } else if (lost !== undefined) say(step, `Server ${server} is back.`);
  connection.server = { id: server, address };
  connection.lost = undefined;
  connection.reason = '';
  connection.waiting = undefined;
  connection.retryAtMs = undefined;
}

function unanswered({ model }: Step): number {
  let count = 0;
  for (const { state } of model.byId.values()) if (state === 'sending' || state === 'unconfirmed') count++;
  return count;
}

function onDisconnected({ model }: Step, { server, reason, retryInMs }: DisconnectedEvent): void {
  const { connection, nowMs } = model;
  if (server !== 0) connection.lost = { id: server, reason: sanitise(reason), atMs: nowMs };
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
export function linesOf(step: Step, group: EventGroup, skip: number): Line[] {
  const { slot, wallMs, firstEvent, firstN, events } = group;
  const lines: Line[] = [];
  let n = firstN;
  for (let index = 0; index < events.length; index++) {
    const event = events[index];
    if (event === undefined) continue;
    const isPost = event.kind === 'post' || event.kind === 'action';
    if (index >= skip) lines.push(lineOf(step, event, firstEvent + index, isPost ? n : 0, slot, wallMs));
    if (isPost) n++;
  }
  return lines;
}

function lineOf(
  { model }: Step,
  event: EventGroup['events'][number],
  number: number,
  n: number,
  slot: number,
  wallMs: number,
): Line {
  const isMine = n > 0 && sameName(event.from, model.name);
  return {
    event: number,
    n,
    slot,
    wallMs,
    kind: event.kind,
    from: sanitise(event.from),
    text: sanitiseLines(event.text),
    isMine,
    isMention: n > 0 && !isMine && names(event.text, model.name),
  };
}

/** Names compare without ASCII case (CONTRACT.md, Output). */
function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
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
  for (const line of linesOf(step, group, skip)) {
    follow(room, line);
    const id = ids?.get(line.event - group.firstEvent);
    if (id !== undefined) comeBack(step, room, line, id);
    count(step, room, line);
    if (room.lines.isLive) room.lines.append(line);
  }
}

/** Who is there, who spoke, what the topic is. */
function follow(room: Room, { kind, from, text, event, n }: Line): void {
  room.headEvent = Math.max(room.headEvent, event);
  room.headN = Math.max(room.headN, n);
  if (kind === 'join') room.people.add(from);
  else if (kind === 'leave') room.people.delete(from);
  else if (kind === 'topic') room.topic = text;
  else if (kind === 'nick') {
    if (room.people.delete(from)) room.people.add(text);
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
function comeBack({ model }: Step, room: Room, line: Line, id: number): void {
  const own = model.byId.get(id);
  if (own === undefined) return;
  room.own = room.own.filter((other) => other !== own);
  if (own.state === 'committed') model.byId.delete(id);
  if (own.life !== undefined) line.life = own.life;
}

/** Unread, mentioned, rung: only for what is new to the user, and the bell only for what happens now. */
function count({ model, effects }: Step, room: Room, line: Line): void {
  if (line.n === 0 || line.isMine || line.event <= room.readTo) {
    if (room === model.room) room.readTo = Math.max(room.readTo, line.event);
    return;
  }
  const isLate = line.event <= room.replayedTo;
  const concernsUser = line.isMention || room.isDirect;
  if (concernsUser && !isLate && model.isBellOn) effects.push({ kind: 'bell' });
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
  if (event.state !== 'committed') return;
  own.slot = event.slot ?? 0;
  own.n = event.n ?? 0;
  const { standing } = model.connection;
  const life: Life = {
    ballot: standing === undefined ? '' : `${standing.ballot.round}.${standing.ballot.server}`,
    commitMs: model.nowMs - own.typedMs,
  };
  own.life = life;
  model.commitMs.push(life.commitMs);
  if (model.commitMs.length > commitsKept) model.commitMs.shift();
  const room = roomOf(model, own.room);
  // The acknowledgement may come behind the delivery.
  const isBack = room === undefined || !room.own.includes(own);
  if (!isBack) return;
  model.byId.delete(event.id);
  const line = room?.lines.post(own.n);
  if (line !== undefined) line.life = life;
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
  room.replayedTo = event.headEvent;
  if (room.isOpened) return;
  room.isOpened = true;
  if (room.opensAsRead) room.readTo = Math.max(room.readTo, event.headEvent);
  if (event.nextEvent <= 1) room.lines.isComplete = true;
}

function onDirect(step: Step, { news, rooms }: DirectEvent): void {
  const { model } = step;
  for (const { room: name } of rooms) {
    if (roomOf(model, name) !== undefined) continue;
    const room = openRoom(step, name, { lastPosts: openingPosts });
    room.opensAsRead = !news;
  }
}

function onError(step: Step, { code, text }: ErrorEvent): void {
  const { connection, name } = step.model;
  if (code === 'NAME_TAKEN' || code === 'BAD_NAME') connection.refusedName = name;
  else if (code !== 'GAP') say(step, text);
}

/** The library has a line of ours now. */
export function onSubmitted({ model }: Step, key: number, id: number): void {
  const own = ownOf(model, key);
  if (own === undefined) return;
  own.id = id;
  model.byId.set(id, own);
}

function ownOf({ rooms }: Model, key: number): OwnLine | undefined {
  for (const room of rooms) {
    const own = room.own.find((line) => line.key === key);
    if (own !== undefined) return own;
  }
  return undefined;
}
