/** How the screen is divided; from its size and what is to be shown alone. */
import { type Cell, cursorCell } from '../editor/index.js';
import { clip, columnsOf } from '../text/index.js';
import { bannerRowsOf } from './banner.js';
import type { Layout } from './layout.js';
import type { Look } from './look.js';
import { isMine, type Model } from './model.js';
import { roomTitle } from './room.js';

export const leastColumns = 20;
export const leastRows = 4;
/** Below these the screen holds messages and the input only. */
const tinyColumns = 40;
const tinyRows = 10;
const roomsFromColumns = 80;
export const peopleFromColumns = 100;
const bannerRowsMax = 3;
export const sideColumns = 16;
/** Fewer rows have none to spare for what the banner says, too. */
const leastOfflineRows = 6;
const tinyPromptColumns = 8;
/** The input grows with its text up to so many rows. */
const inputRowsMax = 6;

export interface Geometry {
  readonly isTooSmall: boolean;
  readonly isTiny: boolean;
  readonly hasRooms: boolean;
  readonly hasPeople: boolean;
  /** Columns of messages, and where they begin. */
  readonly columns: number;
  readonly left: number;
  readonly titleRows: number;
  readonly messageRows: number;
  readonly bannerRows: number;
  readonly statusRows: number;
  readonly inputRows: number;
  readonly prompt: string;
  /** What is being typed, laid out behind the prompt; more rows than are shown, perhaps. */
  readonly input: Cell;
}

function prompt({ name, room, search }: Model, isTiny: boolean): string {
  if (search !== undefined) return isTiny ? '? ' : 'search: ';
  // Where there is no title the prompt says where one is.
  return isTiny ? `${clip(roomTitle(room, name), tinyPromptColumns)}> ` : `${name}> `;
}

export function geometry(model: Model): Geometry {
  const { columns, rows } = model;
  const isTiny = columns < tinyColumns || rows < tinyRows;
  const hasRooms = columns >= roomsFromColumns;
  const hasPeople = columns >= peopleFromColumns && model.isPeopleShown && !model.room.isDirect;
  const left = hasRooms ? sideColumns + 2 : 0;
  const right = hasPeople ? sideColumns + 3 : 0;
  const { search, room } = model;
  const head = prompt(model, isTiny);
  const typed = search === undefined ? room.editor : { text: search.query, cursor: search.query.length };
  const input = cursorCell(typed, columns, columnsOf(head));
  const titleRows = isTiny ? 0 : 1;
  const isOffline = model.connection.server === undefined && rows >= leastOfflineRows;
  const statusRows = !isTiny || isOffline || model.nowMs < model.statusUntilMs ? 1 : 0;
  const spare = rows - titleRows - statusRows - 2;
  const inputRows = Math.max(1, Math.min(input.lines.length, inputRowsMax, spare));
  const banner = Math.max(
    0,
    Math.min(bannerRowsOf(model), bannerRowsMax, rows - titleRows - statusRows - inputRows - 2),
  );
  return {
    isTooSmall: columns < leastColumns || rows < leastRows,
    isTiny,
    hasRooms,
    hasPeople,
    columns: columns - left - right,
    left,
    titleRows,
    messageRows: Math.max(1, rows - titleRows - statusRows - inputRows - banner),
    bannerRows: banner,
    statusRows,
    inputRows,
    prompt: head,
    input,
  };
}

function queuedFor({ connection: { server, refusedName, standing } }: Model): string {
  if (server === undefined) return 'not sent yet, goes out as soon as a server is there';
  if (refusedName !== undefined) return 'waits until you have a name of your own, /nick';
  return standing?.leader === 0 ? 'waits for a leader' : 'goes out in a moment';
}

/** How the messages of the present room are laid out. */
export function layoutOf(model: Model, look: Look, { columns }: Geometry): Layout {
  return { look, columns, nowMs: model.nowMs, isMine: (line) => isMine(model, line), queuedFor: queuedFor(model) };
}
