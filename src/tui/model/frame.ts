/** What a screen shows, as rows of styled text: the only language in which the chat speaks to the terminal. */

/** The sixteen colours whose actual shades the user's terminal decides. */
export const colours = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white',
  'brightBlack',
  'brightRed',
  'brightGreen',
  'brightYellow',
  'brightBlue',
  'brightMagenta',
  'brightCyan',
  'brightWhite',
] as const;

export type Colour = (typeof colours)[number];

/** How text looks; what is left out is the terminal's own. */
export interface Style {
  readonly fg?: Colour;
  readonly bg?: Colour;
  readonly bold?: true;
  readonly underline?: true;
  readonly inverse?: true;
}

export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Row = readonly Span[];

/**
 * A whole screen: as many rows as it has, each at most as wide as it is; what is missing is blank. Rows and columns
 * count from 0.
 */
export interface Frame {
  readonly rows: readonly Row[];
  readonly cursor?: { readonly row: number; readonly column: number };
}

/** Nothing would have to be painted. Styles are compared as objects: those of a theme are always the same ones. */
export function isSameFrame(one: Frame, other: Frame): boolean {
  if (one.cursor?.row !== other.cursor?.row || one.cursor?.column !== other.cursor?.column) return false;
  if (one.rows.length !== other.rows.length) return false;
  return one.rows.every((row, index) => isSameRow(row, other.rows[index] as Row));
}

function isSameRow(one: Row, other: Row): boolean {
  if (one.length !== other.length) return false;
  return one.every(({ text, style }, index) => text === other[index]?.text && style === other[index]?.style);
}
