/** Chunks that a stage holds back, first in first out, taken out whole or in pieces. */
import { assert, BoundedQueue } from '../../base/index.js';

/** What a chunk costs besides its bytes: its own object, its place in the queue. */
const chunkBytesMin = 256;

/** What it costs to keep a chunk: a million chunks of one byte are not one megabyte. */
export function keepingBytes(chunk: Uint8Array): number {
  return Math.max(chunk.length, chunkBytesMin);
}

/** A queue of what stages keep. Its bound is kept by whoever reads the source (ToxicStage.heldBytes), not by it. */
export function unboundedQueue<T>(bytesOf: (item: T) => number): BoundedQueue<T> {
  return new BoundedQueue(Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, bytesOf);
}

export class ChunkQueue {
  readonly #chunks = unboundedQueue(keepingBytes);
  /** Bytes of the first chunk that were taken already. */
  #taken = 0;

  get isEmpty(): boolean {
    return this.#chunks.isEmpty;
  }

  get heldBytes(): number {
    return this.#chunks.bytes - this.#taken;
  }

  /** Bytes left of the first chunk, 0 when there is none. */
  get firstBytes(): number {
    return (this.#chunks.peek()?.length ?? 0) - this.#taken;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** The next bytes, at most `bytesMax`, never across two chunks. */
  take(bytesMax = Number.POSITIVE_INFINITY): Uint8Array {
    const chunk = this.#chunks.peek();
    assert(chunk !== undefined && bytesMax >= 1, 'there is something to take');
    const start = this.#taken;
    const end = Math.min(chunk.length, start + bytesMax);
    this.#taken = end;
    if (end === chunk.length) {
      this.#chunks.shift();
      this.#taken = 0;
    }
    return chunk.subarray(start, end);
  }
}
