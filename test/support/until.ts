/** Waiting for conditions with deadlines: the only way in which a test with real processes may let time pass. */
import { setTimeout as pause } from 'node:timers/promises';

/** How often a condition that nothing announces is looked at, in ms. */
const probeEveryMs = 25;

/** How long a machine on which much else runs may take for what is nobody's subject: a start, a line, an answer. */
export const busyMs = 30_000;

/** A monotonic clock for histories and measurements, in ms. */
export function nowMs(): number {
  return performance.now();
}

/**
 * Resolves with the first value of `probe` that is not undefined, false or null.
 * Rejects at the deadline with `what` and, if given, what `explain` says about the state of things.
 * A probe that throws is tried again; its last error is part of the failure.
 */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => T | Promise<T>,
  explain: () => string = () => '',
): Promise<NonNullable<T>> {
  const endMs = nowMs() + deadlineMs;
  let lastError = '';
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined && value !== null && value !== false) return value;
      lastError = '';
    } catch (error) {
      lastError = `\nlast error: ${String(error)}`;
    }
    if (nowMs() >= endMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}${lastError}\n${explain()}`);
    await pause(probeEveryMs);
  }
}

/** `promise`, or a rejection that names what was waited for. */
export async function within<T>(
  what: string,
  deadlineMs: number,
  promise: Promise<T>,
  explain: () => string = () => '',
): Promise<T> {
  const abort = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: abort.signal }).then(() => {
    throw new Error(`waited ${deadlineMs} ms in vain for ${what}\n${explain()}`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    late.catch(() => 'aborted: the promise won');
    abort.abort();
  }
}

/** Lets `ms` pass since `sinceMs`, where time itself is the subject: a scenario's delay, how long a fault lasts. */
export async function timePasses(ms: number, sinceMs = nowMs()): Promise<void> {
  const endMs = sinceMs + ms;
  while (nowMs() < endMs) await pause(endMs - nowMs());
}
