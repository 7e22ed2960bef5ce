/** Memory for encoded lines: written one behind the other into slabs, so that a run of lines is one copy. */

const SLAB_BYTES = 64 * 1024;

/** One encoded message of a run (wire/run.ts): where its bytes lie. */
export interface SlabSpan {
  readonly slab: Buffer;
  readonly start: number;
  readonly end: number;
}

export class TextSlab {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  #used = 0;

  /** At least `bytes` of room behind `offset` in `slab`; what is written there must be taken with `take`. */
  reserve(bytes: number): { readonly slab: Buffer; readonly offset: number } {
    if (this.#used + bytes > this.#slab.length) {
      // The old slab lives on as long as a line in it waits.
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes));
      this.#used = 0;
    }
    return { slab: this.#slab, offset: this.#used };
  }

  take(bytes: number): void {
    this.#used += bytes;
  }
}
