/** The machine's own clock; barred to the pure folders. */
import { performance } from 'node:perf_hooks';
import type { Clock, Timer } from './clock.js';

export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  // Node cuts fractions off.
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.ceil(delayMs)),
  clearTimeout: (timer: Timer) => clearTimeout(timer as NodeJS.Timeout),
};
