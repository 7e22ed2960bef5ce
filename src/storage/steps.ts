/** Runs callback-style steps one after the other: the disk's answer decides whether the next one begins. */
import type { Done } from './disk.js';

export type Step = (done: Done) => void;

/** Calls `done` after the last step, or at once with the first error; the steps behind it never begin. */
export function runSteps(steps: readonly Step[], done: Done): void {
  const from = (i: number): void => {
    const step = steps[i];
    if (step === undefined) done(undefined);
    else step((error) => (error === undefined ? from(i + 1) : done(error)));
  };
  from(0);
}
