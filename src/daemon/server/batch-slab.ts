/** Joins runs and other items into batches without copying anything twice: batches are carved out of large buffers. */
import { assert } from '../../base/index.js';

/** Bytes of an item's kind and length (wire/entry.ts). */
export const itemHeaderBytes = 5;
const itemKindRun = 1;

/** Fresh memory for batches is taken in pieces of this size; a piece lives until nothing in it is needed any more. */
const slabBytes = 1 << 18;

/**
 * Appends bytes to the batch that is being built. A batch and the items in it are views of one slab, so that what is
 * kept for a later resubmission costs no copy of its own. Slabs are never reused: whoever holds a view may keep it.
 */
export class BatchSlab {
  #slab: Buffer = Buffer.alloc(0);
  /** Where the batch being built begins, and where it ends so far. */
  #start = 0;
  #end = 0;

  /** Bytes in the batch that is being built. */
  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** True if `bytes` more can be appended without moving what the batch already holds. */
  fits(bytes: number): boolean {
    return this.#end + bytes <= this.#slab.length;
  }

  /**
   * Copies an encoded item behind the others and returns the copy. When it doesn't {@link fits}, the batch must be
   * empty.
   */
  append(item: Uint8Array): Uint8Array {
    const at = this.#reserve(item.length);
    this.#slab.set(item, at);
    return this.#slab.subarray(at, this.#end);
  }

  /** The same for a bare run, which becomes an item here. */
  appendRun(run: Uint8Array): Uint8Array {
    const at = this.#reserve(itemHeaderBytes + run.length);
    this.#slab[at] = itemKindRun;
    this.#slab.writeUInt32BE(run.length, at + 1);
    this.#slab.set(run, at + itemHeaderBytes);
    return this.#slab.subarray(at, this.#end);
  }

  /** Ends the batch and returns it; the next item begins another. */
  take(): Uint8Array {
    const batch = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return batch;
  }

  /** Makes room for `bytes` at the end of the batch and returns where they begin. */
  #reserve(bytes: number): number {
    if (!this.fits(bytes)) {
      assert(this.pendingBytes === 0, 'a batch does not move while it is built');
      this.#slab = Buffer.allocUnsafeSlow(Math.max(slabBytes, bytes));
      this.#start = 0;
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return at;
  }
}
