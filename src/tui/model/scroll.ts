/** Which rows of a room are seen, and moving through them row by row: the place is held by line, not by number. */
import type { Row } from './frame.js';
import { type Layout, lineCount, rowsOf } from './layout.js';
import type { Room } from './room.js';

/** A row: which of this line. */
interface Place {
  readonly index: number;
  readonly row: number;
}

export interface Seen {
  /** At most `height`, the last one at the bottom. */
  readonly rows: readonly Row[];
  /** Where the first one of them stands. */
  readonly first: Place;
  /** No row lies above. */
  readonly isTop: boolean;
}

/** What is seen on so many rows. */
export function seen(room: Room, height: number, layout: Layout): Seen {
  const bottom = bottomPlace(room, layout);
  const rows: Row[] = [];
  let { index, row } = bottom;
  while (rows.length < height && index >= 0) {
    const own = rowsOf(room, index, layout);
    const from = Math.min(row, own.length - 1);
    const take = Math.min(from + 1, height - rows.length);
    rows.unshift(...own.slice(from + 1 - take, from + 1));
    if (take <= from) return { rows, first: { index, row: from + 1 - take }, isTop: false };
    index--;
    row = Number.POSITIVE_INFINITY;
  }
  return { rows, first: { index: index + 1, row: 0 }, isTop: index < 0 };
}

/** Moves the last row that is seen by so many rows; below zero: back, as far as there are rows above what is seen. */
export function scrollBy(room: Room, rows: number, height: number, layout: Layout): void {
  if (lineCount(room) === 0) return;
  if (rows < 0) back(room, -rows, height, layout);
  else on(room, rows, layout);
}

/** The oldest line stands on the first row. */
export function scrollToTop(room: Room, height: number, layout: Layout): void {
  if (lineCount(room) === 0) return;
  const rows = rowsOf(room, 0, layout).length;
  setPlace(room, { index: 0, row: Math.min(rows, height) - 1 }, layout);
  if (rows < height) on(room, height - rows, layout);
}

/** So that this line is seen in the middle. */
export function scrollTo(room: Room, event: number, height: number, layout: Layout): void {
  const index = room.lines.indexOf(event);
  if (index < 0) return;
  setPlace(room, { index, row: rowsOf(room, index, layout).length - 1 }, layout);
  on(room, height >> 1, layout);
  // Near the top there may not be so much above it.
  const { rows } = seen(room, height, layout);
  if (rows.length < height) on(room, height - rows.length, layout);
}

/** The newest row is seen again. */
export function scrollToEnd(room: Room): void {
  room.anchor = undefined;
  room.newBelow = 0;
}

function bottomPlace(room: Room, layout: Layout): Place {
  const { anchor } = room;
  const last = lineCount(room) - 1;
  if (anchor === undefined) return { index: last, row: Number.POSITIVE_INFINITY };
  const own = anchor.ownKey === undefined ? -1 : room.own.findIndex(({ key }) => key === anchor.ownKey);
  const found = own >= 0 ? room.lines.length + own : room.lines.indexOf(anchor.event);
  const index = Math.min(Math.max(0, found), last);
  return { index, row: Math.min(anchor.row, rowsOf(room, index, layout).length - 1) };
}

function back(room: Room, rows: number, height: number, layout: Layout): void {
  // The first row stays in sight: the place goes back only as far as there are rows above what is seen.
  let left = rows;
  const top = seen(room, height, layout);
  if (top.isTop) return;
  let above = top.first.row;
  for (let index = top.first.index - 1; above < left && index >= 0; index--)
    above += rowsOf(room, index, layout).length;
  left = Math.min(left, above);
  let { index, row } = bottomPlace(room, layout);
  row = Math.min(row, rowsOf(room, index, layout).length - 1);
  while (left > 0 && index >= 0) {
    if (row >= left) {
      row -= left;
      left = 0;
    } else {
      left -= row + 1;
      index--;
      row = index < 0 ? 0 : rowsOf(room, index, layout).length - 1;
    }
  }
  setPlace(room, { index: Math.max(0, index), row }, layout);
}

function on(room: Room, rows: number, layout: Layout): void {
  if (room.anchor === undefined) return;
  let { index, row } = bottomPlace(room, layout);
  let left = rows;
  const last = lineCount(room) - 1;
  while (left > 0) {
    const below = rowsOf(room, index, layout).length - 1 - row;
    if (below >= left) {
      row += left;
      left = 0;
    } else {
      left -= below + 1;
      if (index >= last) {
        setPlace(room, { index, row: rowsOf(room, index, layout).length - 1 }, layout);
        return;
      }
      index++;
      row = 0;
    }
  }
  setPlace(room, { index, row }, layout);
}

/** The last row of the newest line is the end; that of a window that is not live is a place like any other. */
function setPlace(room: Room, { index, row }: Place, layout: Layout): void {
  const isLast = index === lineCount(room) - 1 && row >= rowsOf(room, index, layout).length - 1;
  if (isLast && room.lines.isLive) return scrollToEnd(room);
  const line = room.lines.at(index);
  const own = room.own[index - room.lines.length];
  if (line !== undefined) room.anchor = { event: line.event, row };
  else if (own !== undefined) room.anchor = { event: Number.POSITIVE_INFINITY, row, ownKey: own.key };
}
