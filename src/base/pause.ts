/** Lets time pass, unless there is nothing left to wait for. */
import { nodeClock } from './node-clock.js';

/** Resolves after `ms`, or as soon as `ended` is aborted. */
export function pause(ms: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      nodeClock.clearTimeout(timer);
      ended.removeEventListener('abort', done);
      resolve();
    };
    const timer = nodeClock.setTimeout(done, ms);
    if (ended.aborted) done();
    else ended.addEventListener('abort', done, { once: true });
  });
}
