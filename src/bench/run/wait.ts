/** Waiting that an interruption cuts short. */
import { type Clock, ExitError, exitCodes } from '../../base/index.js';

/** Resolves after so long: true; or when `signal` is aborted: false. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const wake = (): void => {
      clock.clearTimeout(timer);
      resolve(false);
    };
    const timer = clock.setTimeout(() => {
      signal.removeEventListener('abort', wake);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', wake, { once: true });
  });
}

/** The same, for a start that must not go on. @throws ExitError without a text when `signal` is aborted. */
export async function interruptible<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let giveUp: (() => void) | undefined;
  const interrupted = new Promise<never>((_, reject) => {
    giveUp = () => reject(new ExitError(exitCodes.ok, 'STOPPED', ''));
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return await Promise.race([work, interrupted]);
  } finally {
    if (giveUp !== undefined) signal.removeEventListener('abort', giveUp);
  }
}
