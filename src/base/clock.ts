/** Time as everything outside the pure folders sees it: handed in, so that tests and the simulator can own it. */

/** A running timer. `unref` lets the process end although it still runs. */
export interface Timer {
  unref(): unknown;
}

export interface Clock {
  /** Milliseconds since some fixed moment; fractional, never falls, unmoved by clock changes. For every decision. */
  monotonicMs(): number;
  /** Whole milliseconds since 1970. Shown to people, never reasoned with. */
  wallMs(): number;
  /** Calls `callback` once after at least `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /** Stops a timer; stopping one that has fired or was stopped already does nothing. */
  clearTimeout(timer: Timer): void;
}
