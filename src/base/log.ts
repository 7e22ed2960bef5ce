/** Structured log lines as an interface; the form that writes (pino) lives in cli, tests use the silent one. */

/**
 * Facts beside an event; values should be numbers, booleans and short strings. Never a nonce, a token or a user's text.
 */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  /** What was lawfully ignored, and other detail for whoever debugs. */
  debug(event: string, fields?: LogFields): void;
  /** What an operator may want to know afterwards: started, elected, sealed, connected. */
  info(event: string, fields?: LogFields): void;
  /** What somebody should look at, although we go on: the text ends in what to do next. */
  warn(event: string, fields?: LogFields): void;
  /** What stops this process or loses a function. */
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** Drops everything. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
