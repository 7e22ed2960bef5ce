/** The face of the terminal: the one place that knows escape sequences, in both directions. */
export { openTerminal, type Terminal, type TerminalListener, type TerminalOptions } from './terminal.js';
