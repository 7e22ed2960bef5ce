/**
 * Everything that waits for a moment, in one min-heap on a monotonic clock. A timer that fires early is armed again:
 * nothing happens before its time (PROXY.md, Traps).
 */
import type { Clock, Timer } from '../../base/index.js';

/** One thing that waits. Whoever owns it may change `dueMs` only through {@link Deadlines.reschedule}. */
export interface Deadline {
  /** On the monotonic clock; Infinity: not by itself. */
  dueMs: number;
  /** Among equals the one that was added first comes first. Set by {@link Deadlines}. */
  order: number;
  /** It has run or was cancelled. */
  isOver: boolean;
  run: () => void;
}

/** Fewer cancelled ones are not worth looking for. */
const sweepFrom = 64;
const nothing = (): void => undefined;

export class Deadlines {
  readonly #clock: Clock;
  readonly #around: (work: () => void) => void;
  #heap: Deadline[] = [];
  /** How many of them were cancelled. */
  #cancelled = 0;
  #order = 0;
  #timer: Timer | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;
  #running = false;
  #stopped = false;

  /** `around` is called with all that is due at one moment, e.g. to join the writes that follow from it. */
  constructor(clock: Clock, around: (work: () => void) => void = (work) => work()) {
    this.#clock = clock;
    this.#around = around;
  }

  /** How many will run. */
  get waiting(): number {
    return this.#heap.length - this.#cancelled;
  }

  nowMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Runs `run` once, as soon as `dueMs` has been reached and never before. */
  at(dueMs: number, run: () => void): Deadline {
    const deadline: Deadline = { dueMs, order: 0, isOver: false, run };
    this.add(deadline);
    return deadline;
  }

  /** As {@link at}, for what is a deadline itself. */
  add(deadline: Deadline): void {
    deadline.order = ++this.#order;
    this.#heap.push(deadline);
    this.#up(this.#heap.length - 1);
    this.#arm();
  }

  /** As {@link at}, from now on. */
  after(delayMs: number, run: () => void): Deadline {
    return this.at(this.nowMs() + delayMs, run);
  }

  /** It will not run. All that were cancelled are forgotten once they are more than the others, or their time comes. */
  cancel(deadline: Deadline): void {
    if (deadline.isOver) return;
    deadline.isOver = true;
    // What it would have run, and the chunks that it holds, must not live until then; nor must too many of these.
    deadline.run = nothing;
    if (++this.#cancelled > sweepFrom && this.#cancelled > this.#heap.length / 2) this.reschedule();
  }

  /** After `dueMs` of many was changed, or `isOver` set: puts all in order again. Linear. */
  reschedule(): void {
    this.#heap = this.#heap.filter(({ isOver }) => !isOver);
    this.#cancelled = 0;
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#down(i);
    this.#arm();
  }

  /** Runs what is due without waiting for the timer. While what is due runs already, this joins it. */
  runDue(): void {
    if (!this.#running && !this.#stopped) this.#fire();
  }

  /** Nothing runs any more. */
  stop(): void {
    this.#stopped = true;
    this.#heap = [];
    this.#cancelled = 0;
    this.#disarm();
  }

  #arm(): void {
    if (this.#running || this.#stopped) return;
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === this.#armedForMs) return;
    this.#disarm();
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#armedForMs = dueMs;
    // One that fires early finds nothing due in #fire, and is armed again.
    const delayMs = Math.min(Math.max(0, dueMs - this.nowMs()), 0x7fff_ffff);
    this.#timer = this.#clock.setTimeout(() => this.#fire(), delayMs);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    this.#disarm();
    this.#running = true;
    try {
      this.#around(() => this.#runAllDue());
    } finally {
      this.#running = false;
      this.#arm();
    }
  }

  /** What becomes due while this runs runs too, but time is read once: a flood must not keep us here for ever. */
  #runAllDue(): void {
    const nowMs = this.nowMs();
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
      this.#pop();
      if (first.isOver) this.#cancelled--;
      else {
        first.isOver = true;
        first.run();
      }
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (this.#heap.length === 0 || last === undefined) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    const heap = this.#heap;
    const item = heap[start] as Deadline;
    let i = start;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(item, heap[parent] as Deadline)) break;
      heap[i] = heap[parent] as Deadline;
      i = parent;
    }
    heap[i] = item;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const item = heap[start] as Deadline;
    let i = start;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Deadline, heap[child] as Deadline)) child++;
      if (!isBefore(heap[child] as Deadline, item)) break;
      heap[i] = heap[child] as Deadline;
      i = child;
    }
    heap[i] = item;
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
