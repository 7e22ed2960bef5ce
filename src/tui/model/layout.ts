/** From a room's lines to rows of the screen. */
import { clipWith, columnsOf, wrap } from '../text/index.js';
import type { Row, Span, Style } from './frame.js';
import type { Line } from './lines.js';
import { age, asciiWords, type Look, nameStyle, signs, stateSpan } from './look.js';
import { type OwnLine, stateSigns } from './own-line.js';
import type { Room } from './room.js';

/** How a room is laid out, and for when. */
export interface Layout {
  readonly look: Look;
  readonly columns: number;
  readonly nowMs: number;
  readonly isMine: (line: Line) => boolean;
  /** What lines that are queued wait for. */
  readonly queuedFor: string;
}

/** Below it, who and when stand on a row of their own. */
const sideBySideColumns = 60;
/** Below it a state is a word, without what it means. */
const shortColumns = 40;
const nameColumns = 10;
/** Time, sign and name, with the space between them. */
const prefixColumns = 5 + 1 + 1 + 1 + nameColumns + 2;
/** A line on its way is worth a word only after a moment. */
const patienceMs = 1_000;

/** How many lines a room shows: those of the log, and behind the newest the user's own that are not there yet. */
export function lineCount(room: Room): number {
  return room.lines.length + (hasOwnRows(room) ? room.own.length : 0);
}

/** Whoever is at the end sees them; while older lines are read the end is elsewhere. */
function hasOwnRows({ lines, anchor }: Room): boolean {
  return lines.isLive || anchor === undefined || anchor.ownKey !== undefined;
}

/** The rows of the line at this place, with the rules for a new day and for what is new above it. */
export function rowsOf(room: Room, index: number, layout: Layout): Row[] {
  const line = room.lines.at(index);
  if (line !== undefined) {
    return [
      ...rulesAbove(room, index, line, layout),
      ...(line.kind === 'local' ? local(line, layout) : logged(room, line, layout)),
    ];
  }
  const own = room.own[index - room.lines.length];
  return own === undefined ? [] : ownRows(own, layout);
}

function rulesAbove(room: Room, index: number, line: Line, { look, columns }: Layout): Row[] {
  if (line.kind === 'local') return [];
  const rows: Row[] = [];
  // What only the user sees has no day of its own.
  let at = index - 1;
  while (room.lines.at(at)?.kind === 'local') at--;
  const before = at < 0 ? undefined : room.lines.at(at);
  const { day } = look.local(line.wallMs);
  const isNewDay = before === undefined || look.local(before.wallMs).day !== day;
  if (isNewDay) rows.push(rule(` ${day} `, columns, look, look.theme.quiet));
  const { dividerEvent } = room;
  const isFirstNew = dividerEvent !== undefined && line.event === dividerEvent + 1;
  if (isFirstNew) {
    rows.push(rule(' new ', columns, look, look.theme.mention));
  }
  return rows;
}

function rule(text: string, columns: number, { isAscii }: Look, style: Style): Row {
  const sign = signs(isAscii).rule;
  const clipped = clipWith(text, columns, '');
  const left = Math.max(0, (columns - columnsOf(clipped)) >> 1);
  const right = Math.max(0, columns - left - columnsOf(clipped));
  return [{ text: sign.repeat(left) + clipped + sign.repeat(right), style }];
}

function logged(room: Room, line: Line, layout: Layout): Row[] {
  const { look } = layout;
  const { theme } = look;
  const isMine = layout.isMine(line);
  const sign: Span = isMine ? stateSpan(look, { state: 'committed' }) : { text: ' ' };
  const { time } = look.local(line.wallMs);
  if (line.kind !== 'post' && line.kind !== 'action') {
    const text = noticeText(line);
    if (layout.columns < sideBySideColumns) return hanging(`${time} -- `, text, layout);
    return place({ time, sign: { text: ' ' }, name: { text: '--', style: theme.quiet } }, text, theme.quiet, layout);
  }
  const isMarked = room.markedN > 0 && line.n === room.markedN;
  const style = isMarked ? theme.found : undefined;
  const nameLook = line.isMention ? theme.mention : isMine ? theme.own : nameStyle(theme, line.from);
  if (line.kind === 'action') {
    return place({ time, sign, name: { text: '*', style: nameLook } }, `${line.from} ${line.text}`, style, layout);
  }
  return place({ time, sign, name: { text: line.from, style: nameLook } }, line.text, style, layout);
}

/** What happened in a room besides messages. */
export function noticeText({ kind, from, text }: Pick<Line, 'kind' | 'from' | 'text'>): string {
  switch (kind) {
    case 'join':
      return `${from} joined`;
    case 'leave':
      return `${from} left`;
    case 'topic':
      return text === '' ? `${from} cleared the topic` : `${from} set the topic: ${text}`;
    case 'nick':
      return `${from} is now ${text}`;
    default:
      return text;
  }
}

function local(line: Line, layout: Layout): Row[] {
  const { theme, isAscii } = layout.look;
  const { dot } = signs(isAscii);
  if (layout.columns >= sideBySideColumns) {
    return place(
      { time: '', sign: { text: ' ' }, name: { text: dot, style: theme.quiet } },
      line.text,
      theme.quiet,
      layout,
    );
  }
  return hanging(`${dot} `, line.text, layout);
}

/** A head and quiet text on the same row, further rows below the text. */
function hanging(head: string, text: string, { look, columns }: Layout): Row[] {
  const width = columnsOf(head);
  const rows = wrap(text, Math.max(1, columns - width));
  const before = (index: number): string => (index === 0 ? head : ' '.repeat(width));
  return rows.map((part, index) => [{ text: before(index) + part, style: look.theme.quiet }]);
}

function ownRows(own: OwnLine, layout: Layout): Row[] {
  const { look } = layout;
  const { time } = look.local(own.wallMs);
  const head = {
    time,
    sign: stateSpan(look, own),
    name: { text: own.what === 'action' ? '*' : own.from, style: look.theme.own },
  };
  const text = own.what === 'action' ? `${own.from} ${own.text}` : own.text;
  const rows = place(head, text, undefined, layout);
  const words = asciiWords(stateWords(own, layout), look.isAscii);
  if (words === '') return rows;
  const style = own.state === 'failed' || own.state === 'unconfirmed' ? look.theme.trouble : look.theme.quiet;
  return [...rows, ...place({ time: '', sign: { text: ' ' }, name: { text: '' } }, words, style, layout, true)];
}

/** What is to be said of a line on its way; nothing while all goes well. */
export function stateWords(
  { state, reason, sinceMs, isGivenUp }: OwnLine,
  { nowMs, columns, queuedFor }: Layout,
): string {
  const { word } = stateSigns[state];
  switch (state) {
    case 'queued':
      return `${word}: ${queuedFor}`;
    case 'sending':
      return nowMs - sinceMs < patienceMs ? '' : `${word} ${age(nowMs - sinceMs)}`;
    case 'unconfirmed':
      if (columns < shortColumns) return `${word} ${age(nowMs - sinceMs)}`;
      return isGivenUp
        ? `${word}: ${reason}`
        : `${word} ${age(nowMs - sinceMs)}: it may be in or not yet; tried again under the same number, never twice`;
    case 'failed':
      return `${word}: ${reason} · /retry, /edit or /drop`;
    case 'committed':
      return '';
  }
}

interface Head {
  readonly time: string;
  readonly sign: Span;
  readonly name: Span;
}

/** A head and a text: side by side where there is room, else the text below. */
function place(head: Head, text: string, style: Style | undefined, layout: Layout, isBelow = false): Row[] {
  const { columns, look } = layout;
  const span = (part: string): Span => (style === undefined ? { text: part } : { text: part, style });
  if (columns < sideBySideColumns) {
    const rows = wrap(text, Math.max(1, columns - 1)).map((part): Row => [{ text: ' ' }, span(part)]);
    if (isBelow) return rows;
    const ellipsis = signs(look.isAscii).ellipsis;
    const quiet = look.theme.quiet;
    const tail = `${head.time === '' ? '' : ` ${head.time}`}`;
    const name = { ...head.name, text: clipWith(head.name.text, Math.max(1, columns - 2 - tail.length), ellipsis) };
    return [[name, { text: tail, style: quiet }, { text: ' ' }, head.sign], ...rows];
  }
  const name = clipWith(head.name.text, nameColumns, signs(look.isAscii).ellipsis);
  const indent = ' '.repeat(nameColumns - columnsOf(name));
  const [first = '', ...rest] = wrap(text, columns - prefixColumns);
  return [
    [
      { text: head.time.padEnd(5), style: look.theme.quiet },
      { text: ' ' },
      head.sign,
      { text: ` ${indent}` },
      { ...head.name, text: name },
      { text: '  ' },
      span(first),
    ],
    ...rest.map((part): Row => [{ text: ' '.repeat(prefixColumns) }, span(part)]),
  ];
}
