/**
 * The Logger that writes: pino to stderr, as text on a terminal and as JSON otherwise, synchronously so that no line is
 * lost.
 */
import { destination, type Level, type Logger as Pino, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { LogFields, Logger } from '../base/index.js';
import type { logLevels } from './values.js';

/** Makes a logger whose lines carry `fields`. */
export function stderrLogger(level: (typeof logLevels)[number], fields: LogFields): Logger {
  const raw = destination({ dest: 2, sync: true });
  const options = {
    level,
    base: fields,
    messageKey: 'event',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  if (!process.stderr.isTTY) return new PinoLogger(pino(options, raw));
  const text = PinoPretty({
    colorize: process.env.NO_COLOR === undefined,
    destination: raw,
    ignore: 'pid,hostname',
    messageKey: 'event',
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
  return new PinoLogger(pino(options, text));
}

class PinoLogger implements Logger {
  readonly #pino: Pino;

  constructor(instance: Pino) {
    this.#pino = instance;
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#write('debug', event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#write('info', event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#write('warn', event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#write('error', event, fields);
  }

  child(fields: LogFields): Logger {
    return new PinoLogger(this.#pino.child(fields));
  }

  #write(level: Level, event: string, fields: LogFields): void {
    this.#pino[level](fields, event);
  }
}
