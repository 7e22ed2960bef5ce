/** How long chats were kept waiting: the longest time in which one of them got no line acknowledged. */
import type { Talker } from '../support/talker.js';
import { nowMs } from '../support/until.js';

/** Two lines of a chat come further apart than this anyway. */
const everyMs = 50;

export class Pauses {
  readonly #talkers: readonly Talker[];
  readonly #timer: NodeJS.Timeout;
  readonly #settled: number[];
  readonly #sinceMs: number[];
  #longestMs = 0;

  constructor(talkers: readonly Talker[]) {
    this.#talkers = talkers;
    this.#settled = talkers.map(({ linesSettled }) => linesSettled);
    this.#sinceMs = talkers.map(() => nowMs());
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  /** The longest one since this was asked before, in ms; one that is not over counts as far as it is. */
  take(): number {
    this.#look();
    const longestMs = this.#longestMs;
    this.#longestMs = 0;
    return longestMs;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const timeMs = nowMs();
    for (const [index, { linesSettled }] of this.#talkers.entries()) {
      this.#longestMs = Math.max(this.#longestMs, timeMs - (this.#sinceMs[index] ?? timeMs));
      if (linesSettled === this.#settled[index]) continue;
      this.#settled[index] = linesSettled;
      this.#sinceMs[index] = timeMs;
    }
  }
}
