/** The lines of a room that are held: a window of its events, bounded, that grows at either end. */
import { assert } from '../../base/index.js';
import type { EventKind } from '../../wire/index.js';

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
  /** This very client sent it. */
  readonly isOwn: boolean;
  /** It names this user. */
  readonly isMention: boolean;
}

/** Lines kept of the room that is shown, however far back somebody reads, and of each other one. */
export const keptLinesMax = 5_000;
export const keptElsewhereMax = 500;
/** Characters kept of a room: 8 KB lines must not make 40 MB of it. */
const keptCharsMax = 2_000_000;
/** What is said to the user alone is remembered so far. */
const keptLocalsMax = 200;
/** Trimmed so many at a time at least: a trim moves all others. */
const trimLines = 500;
const trimChars = 200_000;
/** Local lines stand between two events: a fraction of one behind each other. */
const localStep = 2 ** -20;

export class Lines {
  #lines: Line[] = [];
  /** What only this user sees, also while other lines are held. */
  #locals: Line[] = [];
  #chars = 0;
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

  /** One more would push out the oldest. */
  isFull(linesMax: number): boolean {
    return this.#lines.length >= linesMax || this.#chars >= keptCharsMax;
  }

  /** With this page in front the newest would have to go. */
  isTooMuch(page: readonly Line[]): boolean {
    const chars = page.reduce((sum, { text }) => sum + text.length, 0);
    return this.#lines.length + page.length > keptLinesMax || this.#chars + chars > keptCharsMax;
  }

  at(index: number): Line | undefined {
    return this.#lines[index];
  }

  /** The number of the first event that is here; local lines have none. */
  get firstEvent(): number | undefined {
    return this.#lines.find(({ kind }) => kind !== 'local')?.event;
  }

  get lastEvent(): number | undefined {
    const last = this.#lines.at(-1);
    // Looked at for every line that comes, and hardly ever behind what only the user sees.
    if (last !== undefined && last.kind !== 'local') return last.event;
    return this.#lines.findLast(({ kind }) => kind !== 'local')?.event;
  }

  /** A line of the log, behind all others; the oldest go when it is too much. */
  append(line: Line, linesMax = keptLinesMax): void {
    assert(this.#isLive, 'the newest line belongs behind the newest');
    if (this.lastEvent === undefined) this.#beforeAll(line.event);
    this.#lines.push(line);
    this.#chars += line.text.length;
    this.#trimOldest(linesMax, trimLines);
  }

  /** A line that only this user sees, behind the newest; `headEvent`: the room's newest, wherever the window stands. */
  say(line: Omit<Line, 'event'>, headEvent: number): void {
    const behind = Math.max(headEvent, this.lastEvent ?? 0, this.#locals.at(-1)?.event ?? 0);
    const local = { ...line, event: behind + localStep };
    this.#locals = [...this.#locals.slice(1 - keptLocalsMax), local];
    if (!this.#isLive) return;
    this.#lines.push(local);
    this.#chars += local.text.length;
    this.#trimOldest(keptLinesMax, trimLines);
  }

  /** From now on the newest are not here: somebody reads what would have to go for them. */
  detach(): void {
    this.#isLive = false;
  }

  /** An older page, in order. Drops from the other end what is too much. */
  prepend(page: readonly Line[]): void {
    if (this.firstEvent === undefined && page[0] !== undefined) this.#beforeAll(page[0].event);
    this.#set([...this.#withLocals(page, this.#lines[0]?.event), ...this.#lines]);
    let excess = 0;
    let chars = this.#chars;
    while (excess < this.#lines.length - 1 && (this.#lines.length - excess > keptLinesMax || chars > keptCharsMax)) {
      excess++;
      chars -= (this.#lines[this.#lines.length - excess] as Line).text.length;
    }
    if (excess === 0) return;
    this.#set(this.#lines.slice(0, -excess));
    this.#isLive = false;
  }

  /** A newer page, in order, for a window that is not live; `isLive`: there is nothing behind it. */
  extend(page: readonly Line[], isLive: boolean): void {
    const last = this.#lines.at(-1)?.event ?? 0;
    const behind = this.#withLocals(page, isLive ? undefined : endOf(page), last);
    this.#set([...this.#lines, ...behind.filter(({ event }) => event > last)]);
    this.#isLive = isLive;
    this.#trimOldest(keptLinesMax, 0);
  }

  /** Another window altogether. */
  replace(page: readonly Line[], isLive: boolean, isComplete: boolean): void {
    this.#set(this.#withLocals(page, isLive ? undefined : endOf(page), 0));
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

  #set(lines: Line[]): void {
    this.#lines = lines;
    this.#chars = lines.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** So many more than allowed may stand, that they go in one move. */
  #trimOldest(linesMax: number, slack: number): void {
    if (this.#lines.length <= linesMax + slack && this.#chars <= keptCharsMax) return;
    const charsMax = this.#chars > keptCharsMax ? keptCharsMax - trimChars : keptCharsMax;
    let count = 0;
    while (count < this.#lines.length - 1 && (this.#lines.length - count > linesMax || this.#chars > charsMax)) {
      this.#chars -= (this.#lines[count] as Line).text.length;
      count++;
    }
    this.#lines.splice(0, count);
    this.isComplete = false;
  }

  /** What was said before the first event was known was said before it. */
  #beforeAll(event: number): void {
    const renumbered = new Map(
      this.#locals.map((line, index) => [line, { ...line, event: event - 1 + (index + 1) * localStep }]),
    );
    this.#locals = [...renumbered.values()];
    this.#lines = this.#lines.map((line) => renumbered.get(line) ?? line);
  }

  /** The page, and in their places the local lines from it on to before `end`; from `behind` on if it is empty. */
  #withLocals(page: readonly Line[], end: number | undefined, behind = Number.POSITIVE_INFINITY): Line[] {
    const first = page[0] === undefined ? behind : page[0].event - 1;
    const between = this.#locals.filter(({ event }) => event > first && (end === undefined || event < end));
    return between.length === 0 ? [...page] : [...page, ...between].sort((a, b) => a.event - b.event);
  }
}

function endOf(page: readonly Line[]): number {
  return (page.at(-1)?.event ?? 0) + 1;
}
