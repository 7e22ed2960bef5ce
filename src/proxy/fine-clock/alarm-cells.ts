/** The memory that an alarm and its thread share, and the clock that both read. */

/** Written by the alarm alone. */
export interface AlarmCells {
  /** Counts what was asked for; changed last, and what the thread sleeps on. */
  readonly asked: Int32Array;
  /** When to ring, by {@link clockMs}. */
  readonly dueMs: Float64Array;
}

export const alarmBytes = 16;

export function alarmCells(memory: SharedArrayBuffer): AlarmCells {
  return { asked: new Int32Array(memory, 0, 1), dueMs: new Float64Array(memory, 8, 1) };
}

/** Monotonic and the same in all threads, which `performance.now()` is not: that counts from each thread's start. */
export function clockMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
