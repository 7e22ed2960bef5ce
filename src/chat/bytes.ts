/** Growing and reading the bytes of rows: variable-length integers up to 2^53 − 1 and short strings. */
import { asBuffer, assert } from '../base/index.js';

/** Bytes that are not what was once written: a damaged store, or another program's rows. */
export class DamagedRow extends Error {
  override readonly name = 'DamagedRow';
}

/** Appends to one buffer that doubles; what a row costs in memory is its bytes, not objects. */
export class ByteWriter {
  #bytes: Buffer;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = Buffer.allocUnsafe(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  /** Little-endian base 128, at most 8 bytes for a safe integer. */
  varint(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'a varint holds safe integers from 0 on');
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Bytes as they are, without their length. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A length and the bytes. */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  text(text: string): void {
    const length = Buffer.byteLength(text, 'utf8');
    this.varint(length);
    this.#room(length);
    this.#bytes.write(text, this.#length, 'utf8');
    this.#length += length;
  }

  /** Forgets everything written, keeping the buffer. */
  clear(): void {
    this.#length = 0;
  }

  /** A copy of what was written. */
  copy(): Uint8Array {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what a {@link ByteWriter} wrote; throws {@link DamagedRow} on anything else. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  u8(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw new DamagedRow('a row ends too early');
    this.#at += 1;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      scale *= 0x80;
    }
    throw new DamagedRow('a row holds a number above 2^53');
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new DamagedRow('a row ends too early');
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  /** Everything that is left. */
  rest(): Uint8Array {
    return this.raw(this.#bytes.length - this.#at);
  }

  text(): string {
    return asBuffer(this.bytes()).toString('utf8');
  }

  /** Asserts that nothing is left over. */
  end(): void {
    if (!this.done) throw new DamagedRow('a row is longer than what it holds');
  }
}
