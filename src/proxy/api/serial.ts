/** Asynchronous work, one piece after the other: what one has found to be so is still so when it acts. */

export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when all that was given before has been done, well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }
}
