/** Keeps small pieces of bytes side by side in larger buffers: one that is kept must not keep its whole chunk. */

/** A larger piece gets a buffer of its own. */
const pieceBytesMax = 2 * 1024;
const slabBytes = 16 * 1024;

export class Slab {
  #shared = Buffer.allocUnsafe(0);
  #used = 0;
  /** Where the piece that was kept last lies. */
  bytes: Uint8Array = this.#shared;
  start = 0;
  end = 0;

  /** Copies the piece. */
  keep(piece: Uint8Array): this {
    if (piece.length > pieceBytesMax) {
      this.bytes = Buffer.from(piece);
      this.start = 0;
    } else {
      if (this.#used + piece.length > this.#shared.length) {
        this.#shared = Buffer.allocUnsafeSlow(slabBytes);
        this.#used = 0;
      }
      this.#shared.set(piece, this.#used);
      this.bytes = this.#shared;
      this.start = this.#used;
      this.#used += piece.length;
    }
    this.end = this.start + piece.length;
    return this;
  }
}
