/** The state hash H(s) = hash(H(s − 1), s, entry, results) in two 32-bit lanes (PAXOS.md, Invariants). */

/**
 * Two lanes that take the same 32-bit words with different constants (the mixing step of MurmurHash3). It finds
 * divergence, not forgery: whoever can write the log needs no collision.
 */
export class StateHash {
  #high = 0;
  #low = 0;

  mix(word: number): void {
    let a = Math.imul(word, 0xcc9e2d51);
    a = Math.imul((a << 15) | (a >>> 17), 0x1b873593);
    this.#high ^= a;
    this.#high = (Math.imul((this.#high << 13) | (this.#high >>> 19), 5) + 0xe6546b64) | 0;
    let b = Math.imul(word ^ this.#high, 0x85ebca6b);
    b = Math.imul((b << 16) | (b >>> 16), 0xc2b2ae35);
    this.#low ^= b;
    this.#low = (Math.imul((this.#low << 17) | (this.#low >>> 15), 5) + 0x38b34ae5) | 0;
  }

  /** A safe integer as two words. */
  mix53(value: number): void {
    this.mix((value / 0x1_0000_0000) | 0);
    this.mix(value | 0);
  }

  /** The 8 bytes, big-endian, a copy. */
  bytes(): Uint8Array {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeInt32BE(this.#high, 0);
    bytes.writeInt32BE(this.#low, 4);
    return bytes;
  }

  /** Goes on from a hash that {@link bytes} gave. */
  restore(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    this.#high = view.getInt32(0);
    this.#low = view.getInt32(4);
  }
}
