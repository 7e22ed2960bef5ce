/** Collects one frame that lies across chunks, in a buffer that grows with what really arrived. */
const firstBytes = 4 * 1024;

export class FrameAssembler {
  #buffer = Buffer.allocUnsafe(0);
  #length = 0;

  /** Bytes collected. */
  get length(): number {
    return this.#length;
  }

  /** What has been collected; a view that the next `add` or `take` invalidates. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Adds bytes of `chunk` from `offset` on until `wanted` are there; returns how many it took. */
  add(chunk: Uint8Array, offset: number, wanted: number): number {
    const count = Math.min(wanted - this.#length, chunk.length - offset);
    if (count <= 0) return 0;
    this.#reserve(this.#length + count, wanted);
    this.#buffer.set(chunk.subarray(offset, offset + count), this.#length);
    this.#length += count;
    return count;
  }

  /** Gives away what was collected, and begins anew. */
  take(): Uint8Array {
    const whole = this.bytes;
    this.#buffer = Buffer.allocUnsafe(0);
    this.#length = 0;
    return whole;
  }

  #reserve(bytes: number, wanted: number): void {
    if (this.#buffer.length >= bytes) return;
    const doubled = Math.max(bytes, this.#buffer.length * 2, firstBytes);
    const wider = Buffer.allocUnsafe(Math.max(bytes, Math.min(doubled, wanted)));
    wider.set(this.bytes, 0);
    this.#buffer = wider;
  }
}
