/** What the client library tells: of the connection, of rooms that open, of who the user is. */
import { sanitise } from '../../base/index.js';
import type {
  ClientEvent,
  ClusterEvent,
  ConnectedEvent,
  DirectEvent,
  DisconnectedEvent,
  ErrorEvent,
  QuorumEvent,
  SessionState,
  SubscribedEvent,
} from '../../client/index.js';
import { roomOf, sameName } from './model.js';
import { onGroup } from './on-delivery.js';
import { isOnItsWay } from './own-line.js';
import { forgetCommitted, onState } from './own-lines.js';
import { flash, openRoom, type Step, say, sayIn } from './step.js';

/** Rooms that are open at once: strangers may write, but not fill the list and the server's patience. */
const directRoomsMax = 48;

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
    case 'cluster':
      return onCluster(step, event);
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
    const room = openRoom(step, name);
    if (!news) continue;
    room.newsEvent = headEvent;
    room.readTo = headEvent - 1;
  }
}

/** What was shown is the old cluster's: the rooms are empty until the new one's messages come. */
function onCluster(step: Step, { text }: ClusterEvent): void {
  const { model } = step;
  for (const room of model.rooms) {
    room.beginAnew();
    if (room !== model.room) sayIn(step, room, 'Another cluster answers: this room begins anew.');
  }
  forgetCommitted(model);
  model.search = undefined;
  model.connection.lost = undefined;
  model.connection.refusedName = undefined;
  say(step, `${text}${whatToDo(model)}`);
}

/** What the user may do with lines that have ended; what may be in the log is not sent again by a command. */
function whatToDo({ rooms }: Step['model']): string {
  const own = rooms.flatMap((room) => room.own);
  if (own.some(({ state }) => state === 'failed')) {
    return ' /retry sends what was not sent, /edit takes a line back, /drop forgets them.';
  }
  return own.some(({ isGivenUp }) => isGivenUp) ? ' /edit takes back what is unconfirmed, /drop forgets it.' : '';
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
