/**
 * Chunks in, whole frames out: a length is checked before anything is kept for it, the checksum before anything is
 * decoded.
 */
import { assert, crc32, limits, readU32 } from '../base/index.js';
import { ProtocolError } from './errors.js';

/** u32 length · u32 checksum · u8 version · u8 type · u16 reserved. */
export const FRAME_HEADER_BYTES = 12;
/** The two fields that the length does not count. */
const PREFIX_BYTES = 8;
/** Version, type and reserved: the smallest value of the length field. */
const LENGTH_MIN = FRAME_HEADER_BYTES - PREFIX_BYTES;
/** The version of every frame we send, and the only one we read. Hello negotiates later ones (docs/PROTOCOL.md). */
export const FRAME_VERSION = 1;

/**
 * Cuts one connection's stream into frames. After it has thrown it stays broken: the stream cannot be trusted any more.
 * A frame that lies within one chunk is a view of that chunk; only a frame across chunks is copied, once, plus what a
 * buffer that doubles costs. What is kept never exceeds twice what really arrived: a length alone allocates nothing
 * large.
 */
export class FrameSplitter {
  #limitBytes: number;
  /** Chunks not yet looked at; the first one from #offset on. */
  readonly #chunks: Uint8Array[] = [];
  #first = 0;
  #offset = 0;
  #chunkBytes = 0;
  /** The beginning of a frame that lies across chunks. */
  #partial: Buffer | undefined;
  #partialBytes = 0;
  #broken: ProtocolError | undefined;

  /** `limitBytes` bounds a whole frame, its header included. */
  constructor(limitBytes: number) {
    assert(limitBytes >= FRAME_HEADER_BYTES, `frame limit ${limitBytes}`);
    this.#limitBytes = limitBytes;
  }

  /** Another limit from the next frame on: a connection gets more once its hello was accepted. */
  setLimit(limitBytes: number): void {
    assert(limitBytes >= FRAME_HEADER_BYTES, `frame limit ${limitBytes}`);
    this.#limitBytes = limitBytes;
  }

  /** Bytes that arrived and have not been given out. */
  get bufferedBytes(): number {
    return this.#partialBytes + this.#chunkBytes;
  }

  /** True while a frame has begun and is not complete, as far as `next` has looked. */
  get midFrame(): boolean {
    return this.bufferedBytes > 0;
  }

  /**
   * Takes the next bytes of the stream and owns them from now on. Call `next` until it gives undefined before the next
   * push.
   */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0 || this.#broken !== undefined) return;
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.length;
  }

  /**
   * The next whole frame from its version field on (what {@link decode} reads), or undefined until more has arrived.
   * Throws {@link ProtocolError}, and from then on the same one again.
   */
  next(): Uint8Array | undefined {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      return this.#next();
    } catch (error) {
      if (error instanceof ProtocolError) this.#break(error);
      throw error;
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#chunkBytes === 0) return undefined;
    if (this.#partial === undefined) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const here = chunk.length - this.#offset;
      if (here >= PREFIX_BYTES) {
        const length = this.#checkLength(readU32(chunk, this.#offset));
        const frameBytes = PREFIX_BYTES + length;
        if (here >= frameBytes) {
          const start = this.#offset;
          this.#consume(frameBytes);
          return checked(chunk, start, frameBytes);
        }
      }
    }
    return this.#assemble();
  }

  /** Collects a frame that lies across chunks. */
  #assemble(): Uint8Array | undefined {
    if (!this.#fill(PREFIX_BYTES)) return undefined;
    const frameBytes = PREFIX_BYTES + this.#checkLength(readU32(this.#partial as Buffer, 0));
    if (!this.#fill(frameBytes)) return undefined;
    const whole = this.#partial as Buffer;
    this.#partial = undefined;
    this.#partialBytes = 0;
    return checked(whole, 0, frameBytes);
  }

  /** Moves bytes into #partial until it holds `wanted`; false if they have not all arrived. */
  #fill(wanted: number): boolean {
    while (this.#partialBytes < wanted && this.#chunkBytes > 0) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const take = Math.min(wanted - this.#partialBytes, chunk.length - this.#offset);
      this.#ensureCapacity(this.#partialBytes + take, wanted);
      (this.#partial as Buffer).set(chunk.subarray(this.#offset, this.#offset + take), this.#partialBytes);
      this.#partialBytes += take;
      this.#consume(take);
    }
    return this.#partialBytes >= wanted;
  }

  /** Room for `bytes` of a frame of `frameBytes`; grows by doubling, so that only what arrives is paid for. */
  #ensureCapacity(bytes: number, frameBytes: number): void {
    const have = this.#partial;
    if (have !== undefined && have.length >= bytes) return;
    const doubled = Math.max(bytes, have === undefined ? 0 : have.length * 2, limits.frameAssemblyBytes);
    const wider = Buffer.allocUnsafe(Math.max(bytes, Math.min(doubled, frameBytes)));
    if (have !== undefined) wider.set(have.subarray(0, this.#partialBytes), 0);
    this.#partial = wider;
  }

  #consume(bytes: number): void {
    this.#offset += bytes;
    this.#chunkBytes -= bytes;
    const chunk = this.#chunks[this.#first] as Uint8Array;
    if (this.#offset < chunk.length) return;
    this.#offset = 0;
    this.#first++;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
    }
  }

  #checkLength(length: number): number {
    if (length < LENGTH_MIN) throw new ProtocolError('tooShort', `frame length ${length}, the least is ${LENGTH_MIN}`);
    if (length > this.#limitBytes - PREFIX_BYTES) {
      throw new ProtocolError(
        'tooLong',
        `frame of ${length + PREFIX_BYTES} bytes where ${this.#limitBytes} are allowed`,
      );
    }
    return length;
  }

  #break(error: ProtocolError): void {
    this.#broken = error;
    this.#chunks.length = 0;
    this.#first = 0;
    this.#offset = 0;
    this.#chunkBytes = 0;
    this.#partial = undefined;
    this.#partialBytes = 0;
  }
}

/** The frame at `start` from its version field on, once its checksum has been found right. */
function checked(bytes: Uint8Array, start: number, frameBytes: number): Uint8Array {
  const content = bytes.subarray(start + PREFIX_BYTES, start + frameBytes);
  const expected = readU32(bytes, start + 4);
  const actual = crc32(content);
  if (expected !== actual) {
    throw new ProtocolError('checksum', `frame says ${expected.toString(16)}, its bytes give ${actual.toString(16)}`);
  }
  return content;
}
