/**
 * A cursor over exactly one frame's body: every read is checked against the end, `end()` demands that nothing is left.
 */
import { asBuffer, isUtf8, readU16, readU32, readU64, U53_MAX } from '../base/index.js';
import { ProtocolError } from './errors.js';

const NOTHING = Buffer.alloc(0);
/** Texts up to this long that are plain ASCII are built without asking native code twice. */
const SHORT_TEXT_BYTES = 64;

export class Reader {
  #bytes: Buffer = NOTHING;
  #offset = 0;
  #end = 0;

  /** Begins to read `bytes` at `offset`. */
  reset(bytes: Uint8Array, offset = 0): this {
    this.#bytes = asBuffer(bytes);
    this.#offset = offset;
    this.#end = bytes.length;
    return this;
  }

  /** Lets go of the bytes, so that a finished frame is not kept alive. */
  release(): void {
    this.#bytes = NOTHING;
    this.#offset = 0;
    this.#end = 0;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    return readU16(this.#bytes, this.#take(2));
  }

  u32(): number {
    return readU32(this.#bytes, this.#take(4));
  }

  /** Eight bytes, at most 2^53-1 and at least `low`. */
  u53(low = 0): number {
    const value = readU64(this.#bytes, this.#take(8));
    if (value > U53_MAX || value < low) throw new ProtocolError('outOfRange', `number ${value} outside ${low}..2^53-1`);
    return value;
  }

  bool(): boolean {
    const value = this.u8();
    if (value > 1) throw new ProtocolError('unknownValue', `boolean ${value}`);
    return value === 1;
  }

  /** The next `length` bytes as a view of the frame. */
  fixed(length: number): Buffer {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** u16 length, then that many bytes, at most `bytesMax`; a view of the frame. */
  bytes16(bytesMax = 0xffff): Buffer {
    const length = this.u16();
    if (length > bytesMax) throw new ProtocolError('outOfRange', `${length} bytes where ${bytesMax} are allowed`);
    return this.fixed(length);
  }

  /** u32 length, then that many bytes; a view of the frame. */
  bytes32(): Buffer {
    return this.fixed(this.u32());
  }

  /** Everything that is left; a view of the frame. */
  rest(): Buffer {
    return this.fixed(this.remaining);
  }

  /** u16 length, then UTF-8, at most `bytesMax` bytes. */
  string(bytesMax = 0xffff): string {
    const length = this.u16();
    if (length > bytesMax)
      throw new ProtocolError('outOfRange', `text of ${length} bytes where ${bytesMax} are allowed`);
    const start = this.#take(length);
    return textAt(this.#bytes, start, start + length);
  }

  /**
   * A u16 count of elements of at least `elementBytes` each; refused before anything is allocated if they cannot be
   * there.
   */
  count16(elementBytes: number): number {
    return this.#count(this.u16(), elementBytes);
  }

  /** The same with a u32 count. */
  count32(elementBytes: number): number {
    return this.#count(this.u32(), elementBytes);
  }

  /** Demands that the frame was read to its last byte. */
  end(): void {
    if (this.remaining !== 0) throw new ProtocolError('leftOver', `${this.remaining} bytes after the last field`);
  }

  #count(count: number, elementBytes: number): number {
    if (count * elementBytes > this.remaining) {
      throw new ProtocolError('count', `${count} elements of ${elementBytes}+ bytes in ${this.remaining} bytes`);
    }
    return count;
  }

  /** Moves on by `length` and gives where it stood. */
  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#end - start) {
      throw new ProtocolError('truncated', `${length} bytes wanted, ${this.#end - start} left`);
    }
    this.#offset = start + length;
    return start;
  }
}

/** bytes[start, end) as text; throws {@link ProtocolError} `utf8` if they are none. */
export function textAt(bytes: Buffer, start: number, end: number): string {
  if (end - start <= SHORT_TEXT_BYTES) {
    let seen = 0;
    for (let i = start; i < end; i++) seen |= bytes[i] as number;
    if (seen < 0x80) return bytes.toString('latin1', start, end);
  }
  if (!isUtf8(bytes, start, end)) throw new ProtocolError('utf8', `${end - start} bytes are no UTF-8`);
  return bytes.toString('utf8', start, end);
}
