/**
 * The simulator's time: one heap of events, integer microseconds, one thread, and a running hash of everything that
 * happened.
 */
import { assert } from '../../src/base/index.js';

interface Event {
  readonly atUs: number;
  /** Breaks ties: events of one microsecond run in the order in which they were scheduled. */
  readonly order: number;
  readonly tag: number;
  run: (() => void) | undefined;
}

/** What {@link Kernel.at} returns; give it to {@link Kernel.cancel}. */
export type EventHandle = Event;

/** Kinds of events, mixed into the hash so that two runs that differ anywhere differ in it. */
export const tags = Object.freeze({
  tick: 1,
  frame: 2,
  disk: 3,
  client: 4,
  fault: 5,
  start: 6,
  check: 7,
});

export class Kernel {
  readonly #heap: Event[] = [];
  #nowUs = 0;
  #order = 0;
  #events = 0;
  #hash = 0x811c9dc5;

  /** Simulated time since the start, microseconds. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Events run so far. */
  get events(): number {
    return this.#events;
  }

  /** Depends on every event's time, tag and notes. */
  get hash(): number {
    return this.#hash >>> 0;
  }

  /** Mixes a number into the hash. */
  note(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value >>> 0), 0x01000193);
    this.#hash ^= this.#hash >>> 15;
  }

  /** Runs `run` after `delayUs` microseconds (rounded, at least 0). */
  after(delayUs: number, tag: number, run: () => void): EventHandle {
    return this.at(this.#nowUs + Math.max(0, Math.round(delayUs)), tag, run);
  }

  at(atUs: number, tag: number, run: () => void): EventHandle {
    assert(Number.isSafeInteger(atUs) && atUs >= this.#nowUs, `event at ${atUs} lies before ${this.#nowUs}`);
    const event: Event = { atUs, order: this.#order++, tag, run };
    this.#push(event);
    return event;
  }

  /** The event will not run. */
  cancel(event: EventHandle): void {
    event.run = undefined;
  }

  /** Runs events until the time `untilUs` or until `enough` says so (asked after each event); true if it did. */
  run(untilUs: number, enough?: () => boolean): boolean {
    while (this.#step(untilUs)) if (enough?.() === true) return true;
    this.#nowUs = Math.max(this.#nowUs, untilUs);
    return false;
  }

  /** As `run`, for code with promises: what waits in microtasks goes on after each event. */
  async runWithPromises(untilUs: number, enough?: () => boolean): Promise<boolean> {
    while (this.#step(untilUs)) {
      await undefined;
      if (enough?.() === true) return true;
    }
    this.#nowUs = Math.max(this.#nowUs, untilUs);
    return false;
  }

  /** Runs the next event, if it is due by then. */
  #step(untilUs: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atUs > untilUs) return false;
      this.#pop();
      if (next.run === undefined) continue;
      this.#nowUs = next.atUs;
      this.#events++;
      this.note(next.atUs % 0x1_0000_0000);
      this.note(next.tag);
      next.run();
      return true;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Event;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      const below = heap[child] as Event;
      if (!isBefore(below, last)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}
