/** A trouble that lasts is told once, and so is its end. */
import type { LogFields, Logger } from './log.js';

export class TroubleLog {
  readonly #logger: Logger;
  readonly #what: string;
  readonly #fields: LogFields;
  /** The code told last; "" if all is well. */
  #told = '';

  /** `what` begins both events, e.g. `the registry`; `fields` stand in both. */
  constructor(logger: Logger, what: string, fields: LogFields) {
    this.#logger = logger;
    this.#what = what;
    this.#fields = fields;
  }

  /** Another code is another trouble. `text` ends in what to do, `meanwhile` says how we go on. */
  trouble(code: string, text: string, meanwhile: string): void {
    if (this.#told === code) return;
    this.#told = code;
    this.#logger.warn(`${this.#what} cannot be used`, { ...this.#fields, code, text, meanwhile });
  }

  well(): void {
    if (this.#told === '') return;
    this.#told = '';
    this.#logger.info(`${this.#what} can be used again`, this.#fields);
  }
}
