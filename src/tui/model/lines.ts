/** The lines of a room that are held: a window of its events, bounded, that grows at either end. */
import { assert } from '../../base/index.js';
import type { EventKind } from '../../wire/index.js';

/** What is known of a line's way into the log when it was sent from here. */
export interface Life {
  /** The leader's ballot, as our server knew it when the commit came. */
  readonly ballot: string;
  /** From Enter to the commit. */
  readonly commitMs: number;
}

/** One line of a room, as the log holds it, or (`local`) one that only this user sees. */
export interface Line {
  /** Its number among the room's events; that of the line before it for a local one. */
  readonly event: number;
  /** Its number among the room's posts; 0 for all else. */
  readonly n: number;
  readonly slot: number;
  /** ms since 1970. */
  readonly wallMs: number;
  readonly kind: EventKind | 'local';
  readonly from: string;
  readonly text: string;
  readonly isMine: boolean;
  /** It names this user. */
  readonly isMention: boolean;
  life?: Life;
}

/** Lines kept while the newest are shown, and while somebody reads far back: about 3 MB. */
export const keptLinesMax = 5_000;
/** Trimmed so many at a time: a trim moves all others. */
const trimLines = 500;

export class Lines {
  #lines: Line[] = [];
  /** Nothing newer exists that is not here. */
  #isLive = true;
  /** The room's first event is here. */
  isComplete = false;

  get length(): number {
    return this.#lines.length;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  at(index: number): Line | undefined {
    return this.#lines[index];
  }

  /** The number of the first event that is here; local lines have none. */
  get firstEvent(): number | undefined {
    return this.#lines.find(({ kind }) => kind !== 'local')?.event;
  }

  get lastEvent(): number | undefined {
    return this.#lines.findLast(({ kind }) => kind !== 'local')?.event;
  }

  get last(): Line | undefined {
    return this.#lines.at(-1);
  }

  /** A line behind all others. Returns how many were dropped at the other end. */
  append(line: Line): number {
    assert(this.#isLive, 'the newest line belongs behind the newest');
    this.#lines.push(line);
    if (this.#lines.length <= keptLinesMax + trimLines) return 0;
    this.#lines.splice(0, trimLines);
    this.isComplete = false;
    return trimLines;
  }

  /** An older page, in order. Drops from the other end what is too much. */
  prepend(page: readonly Line[]): void {
    this.#lines = [...page, ...this.#lines];
    if (this.#lines.length <= keptLinesMax + trimLines) return;
    this.#lines.length = keptLinesMax;
    this.#isLive = false;
  }

  /** A newer page, in order, for a window that is not live; `isLive`: there is nothing behind it. */
  extend(page: readonly Line[], isLive: boolean): void {
    this.#lines.push(...page);
    this.#isLive = isLive;
    const tooMany = this.#lines.length - keptLinesMax;
    if (tooMany <= 0) return;
    this.#lines.splice(0, tooMany);
    this.isComplete = false;
  }

  /** Another window altogether. */
  replace(page: readonly Line[], isLive: boolean, isComplete: boolean): void {
    this.#lines = [...page];
    this.#isLive = isLive;
    this.isComplete = isComplete;
  }

  /** The index of the last line whose event is not above this one; -1 when all are. */
  indexOf(event: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lines[middle] as Line).event <= event) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** The post with this number, if it is here. */
  post(n: number): Line | undefined {
    return this.#lines.findLast((line) => line.n === n);
  }
}
