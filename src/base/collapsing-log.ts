/**
 * A logger in front of another one that joins repeats: the first line of its kind is written at once, those that follow
 * within a window are counted and become one line with `repeated`. Whoever makes a server log a thousand lines a second
 * fills no disk with it.
 */
import type { Clock, Timer } from './clock.js';
import type { LogFields, Logger } from './log.js';

/** From all that is written to what must be. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * What tells one kind of line from another, besides its level and event. Addresses, texts and counts do not: strangers
 * come from a thousand of them.
 */
const keyFields = [
  ...['peer', 'server', 'to', 'balancer', 'link', 'proxy', 'leader', 'leading', 'up', 'ballot', 'epoch', 'registered'],
  ...['code', 'what', 'why', 'note', 'path', 'segment', 'member'],
  ...['room', 'verb', 'subject', 'outcome'],
] as const;

export interface CollapseOptions {
  readonly clock: Clock;
  /** Less is dropped before it costs anything. */
  readonly level: LogLevel;
  /** Repeats within it are joined. */
  readonly windowMs?: number;
  /** Kinds remembered at once; of more the oldest is let go, with its count. */
  readonly kindsMax?: number;
}

const windowMsUsual = 10_000;
const kindsMaxUsual = 256;

interface Kind {
  readonly untilMs: number;
  readonly write: (fields: LogFields) => void;
  /** Lines held back, and the fields of the last of them. */
  repeated: number;
  last: LogFields;
}

/** Joins repeats of one logger and its children. Errors always pass. */
export class CollapsingLogger implements Logger {
  readonly #logger: Logger;
  readonly #kinds: Kinds;
  readonly #options: CollapseOptions;
  readonly #level: number;
  /** Sets the kinds of a child apart. */
  readonly #prefix: string;

  constructor(logger: Logger, options: CollapseOptions, parent?: { kinds: Kinds; prefix: string }) {
    this.#logger = logger;
    this.#level = logLevels.indexOf(options.level);
    this.#kinds = parent?.kinds ?? new Kinds(options);
    this.#prefix = parent?.prefix ?? '';
    this.#options = options;
  }

  debug(event: string, fields: LogFields = {}): void {
    if (this.#level > 0) return;
    this.#take('debug', event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    if (this.#level > 1) return;
    this.#take('info', event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    if (this.#level > 2) return;
    this.#take('warn', event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#logger.error(event, fields);
  }

  child(fields: LogFields): Logger {
    const prefix = `${this.#prefix}${JSON.stringify(fields)}`;
    return new CollapsingLogger(this.#logger.child(fields), this.#options, { kinds: this.#kinds, prefix });
  }

  /** Writes what was held back: for the end of the process. */
  flush(): void {
    this.#kinds.flush();
  }

  #take(level: 'debug' | 'info' | 'warn', event: string, fields: LogFields): void {
    let key = `${this.#prefix}\n${level}\n${event}`;
    for (const name of keyFields) if (fields[name] !== undefined) key += `\n${name}=${String(fields[name])}`;
    this.#kinds.take(key, fields, (written) => this.#logger[level](event, written));
  }
}

/** The kinds of lines written lately, the one whose window ends first at the front. */
class Kinds {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #kindsMax: number;
  readonly #known = new Map<string, Kind>();
  #timer: Timer | undefined;

  constructor({ clock, windowMs = windowMsUsual, kindsMax = kindsMaxUsual }: CollapseOptions) {
    this.#clock = clock;
    this.#windowMs = windowMs;
    this.#kindsMax = kindsMax;
  }

  take(key: string, fields: LogFields, write: (fields: LogFields) => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#endWindows(nowMs);
    const known = this.#known.get(key);
    if (known !== undefined) {
      known.repeated++;
      known.last = fields;
      return;
    }
    if (this.#known.size >= this.#kindsMax) this.#letGoFirst();
    write(fields);
    this.#known.set(key, { untilMs: nowMs + this.#windowMs, write, repeated: 0, last: fields });
    this.#arm(nowMs);
  }

  flush(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#known.size > 0) this.#letGoFirst();
  }

  /** A kind that goes on repeating has one line a window; one that has stopped is forgotten. */
  #endWindows(nowMs: number): void {
    for (const [key, kind] of this.#known) {
      if (kind.untilMs > nowMs) return;
      this.#known.delete(key);
      if (kind.repeated === 0) continue;
      tell(kind);
      this.#known.set(key, { ...kind, untilMs: nowMs + this.#windowMs, repeated: 0 });
    }
  }

  #letGoFirst(): void {
    for (const [key, kind] of this.#known) {
      this.#known.delete(key);
      if (kind.repeated > 0) tell(kind);
      return;
    }
  }

  #arm(nowMs: number): void {
    const [first] = this.#known.values();
    if (this.#timer !== undefined || first === undefined) return;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timer = undefined;
        const firedMs = this.#clock.monotonicMs();
        this.#endWindows(firedMs);
        this.#arm(firedMs);
      },
      Math.max(0, first.untilMs - nowMs),
    );
    this.#timer.unref();
  }
}

function tell({ write, last, repeated }: Kind): void {
  write({ ...last, repeated });
}
