/** Callbacks for those who await. */

/** As a promise what takes a callback. */
export function settled(work: (done: (error: Error | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => work((error) => (error === undefined ? resolve() : reject(error))));
}
