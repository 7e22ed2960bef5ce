/** A bound on bytes that many connections hold together, so that many small hoards cannot add up to all memory. */
import { assert } from '../base/index.js';

export class ByteBudget {
  readonly #bytesMax: number;
  #used = 0;

  constructor(bytesMax: number) {
    assert(bytesMax > 0, `byte budget ${bytesMax}`);
    this.#bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.#used;
  }

  /** Changes one holder's share from `before` to `after` bytes; false, and no change, when that passes the bound. */
  change(before: number, after: number): boolean {
    const used = this.#used - before + after;
    assert(used >= 0, 'byte budget gave back more than was taken');
    if (after > before && used > this.#bytesMax) return false;
    this.#used = used;
    return true;
  }
}
