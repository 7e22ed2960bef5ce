/**
 * What one room keeps and how far its history is deleted: arithmetic on the log's own numbers and clock, so that every
 * server draws the line at the same message (decision 0018).
 */
import { assert, limits } from '../base/index.js';

/** Where what is kept begins: an event must be at or behind `event`, and not before the post `n`. All 1: all of it. */
export interface Floor {
  readonly event: number;
  /** The number of the first post at or behind `event`. */
  readonly eventN: number;
  readonly n: number;
}

/** Events below `event`, posts below `n` among them, happened at `atMs` of the log clock or before. */
export interface Mark {
  readonly atMs: number;
  readonly event: number;
  readonly n: number;
}

/** How a room stands: events and posts so far. */
interface Head {
  readonly events: number;
  readonly posts: number;
}

export const keepsAll: Floor = Object.freeze({ event: 1, eventN: 1, n: 1 });

/** The row of a room that an operator decided about. What is gone stays gone, whatever is decided later. */
export class Retention {
  /** Posts kept, the newest ones; 0: no bound. */
  count = 0;
  /** Events are kept until they are so old by the log clock; 0: no bound. */
  ageMs = 0;
  /** Gone for good: events below `event`, and what stands before the post `n`, which is one that there is, or 1. */
  event = 1;
  eventN = 1;
  n = 1;
  /** Rising in time and event; only with an age. */
  marks: Mark[] = [];
  /** The log clock at the newest event, or when the age was decided; only with an age. */
  newestMs = 0;

  /** Nothing is bounded and nothing is gone: the room needs no row. */
  get isIdle(): boolean {
    return this.count === 0 && this.ageMs === 0 && this.event === 1 && this.n === 1;
  }

  /** What is kept at `clockMs` of the log clock. It never falls as log and clock go on. */
  floor({ events, posts }: Head, clockMs: number): Floor {
    const n = this.count === 0 ? this.n : Math.max(this.n, posts - this.count + 1);
    if (this.ageMs > 0 && clockMs - this.newestMs >= this.ageMs) return { event: events + 1, eventN: posts + 1, n };
    let passed: Pick<Floor, 'event' | 'eventN'> = this;
    for (const mark of this.marks) {
      if (clockMs - mark.atMs < this.ageMs) break;
      if (mark.event > passed.event) passed = { event: mark.event, eventN: mark.n };
    }
    return { event: passed.event, eventN: passed.eventN, n };
  }

  /** The room is about to get its next event. */
  beforeEvent(head: Head, clockMs: number): void {
    this.#settle(head, clockMs);
    if (this.ageMs === 0) return;
    const last = this.marks.at(-1);
    const stepMs = Math.ceil(this.ageMs / limits.retainMarks);
    // What is there happened when the newest of it did, or before, however long nothing was said since.
    if (last === undefined || clockMs - last.atMs >= stepMs)
      this.marks.push({ atMs: this.newestMs, event: head.events + 1, n: head.posts + 1 });
    this.newestMs = clockMs;
  }

  /** Another policy from now on. When what is there already happened is not known: it is as old as the first age. */
  decide(count: number, ageMs: number, head: Head, clockMs: number): void {
    this.#settle(head, clockMs);
    const hadAge = this.ageMs > 0;
    this.count = count;
    this.ageMs = ageMs;
    if (ageMs === 0) {
      this.marks = [];
      this.newestMs = 0;
    } else if (!hadAge) {
      this.marks = [{ atMs: clockMs, event: head.events + 1, n: head.posts + 1 }];
      this.newestMs = clockMs;
    }
    // A mark that is missing keeps what lies below it until the next one's time.
    while (this.marks.length > 2 * limits.retainMarks) this.marks = this.marks.filter((_, i) => i % 2 === 1);
  }

  /** Everything that is there is gone. */
  deleteAll({ events, posts }: Head): void {
    this.event = events + 1;
    this.eventN = posts + 1;
    this.marks = this.marks.filter((mark) => mark.event > this.event);
  }

  /** What has gone by now is gone for good. */
  #settle(head: Head, clockMs: number): void {
    const { event, eventN, n } = this.floor(head, clockMs);
    assert(event >= this.event && n >= this.n, 'what was deleted never comes back');
    this.event = event;
    this.eventN = eventN;
    this.n = n;
    let passed = 0;
    while ((this.marks[passed]?.event ?? Number.POSITIVE_INFINITY) <= event) passed++;
    if (passed > 0) this.marks.splice(0, passed);
  }
}
