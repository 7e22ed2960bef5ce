/**
 * Builds frames one after the other in slabs that are never written twice, so that no frame is copied out or cleared.
 */
import { crc32, InvariantError, writeU16, writeU32, writeU53 } from '../base/index.js';
import { FRAME_HEADER_BYTES, FRAME_VERSION } from './framing.js';

/** Small frames share slabs of this size; a slab is freed when the last of its frames is. */
const SLAB_BYTES = 32 * 1024;
/** Texts up to this long are copied by a loop as long as they are ASCII. */
const SHORT_TEXT_CHARS = 64;

/**
 * Whatever is handed in is our own doing, so numbers out of range are assertions here, where the reader throws
 * ProtocolErrors.
 */
export class Writer {
  #slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where the free part of the shared slab begins. */
  #free = 0;
  /** The buffer being written: the slab, or an own one once the frame has outgrown it. */
  #buffer: Buffer = this.#slab;
  #start = 0;
  #offset = 0;

  /** Begins a frame; an unfinished one is forgotten. */
  beginFrame(): void {
    this.begin();
    this.#reserve(FRAME_HEADER_BYTES);
  }

  /** Begins plain bytes without a frame around them. */
  begin(): void {
    this.#buffer = this.#slab;
    this.#start = this.#free;
    this.#offset = this.#free;
  }

  /** Fills in the header and gives the whole frame. It is the caller's for ever: its bytes are not written again. */
  finishFrame(typeCode: number): Buffer {
    const frame = this.finish();
    writeU32(frame, 0, frame.length - 8);
    frame[8] = FRAME_VERSION;
    frame[9] = typeCode;
    frame[10] = 0;
    frame[11] = 0;
    writeU32(frame, 4, crc32(frame.subarray(8)));
    return frame;
  }

  /** Gives what was written since `begin`. */
  finish(): Buffer {
    const bytes = this.#buffer.subarray(this.#start, this.#offset);
    if (this.#buffer === this.#slab) this.#free = this.#offset;
    else this.#buffer = this.#slab;
    this.#start = this.#free;
    this.#offset = this.#free;
    return bytes;
  }

  u8(value: number): void {
    if ((value & 0xff) !== value) refuse('u8', value);
    const at = this.#reserve(1);
    this.#buffer[at] = value;
  }

  u16(value: number): void {
    if ((value & 0xffff) !== value) refuse('u16', value);
    const at = this.#reserve(2);
    writeU16(this.#buffer, at, value);
  }

  u32(value: number): void {
    if (value >>> 0 !== value) refuse('u32', value);
    const at = this.#reserve(4);
    writeU32(this.#buffer, at, value);
  }

  /** `low` as in Reader.u53: we never write what the other side must refuse. */
  u53(value: number, low = 0): void {
    if (!Number.isSafeInteger(value) || value < low) refuse(`u53 from ${low}`, value);
    const at = this.#reserve(8);
    writeU53(this.#buffer, at, value);
  }

  bool(value: boolean): void {
    this.u8(value ? 1 : 0);
  }

  /** Exactly `length` bytes without a length field. */
  fixed(bytes: Uint8Array, length: number): void {
    if (bytes.length !== length) refuse(`${length} bytes`, bytes.length);
    this.raw(bytes);
  }

  bytes16(bytes: Uint8Array, bytesMax = 0xffff): void {
    if (bytes.length > bytesMax) refuse(`at most ${bytesMax} bytes`, bytes.length);
    this.u16(bytes.length);
    this.raw(bytes);
  }

  bytes32(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** u16 length and UTF-8, at most `bytesMax` bytes. */
  string(text: string, bytesMax = 0xffff): void {
    const lengthAt = this.#reserve(2 + text.length * 3);
    const textAt = lengthAt + 2;
    const length = this.#putText(text, textAt);
    if (length > bytesMax) refuse(`text of at most ${bytesMax} bytes`, length);
    writeU16(this.#buffer, lengthAt, length);
    this.#offset = textAt + length;
  }

  /** u8 length and UTF-8. */
  string8(text: string): void {
    const lengthAt = this.#reserve(1 + text.length * 3);
    const length = this.#putText(text, lengthAt + 1);
    if (length > 0xff) refuse('text of at most 255 bytes', length);
    this.#buffer[lengthAt] = length;
    this.#offset = lengthAt + 1 + length;
  }

  #putText(text: string, at: number): number {
    if (text.length <= SHORT_TEXT_CHARS) {
      let i = 0;
      for (; i < text.length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80) break;
        this.#buffer[at + i] = code;
      }
      if (i === text.length) return i;
    }
    return this.#buffer.write(text, at, 'utf8');
  }

  /** Makes room for `length` bytes and gives where they begin. */
  #reserve(length: number): number {
    const at = this.#offset;
    const end = at + length;
    if (end > this.#buffer.length) return this.#grow(length);
    this.#offset = end;
    return at;
  }

  /** Moves the unfinished frame to a fresh slab, or to a buffer of its own if it is large. */
  #grow(length: number): number {
    const have = this.#offset - this.#start;
    const need = have + length;
    let wider: Buffer;
    if (need <= SLAB_BYTES / 2) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#free = 0;
      wider = this.#slab;
    } else {
      const bytes = this.#buffer === this.#slab ? need : Math.max(need, have * 2);
      wider = Buffer.allocUnsafeSlow(bytes);
    }
    wider.set(this.#buffer.subarray(this.#start, this.#offset), 0);
    this.#buffer = wider;
    this.#start = 0;
    this.#offset = need;
    return have;
  }
}

/** The assertion of this file. Not `assert`, whose text would be built for every field of every frame. */
function refuse(field: string, value: number): never {
  throw new InvariantError(`${value} in a field of ${field}: nobody could read this frame`);
}
