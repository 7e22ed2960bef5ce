/** How the screen is divided; from its size and what is to be shown alone. */
import { cursorCell } from '../editor/index.js';
import { columnsOf } from '../text/index.js';
import type { Layout } from './layout.js';
import type { Look } from './look.js';
import type { Model } from './model.js';

export const leastColumns = 20;
export const leastRows = 4;
/** Below these the screen holds messages and the input only. */
const tinyColumns = 40;
const tinyRows = 10;
const roomsFromColumns = 80;
const peopleFromColumns = 100;
export const sideColumns = 16;
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
}

export function prompt({ name, search }: Model, isTiny: boolean): string {
  if (search !== undefined) return isTiny ? '? ' : 'search: ';
  return isTiny ? '> ' : `${name}> `;
}

/** `bannerRows`: how many the banner would like. */
export function geometry(model: Model, bannerRows: number): Geometry {
  const { columns, rows } = model;
  const isTiny = columns < tinyColumns || rows < tinyRows;
  const hasRooms = columns >= roomsFromColumns;
  const hasPeople = columns >= peopleFromColumns && model.isPeopleShown && !model.room.isDirect;
  const left = hasRooms ? sideColumns + 2 : 0;
  const right = hasPeople ? sideColumns + 2 : 0;
  const text = model.search === undefined ? model.room.editor.text : model.search.query;
  const promptColumns = columnsOf(prompt(model, isTiny));
  const cell = cursorCell(
    model.search === undefined ? model.room.editor : { ...model.room.editor, text, cursor: text.length },
    columns,
    promptColumns,
  );
  const titleRows = isTiny ? 0 : 1;
  const statusRows = !isTiny || model.nowMs < model.statusUntilMs ? 1 : 0;
  const spare = rows - titleRows - statusRows - 2;
  const inputRows = Math.max(1, Math.min(cell.lines.length, inputRowsMax, spare));
  const banner = Math.max(0, Math.min(bannerRows, isTiny ? 1 : 2, rows - titleRows - statusRows - inputRows - 2));
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
  };
}

/** How the messages of the present room are laid out. */
export function layoutOf(model: Model, look: Look, { columns }: Geometry): Layout {
  return { look, columns, nowMs: model.nowMs };
}
