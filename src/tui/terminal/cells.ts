/** From a row of styled text to one cell per column, as blessed keeps them. */
import { sanitise } from '../../base/index.js';
import { colours, type Row, type Style } from '../model/frame.js';
import { graphemes, isPlain as isPlainText } from '../text/index.js';
import type { TerminalKind } from './kind.js';

/**
 * What a column shows and how. A wide character's second column is the empty text; a text may carry the sequences that
 * put the cursor where it belongs.
 */
export type Cell = readonly [attribute: number, text: string];

const defaultColour = 0x1ff;
const bold = 1;
const underline = 2;
const inverse = 8;

/** blessed's blank cell: no flags, the terminal's own colours. */
export const blank: Cell = [(defaultColour << 9) | defaultColour, ' '];

/** Printable ASCII: the characters whose width nobody disputes. */
export function isPlain(text: string): boolean {
  return text.length === 1 && text >= ' ' && text <= '~';
}

/** Letters, lines and ideographs whose width all but legacy terminals agree about. */
const letters = '\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2015\u2018-\u201f';
const lines = '\u2500-\u257f';
const ideographs = '\u3041-\u3096\u30a1-\u30fe\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3';
const agreed = new RegExp(`^[${letters}${lines}${ideographs}]$`);

/** Row `y` of the screen, exactly `columns` cells; what does not fit is cut, a wide character never in half. */
export function layOut(row: Row, y: number, columns: number, kind: TerminalKind): Cell[] {
  const cells: Cell[] = [];
  for (const span of row) {
    const attribute = attributeOf(span.style, kind);
    // What nearly every span is, without the work that the rest needs.
    if (isPlainText(span.text)) {
      const end = Math.min(span.text.length, columns - cells.length);
      for (let at = 0; at < end; at++) cells.push([attribute, span.text[at] as string]);
      continue;
    }
    for (const { text, columns: width } of graphemes(sanitise(span.text))) {
      if (width === 0) continue;
      if (cells.length + width > columns) return fill(cells, columns);
      if (isPlain(text)) cells.push([attribute, text]);
      else if (kind.unicode) cells.push([attribute, agreed.test(text) ? text : pin(text, y, cells.length, width)]);
      else cells.push([attribute, width === 1 ? text : '?']);
      if (width === 2) cells.push([attribute, kind.unicode ? '' : ' ']);
    }
  }
  return fill(cells, columns);
}

function fill(cells: Cell[], columns: number): Cell[] {
  while (cells.length < columns) cells.push(blank);
  return cells;
}

/**
 * The text between cursor movements: terminals disagree about the width of emoji and rare scripts, and what follows
 * must stand where it belongs all the same. One that thinks less of it leaves a blank, not what was there before.
 */
function pin(text: string, y: number, x: number, width: 1 | 2): string {
  const before = width === 2 ? `  ${moveTo(y, x)}` : '';
  return before + text + moveTo(y, x + width);
}

function moveTo(y: number, x: number): string {
  return `\x1b[${y + 1};${x + 1}H`;
}

function attributeOf(style: Style | undefined, kind: TerminalKind): number {
  if (style === undefined) return blank[0];
  const [fg, bg] = [indexOf(style.fg, kind), indexOf(style.bg, kind)];
  // Where there are only eight colours, bold is what makes the bright ones bright.
  const brightened = kind.colours === 8 && fg !== defaultColour && fg >= 8;
  const flags =
    (style.bold || brightened ? bold : 0) | (style.underline ? underline : 0) | (style.inverse ? inverse : 0);
  return (flags << 18) | (reduce(fg, kind) << 9) | reduce(bg, kind);
}

function indexOf(colour: Style['fg'], kind: TerminalKind): number {
  return colour === undefined || kind.colours === 0 ? defaultColour : colours.indexOf(colour);
}

function reduce(index: number, kind: TerminalKind): number {
  return kind.colours === 8 && index !== defaultColour ? index & 7 : index;
}
