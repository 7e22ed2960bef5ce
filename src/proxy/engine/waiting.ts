/** What a blocked direction goes on reading, within a bound: so much that the end of its source is still noticed. */

/** Enough for whatever a caller says before it is answered. */
const waitingBytesMax = 64 * 1024;

export class Waiting {
  #chunks: Uint8Array[] | undefined;
  #bytes = 0;

  /** True between `begin` and `end`. */
  get isOn(): boolean {
    return this.#chunks !== undefined;
  }

  /** Nothing more should be read for now. */
  get isFull(): boolean {
    return this.#bytes >= waitingBytesMax;
  }

  begin(): void {
    this.#chunks ??= [];
  }

  push(chunk: Uint8Array): void {
    this.#chunks?.push(chunk);
    this.#bytes += chunk.length;
  }

  /** Gives what has waited, in its order. */
  end(): readonly Uint8Array[] {
    const chunks = this.#chunks ?? [];
    this.#chunks = undefined;
    this.#bytes = 0;
    return chunks;
  }
}
