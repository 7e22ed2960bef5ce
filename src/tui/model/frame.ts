/** What is to be seen: rows of styled text, made by the view and painted by the terminal. */

/** The sixteen colours that every terminal has, in the user's own shades. */
export type Colour =
  | 'black'
  | 'red'
  | 'green'
  | 'yellow'
  | 'blue'
  | 'magenta'
  | 'cyan'
  | 'white'
  | 'brightBlack'
  | 'brightRed'
  | 'brightGreen'
  | 'brightYellow'
  | 'brightBlue'
  | 'brightMagenta'
  | 'brightCyan'
  | 'brightWhite';

/** How text looks; what is left out is the terminal's own. */
export interface Style {
  readonly fg?: Colour;
  readonly bg?: Colour;
  readonly bold?: true;
  readonly underline?: true;
  readonly inverse?: true;
}

/** Text without control characters. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Row = readonly Span[];

/** A whole screen: as many rows as it has, each at most as wide as it is; what is missing is blank. */
export interface Frame {
  readonly rows: readonly Row[];
  /** Where the cursor stands; hidden without. */
  readonly cursor?: { readonly row: number; readonly column: number };
}
