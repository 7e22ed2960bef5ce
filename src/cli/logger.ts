/**
 * The Logger that writes: pino to stderr, as text or as JSON, synchronously so that no line is lost; repeats are
 * joined.
 */
import { destination, type Level, type Logger as Pino, pino } from 'pino';
import { CollapsingLogger, type LogFields, type Logger, type LogLevel, nodeClock } from '../base/index.js';
import type { LogFormat } from './values.js';

/** Makes a logger whose lines carry `fields`. */
export async function stderrLogger(level: LogLevel, format: LogFormat, fields: LogFields): Promise<Logger> {
  const raw = destination({ dest: 2, sync: true });
  const options = {
    level,
    base: fields,
    messageKey: 'event',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  const isText = format === 'text' || (format === 'auto' && process.stderr.isTTY === true);
  const lines = isText ? await textLines(raw) : raw;
  const writer = new PinoLogger(pino(options, lines), isText);
  const logger = new CollapsingLogger(writer, { clock: nodeClock, level });
  // What is still held back; written synchronously, so that this is not too late.
  process.once('exit', () => logger.flush());
  return logger;
}

/** Loaded only where a person reads along: it takes longer to load than all else of the log. */
async function textLines(raw: ReturnType<typeof destination>) {
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({
    colorize: process.stderr.isTTY === true && process.env.NO_COLOR === undefined,
    destination: raw,
    ignore: 'pid,hostname',
    messageKey: 'event',
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  });
}

class PinoLogger implements Logger {
  readonly #pino: Pino;
  readonly #isText: boolean;

  constructor(instance: Pino, isText: boolean) {
    this.#pino = instance;
    this.#isText = isText;
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
    return new PinoLogger(this.#pino.child(fields), this.#isText);
  }

  #write(level: Level, event: string, fields: LogFields): void {
    // People read what it means right behind the name of the event.
    const { text, ...others } = fields;
    if (this.#isText && text !== undefined) this.#pino[level](others, `${event}: ${String(text)}`);
    else this.#pino[level](fields, event);
  }
}
