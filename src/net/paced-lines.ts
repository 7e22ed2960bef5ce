/** Log lines that strangers can cause: so many are written, of more only the number. */
import type { Clock, LogFields, Logger } from '../base/index.js';

const linesMax = 10;
const everyMs = 10_000;

export class PacedLines {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lines = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  warn(event: string, fields: LogFields): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#sinceMs >= everyMs) {
      if (this.#lines > linesMax) this.#logger.warn('more strangers ended', { count: this.#lines - linesMax });
      this.#sinceMs = nowMs;
      this.#lines = 0;
    }
    this.#lines++;
    if (this.#lines <= linesMax) this.#logger.warn(event, fields);
  }
}
