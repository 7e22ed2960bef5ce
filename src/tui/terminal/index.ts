/** The face of the terminal: the one place that knows escape sequences, in both directions. */
export type { Colour, Frame, Row, Span, Style } from './frame.js';
export type { Input, Key } from './keys.js';
export { openTerminal, type Terminal, type TerminalListener, type TerminalOptions } from './terminal.js';
