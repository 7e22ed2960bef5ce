/**
 * The events of line mode, exactly as CONTRACT.md lists them, and their two spellings: JSON for programs, plain for
 * people.
 */
import { sanitise } from '../base/index.js';
import type {
  ClientErrorCode,
  ClusterEvent,
  ConnectedEvent,
  DisconnectedEvent,
  ErrorEvent,
  MessageEvent,
  QuorumEvent,
  RoomNotice,
  StateEvent,
  WaitingEvent,
} from '../client/index.js';

/** What `chat`, `tail` and `demo` print; the client's own events, without those that only programs want. */
export type LineEvent =
  | WaitingEvent
  | ConnectedEvent
  | DisconnectedEvent
  | QuorumEvent
  | MessageEvent
  | StateEvent
  | RoomNotice
  | LineError;

/** Something the user should know; with OTHER_CLUSTER what a {@link ClusterEvent} says. */
export interface LineError extends Omit<ErrorEvent, 'code'> {
  readonly code: ClientErrorCode | 'OTHER_CLUSTER';
}

/** CONTRACT.md has no event for it, so that programs read it as an error. */
export function clusterLine({ text }: ClusterEvent): LineError {
  return { event: 'error', code: 'OTHER_CLUSTER', text };
}

/** Characters that a terminal might obey even inside a JSON string; C0 is escaped by JSON itself. */
const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** One line of JSON. The text is kept exactly; what a terminal could obey is written as a \u escape. */
export function jsonLine(event: object): string {
  return JSON.stringify(event).replace(
    unsafeInJson,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** One line for people. `mainRoom` is the room that need not be named. */
export function plainLine(event: LineEvent, mainRoom: string): string {
  return sanitise(plainText(event, mainRoom));
}

function plainText(event: LineEvent, mainRoom: string): string {
  switch (event.event) {
    case 'waiting':
      return `-- waiting for servers: ${event.registered} of ${event.servers} are in`;
    case 'connected':
      return `-- connected to server ${event.server} at ${event.address}`;
    case 'disconnected': {
      const lost = event.server === 0 ? 'not connected' : `lost server ${event.server}`;
      return `-- ${lost} (${event.reason}); trying again in ${seconds(event.retryInMs)}`;
    }
    case 'quorum':
      return event.ok
        ? `-- quorum: ${event.up} of ${event.servers} servers are up`
        : `-- no quorum: ${event.up} of ${event.servers} servers up. You can read and type; messages wait here until ` +
            `${Math.floor(event.servers / 2) + 1} are back. Which ones: synod status`;
    case 'message': {
      const author = event.action === true ? `* ${event.from}` : `<${event.from}>`;
      return `${clock(event.time)} ${inRoom(event.room, mainRoom)}${author} ${event.text}`;
    }
    case 'state':
      return `[${event.id} ${stateText(event)}]`;
    case 'room':
      return `-- ${inRoom(event.room, mainRoom)}${event.from} ${roomText(event)}`;
    case 'error':
      // It was decided that they go: nothing is wrong.
      if (event.code === 'DELETED') return `-- ${event.text}`;
      return `-- error ${event.code}: ${event.text}`;
  }
}

function stateText(event: StateEvent): string {
  if (event.state === 'committed') return `committed slot ${event.slot}`;
  return event.reason === undefined ? event.state : `${event.state}: ${event.reason}`;
}

function roomText(event: RoomNotice): string {
  switch (event.kind) {
    case 'join':
      return 'joined';
    case 'leave':
      return 'left';
    case 'topic':
      return event.text === '' ? 'cleared the topic' : `set the topic: ${event.text}`;
    case 'nick':
      return `is now ${event.text}`;
  }
}

function inRoom(room: string, mainRoom: string): string {
  return room === mainRoom ? '' : `${room} `;
}

/** Hours and minutes where the reader is. */
function clock(time: string): string {
  const date = new Date(time);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}

function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
