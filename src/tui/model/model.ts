/** Everything that the full-screen chat knows. Only `update` changes it, and only the view reads it to paint. */
import type { Standing } from '../../wire/index.js';
import type { Surface } from './commands.js';
import type { FaultState } from './faults.js';
import type { Line } from './lines.js';
import type { OwnLine } from './own-line.js';
import { Room } from './room.js';

/** Colours for a dark or a light background, or none. */
export type ThemeName = 'dark' | 'light' | 'mono';

/** Where the connection stands, in the words of the client library, and since when. */
export interface Connection {
  server: { readonly id: number; readonly address: string } | undefined;
  /** The server that was lost, until another one is reached. */
  lost: { readonly id: number; readonly reason: string; readonly atMs: number } | undefined;
  /** Why there is no connection. */
  reason: string;
  /** When the next attempt comes; undefined while one runs. */
  retryAtMs: number | undefined;
  waiting: { readonly registered: number; readonly servers: number } | undefined;
  quorum: { readonly ok: boolean; readonly up: number; readonly servers: number } | undefined;
  standing: Standing | undefined;
  /** Since anything was heard of the server. */
  contactAgeMs: number | undefined;
  /** The name is somebody else's: nothing is sent until another one is chosen. */
  refusedName: string | undefined;
}

/** What lies over the messages. */
export type Popup =
  | { readonly kind: 'help'; top: number }
  | { readonly kind: 'links'; row: number; column: number }
  | { readonly kind: 'paste'; readonly text: string };

/** Several ways to complete what was typed; Tab goes through them. */
export interface Completion {
  readonly candidates: readonly string[];
  /** What stands behind each of them, if anything: a command's usage. */
  readonly hints: readonly string[];
  index: number;
  /** The part of the text that is replaced. */
  readonly start: number;
  end: number;
}

export interface Search {
  query: string;
  /** The event of the line that was found, 0 for none. */
  event: number;
  isMissing: boolean;
}

/** A word to the user below the messages, gone with the next key or after a while. */
export interface Flash {
  readonly text: string;
  readonly isTrouble: boolean;
  readonly untilMs: number;
}

export interface Model {
  columns: number;
  rows: number;
  /** On the monotonic clock, as of the last input. */
  nowMs: number;
  /** ms since 1970, likewise. */
  wallMs: number;
  theme: ThemeName;
  isAscii: boolean;
  isMouseOn: boolean;
  isBellOn: boolean;
  /** F8. */
  isPeopleShown: boolean;
  name: string;
  /** The name is this user's: a session is or was open under it. */
  isNamed: boolean;
  /** In the order in which they are listed. */
  readonly rooms: Room[];
  room: Room;
  readonly connection: Connection;
  /** Own lines by our key until the client library has them, then by its id until they are in the log and seen. */
  readonly byKey: Map<number, OwnLine>;
  readonly byId: Map<number, OwnLine>;
  lastKey: number;
  lastTicket: number;
  /** Direct rooms that the user has left: they come back only with news. */
  readonly closed: Set<string>;
  /** When the bell rang last. */
  rangMs: number;
  /** The last hundred, in ms. */
  readonly commitMs: number[];
  popup: Popup | undefined;
  completion: Completion | undefined;
  search: Search | undefined;
  flash: Flash | undefined;
  /** C-c was pressed on an empty line: a second one before this ends the chat. */
  quitUntilMs: number;
  /** Whether faults can be set from here, and what is set. */
  hasFaults: boolean;
  faults: FaultState | undefined;
  faultTrouble: string;
  /** A small screen shows the status only for a while after it changed. */
  statusUntilMs: number;
  statusSeen: string;
}

export interface ModelOptions {
  readonly columns: number;
  readonly rows: number;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly name: string;
  readonly room: string;
  readonly theme: ThemeName;
  readonly isAscii: boolean;
  readonly hasFaults: boolean;
}

export function newModel({ room, ...options }: ModelOptions): Model {
  const first = new Room(room);
  return {
    ...options,
    isMouseOn: false,
    isBellOn: true,
    isPeopleShown: true,
    isNamed: false,
    rooms: [first],
    room: first,
    connection: {
      server: undefined,
      lost: undefined,
      reason: '',
      retryAtMs: undefined,
      waiting: undefined,
      quorum: undefined,
      standing: undefined,
      contactAgeMs: undefined,
      refusedName: undefined,
    },
    byKey: new Map(),
    byId: new Map(),
    lastKey: 0,
    lastTicket: 0,
    closed: new Set(),
    rangMs: Number.NEGATIVE_INFINITY,
    commitMs: [],
    popup: undefined,
    completion: undefined,
    search: undefined,
    flash: undefined,
    quitUntilMs: 0,
    faults: undefined,
    faultTrouble: '',
    statusUntilMs: 0,
    statusSeen: '',
  };
}

/** Names compare without ASCII case (CONTRACT.md, Output). */
export function sameName(one: string, other: string): boolean {
  return one.length === other.length && one.toLowerCase() === other.toLowerCase();
}

/** Written by this user, from here or elsewhere. Whoever merely wants the name has written none of its lines. */
export function isMine({ name, isNamed }: Model, { isOwn, n, from }: Line): boolean {
  return isOwn || (n > 0 && isNamed && sameName(from, name));
}

export function roomOf(model: Model, name: string): Room | undefined {
  return model.rooms.find((room) => room.name === name);
}

/** What its commands can count on. */
export function surfaceOf({ hasFaults }: Model): Surface {
  return { isScreen: true, hasFaults };
}
