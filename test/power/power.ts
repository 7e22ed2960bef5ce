/** The power of one machine: while it is on, answers come; when it fails, each one that is due becomes an error. */

type Answer<Rest extends unknown[]> = (error: Error | undefined, ...rest: Rest) => void;

export class Power {
  #isOff = false;
  readonly #due = new Set<() => void>();

  get isOff(): boolean {
    return this.#isOff;
  }

  /**
   * `done`, to be called once: by its owner while the power is on, or with an error when it has failed. The process
   * that waits for it must come to its end in this one; a real one is simply gone.
   */
  answer<Rest extends unknown[]>(done: Answer<Rest>, ...nothing: NoInfer<Rest>): Answer<Rest> {
    const fail = (): void => done(powerError(), ...nothing);
    if (this.#isOff) {
      setImmediate(fail);
      return () => undefined;
    }
    this.#due.add(fail);
    return (error, ...rest) => {
      if (this.#due.delete(fail)) done(error, ...rest);
    };
  }

  /** It fails now. What waits hears of it in a later turn. */
  cut(): void {
    this.#isOff = true;
    const due = [...this.#due];
    this.#due.clear();
    for (const fail of due) setImmediate(fail);
  }
}

export function powerError(): Error {
  return Object.assign(new Error('EIO: the power is off'), { code: 'EIO' });
}
