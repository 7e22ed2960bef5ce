/** The face of the terminal: the one place that knows escape sequences, in both directions. */
export { isAsciiOnly } from './kind.js';
export { openTerminal, type Terminal, type TerminalListener, type TerminalOptions } from './terminal.js';
