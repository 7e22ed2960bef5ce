/** A trouble that lasts is told once, and so is its end. */
import type { LogFields } from './log.js';

/** How both are logged. */
export interface Voice {
  readonly trouble: (fields: LogFields) => void;
  readonly well: () => void;
}

export class TroubleLog {
  readonly #voice: Voice;
  /** The code told last; "" if all is well. */
  #told = '';

  constructor(voice: Voice) {
    this.#voice = voice;
  }

  get isWell(): boolean {
    return this.#told === '';
  }

  /** Another code is another trouble. `text` ends in what to do, `meanwhile` says how we go on. */
  trouble(code: string, text: string, meanwhile: string): void {
    if (this.#told === code) return;
    this.#told = code;
    this.#voice.trouble({ code, text, meanwhile });
  }

  well(): void {
    if (this.#told === '') return;
    this.#told = '';
    this.#voice.well();
  }
}
