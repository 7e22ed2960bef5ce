/** From the model to a whole screen. Pure; the terminal paints what is different from before. */
import { clipWith, columnsOf, pad, wrap } from '../text/index.js';
import { bannerOf } from './banner.js';
import type { Frame, Row, Span, Style } from './frame.js';
import { type Geometry, geometry, layoutOf, leastColumns, leastRows, sideColumns } from './geometry.js';
import { asciiWords, type Look, nameStyle, signs } from './look.js';
import type { Model } from './model.js';
import { helpRows, linksRows, pasteRows } from './popups.js';
import { roomTitle } from './room.js';
import { roomBadge, roomsRows } from './rooms-view.js';
import { seen } from './scroll.js';
import { statusRow } from './status-view.js';

export function view(model: Model, look: Look): Frame {
  const banner = bannerOf(model);
  const at = geometry(model);
  if (at.isTooSmall) return tooSmall(model);
  const style = banner?.isAlarm === true ? look.theme.alarm : look.theme.pending;
  const input = inputRows(look, at, model.columns);
  const rows = [
    ...(at.titleRows > 0 ? [titleRow(model, look)] : []),
    ...middle(model, look, at),
    ...bannerRows(banner?.text ?? '', at.bannerRows, model.columns, style, look),
    ...(at.statusRows > 0 ? [statusRow(model, look, at.isTiny)] : []),
    ...input.rows,
  ];
  const top = rows.length - input.rows.length;
  const hasCursor = model.popup === undefined || model.popup.kind === 'paste';
  return hasCursor ? { rows, cursor: { row: top + input.row, column: input.column } } : { rows };
}

function tooSmall({ columns, rows }: Model): Frame {
  const text = clipWith(`terminal too small (${leastColumns}x${leastRows} needed)`, columns, '');
  return { rows: [[{ text }], ...Array.from({ length: Math.max(0, rows - 1) }, (): Row => [])] };
}

function titleRow(model: Model, { theme, isAscii }: Look): Row {
  const { room, columns, rooms, name } = model;
  const title = roomTitle(room, name);
  const { ellipsis, dot } = signs(isAscii);
  const others = rooms.filter((other) => other !== room && roomBadge(other) !== '');
  const badges = others.map((other) => `${roomTitle(other, name)} ${roomBadge(other)}`).join('  ');
  const cluster = clusterText(model, dot);
  const right = columns >= 80 ? cluster : badges === '' ? (columns >= 60 ? cluster : '') : `[${badges}]`;
  const rightText = clipWith(right, Math.max(0, columns - columnsOf(title) - 3), ellipsis);
  const space = columns - columnsOf(rightText) - (rightText === '' ? 0 : 1);
  const topic = room.topic === '' ? '' : `  ${room.topic.replaceAll('\n', ' ')}`;
  const left = pad(clipWith(` ${title}${topic}`, space - 1, ellipsis), space);
  return [{ text: pad(left + rightText, columns), style: theme.bar }];
}

/** Who leads, under which ballot, how many are up; as far as our server has told. */
function clusterText({ connection: { server, standing } }: Model, dot: string): string {
  if (server === undefined) return 'not connected';
  if (standing === undefined) return `on s${server.id}`;
  const { leader, ballot, up, servers } = standing;
  const leads = leader === 0 ? 'no leader' : `s${leader} leads`;
  const under = ballot.round === 0 ? '' : ` ${dot} ballot ${ballot.round}.${ballot.server}`;
  return `${leads}${under} ${dot} ${up}/${servers}`;
}

function middle(model: Model, look: Look, at: Geometry): Row[] {
  const { popup } = model;
  const height = at.messageRows;
  if (popup !== undefined) {
    const rows =
      popup.kind === 'help'
        ? helpRows(model, look, popup.top, height)
        : popup.kind === 'links'
          ? linksRows(model, look, popup, height)
          : pasteRows(look, popup.text, model.columns, height);
    return fill(rows, height);
  }
  const layout = layoutOf(model, look, at);
  const mark = belowMark(model, look, at.columns);
  const { rows } = seen(model.room, height - mark.length, layout);
  const marked = [...blank(height - mark.length - rows.length), ...rows, ...mark];
  if (!at.hasRooms) return marked;
  const rooms = roomsRows(model, look, height);
  const people = at.hasPeople ? peopleRows(model, look, height) : [];
  const { bar } = signs(look.isAscii);
  const border: Span = { text: `${bar} `, style: look.theme.quiet };
  return marked.map((row, index) => [
    ...(rooms[index] ?? []),
    border,
    ...(at.hasPeople ? [...padded(row, at.columns), { text: ' ' }, border, ...(people[index] ?? [])] : row),
  ]);
}

/** Whoever looks at something older is told that there is more. */
function belowMark({ room }: Model, { theme, isAscii }: Look, columns: number): Row[] {
  if (room.anchor === undefined && room.lines.isLive) return [];
  const { more } = signs(isAscii);
  const text = room.newBelow > 0 ? ` ${more} ${room.newBelow} new below: Esc ` : ` ${more} more below: Esc `;
  return [[{ text: clipWith(text, columns, ''), style: room.newBelow > 0 ? theme.mention : theme.quiet }]];
}

function peopleRows({ room, name, isNamed }: Model, { theme, isAscii }: Look, height: number): Row[] {
  const { ellipsis } = signs(isAscii);
  const people = [...room.people].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const shown = people.slice(0, Math.max(0, height - 2)).map((person): Row => {
    const text = clipWith(isNamed && person === name ? `${person} (you)` : person, sideColumns, ellipsis);
    return [{ text, style: nameStyle(theme, person) }];
  });
  const more = people.length - shown.length;
  const rest: Row[] = more > 0 ? [[{ text: `and ${more} more`, style: theme.quiet }]] : [];
  return [[{ text: `PEOPLE ${people.length}`, style: theme.strong }], ...shown, ...rest];
}

function bannerRows(text: string, count: number, columns: number, style: Style, { isAscii }: Look): Row[] {
  if (count === 0) return [];
  const lines = wrap(asciiWords(text, isAscii), Math.max(1, columns - 2));
  const shown = lines.slice(0, count);
  if (lines.length > count)
    shown[count - 1] = clipWith(lines.slice(count - 1).join(' '), columns - 2, signs(isAscii).ellipsis);
  return shown.map((line) => [{ text: pad(` ${line}`, columns), style }]);
}

function inputRows({ theme }: Look, at: Geometry, columns: number): { rows: Row[]; row: number; column: number } {
  const { prompt: head, input: cell } = at;
  const first = Math.max(0, Math.min(cell.row - at.inputRows + 1, cell.lines.length - at.inputRows));
  const rows = cell.lines.slice(first, first + at.inputRows).map((line, index): Row => {
    return first + index === 0 ? [{ text: head, style: theme.strong }, { text: line }] : [{ text: line }];
  });
  const column = cell.column + (cell.row === 0 ? columnsOf(head) : 0);
  return { rows: fill(rows, at.inputRows), row: cell.row - first, column: Math.min(column, columns - 1) };
}

function padded(row: Row, columns: number): Row {
  const used = row.reduce((sum, { text }) => sum + columnsOf(text), 0);
  return used >= columns ? row : [...row, { text: ' '.repeat(columns - used) }];
}

function blank(count: number): Row[] {
  return Array.from({ length: Math.max(0, count) }, (): Row => []);
}

function fill(rows: readonly Row[], height: number): Row[] {
  return [...rows.slice(0, height), ...blank(height - rows.length)];
}
