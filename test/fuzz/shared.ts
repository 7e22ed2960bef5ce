/** Memory that the fuzzing thread writes and its watcher reads: what is being read, and since how many inputs. */

/** Larger inputs are shown cut; `mutate` makes none. */
const inputBytesMax = 128 * 1024;
const headerInts = 3;

/** In a SharedArrayBuffer, because a thread that hangs answers no message. */
export class SharedProgress {
  readonly buffer: SharedArrayBuffer;
  readonly #ints: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(headerInts * 4 + inputBytesMax)) {
    this.buffer = buffer;
    this.#ints = new Int32Array(buffer, 0, headerInts);
    this.#bytes = new Uint8Array(buffer, headerInts * 4);
  }

  /** The thread is about to read `input` for the target of this number. */
  begin(target: number, input: Buffer): void {
    this.#bytes.set(input.subarray(0, inputBytesMax));
    this.#ints[1] = Math.min(input.length, inputBytesMax);
    this.#ints[2] = target;
    Atomics.add(this.#ints, 0, 1);
  }

  /** Rises with each input; wraps around. */
  get count(): number {
    return Atomics.load(this.#ints, 0);
  }

  /** What was being read last. */
  get last(): { readonly target: number; readonly input: Buffer } {
    return { target: this.#ints[2] as number, input: Buffer.from(this.#bytes.slice(0, this.#ints[1])) };
  }
}
