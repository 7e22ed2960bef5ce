/** What the user was told already: once is enough, however often it happens again. */

/** More than servers and balancers that a client knows; beyond it the oldest is forgotten. */
const toldMax = 128;

export class Told {
  readonly #keys = new Set<string>();

  /** Whether it was not told yet; from now on it was. */
  isNew(key: string): boolean {
    if (this.#keys.has(key)) return false;
    const [oldest] = this.#keys;
    if (this.#keys.size >= toldMax && oldest !== undefined) this.#keys.delete(oldest);
    this.#keys.add(key);
    return true;
  }

  /** All is well, or all is different: what happens from now on is news. */
  clear(): void {
    this.#keys.clear();
  }
}
