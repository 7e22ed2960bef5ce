/**
 * Cuts a stream into whole frames although it may have been joined in the middle: a toxic can be set while bytes flow.
 */
import { crc32, limits, readU32 } from '../../base/index.js';
import { FRAME_HEADER_BYTES, FRAME_VERSION, frameBytesMax, specOfCode } from '../../wire/index.js';

export interface FrameCutterOutput {
  /** One whole frame. */
  frame(frame: Uint8Array): void;
  /** Bytes, in their place, of which no frame is known, or of one that is too large to be kept. */
  loose(bytes: Uint8Array): void;
}

/** The length and the checksum, which the length does not count. */
const prefixBytes = 8;
const frameBytesLimit = frameBytesMax('server');
/** Frames up to this are collected; larger ones pass while they arrive. */
const keptBytesMax = limits.frameBytesMaxClient;
/** So much of what has passed is searched for a frame: heartbeats, if nothing else, are far smaller. */
const windowBytesMax = 64 * 1024;
const nothing = new Uint8Array(0);

export class FrameCutter {
  readonly #output: FrameCutterOutput;
  /** True once it is known where a frame begins: at the first byte after those that pass. */
  #isAligned = false;
  /** Bytes that still belong to a frame that was, or is being, passed. */
  #passingBytes = 0;
  /** The beginning of a frame, in chunks. */
  #kept: Uint8Array[] = [];
  #keptBytes = 0;
  /** Nothing can be said before so many are kept. */
  #wantedBytes = 0;
  /** While not aligned: what has passed last. */
  #window: Uint8Array = nothing;

  constructor(output: FrameCutterOutput) {
    this.#output = output;
  }

  get heldBytes(): number {
    return this.#keptBytes;
  }

  push(chunk: Uint8Array): void {
    let rest = chunk;
    if (!this.#isAligned) {
      const untilFrameBytes = this.#search(chunk);
      if (untilFrameBytes === undefined) {
        this.#output.loose(chunk);
        return;
      }
      this.#isAligned = true;
      this.#passingBytes = untilFrameBytes;
    }
    if (this.#passingBytes > 0) {
      const passing = rest.subarray(0, this.#passingBytes);
      this.#passingBytes -= passing.length;
      this.#output.loose(passing);
      rest = rest.subarray(passing.length);
    }
    if (rest.length > 0) this.#collect(rest);
  }

  /** Gives up what is kept, as it is, and where frames begin. */
  flush(): void {
    const bytes = this.#takeKept();
    this.#isAligned = false;
    this.#passingBytes = 0;
    this.#window = nothing;
    if (bytes.length > 0) this.#output.loose(bytes);
  }

  #collect(chunk: Uint8Array): void {
    this.#kept.push(chunk);
    this.#keptBytes += chunk.length;
    if (this.#keptBytes < this.#wantedBytes) return;
    const bytes = this.#takeKept();
    const doneBytes = this.#cut(bytes);
    if (doneBytes === bytes.length) return;
    this.#kept = [bytes.subarray(doneBytes)];
    this.#keptBytes = bytes.length - doneBytes;
  }

  #takeKept(): Uint8Array {
    const bytes = this.#kept.length === 1 ? (this.#kept[0] as Uint8Array) : Buffer.concat(this.#kept, this.#keptBytes);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#wantedBytes = 0;
    return bytes;
  }

  /** Gives out all whole frames; returns where the one begins that is not complete. */
  #cut(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      if (bytes.length - at < FRAME_HEADER_BYTES) {
        this.#wantedBytes = FRAME_HEADER_BYTES;
        return at;
      }
      const frameBytes = frameBytesAt(bytes, at);
      const end = at + (frameBytes ?? 0);
      if (frameBytes === undefined) {
        this.#isAligned = false;
        this.#output.loose(bytes.subarray(at));
        return bytes.length;
      }
      if (end <= bytes.length) this.#output.frame(bytes.subarray(at, end));
      else if (frameBytes > keptBytesMax) {
        this.#passingBytes = end - bytes.length;
        this.#output.loose(bytes.subarray(at));
      } else {
        this.#wantedBytes = frameBytes;
        return at;
      }
      at = end;
    }
    return bytes.length;
  }

  /**
   * How many bytes after the beginning of `chunk` the next frame begins, undefined as long as that is unknown. A frame
   * that was seen whole, with the right checksum, tells it, even if it has passed; from its end on lengths lead here.
   */
  #search(chunk: Uint8Array): number | undefined {
    const passedBytes = this.#window.length;
    const bytes = passedBytes === 0 ? chunk : Buffer.concat([this.#window, chunk]);
    for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; at++) {
      if (!isWholeFrame(bytes, at)) continue;
      let next: number | undefined = at;
      while (next !== undefined && next < passedBytes) {
        const frameBytes = frameBytesAt(bytes, next);
        next = frameBytes === undefined ? undefined : next + frameBytes;
      }
      if (next === undefined) continue;
      this.#window = nothing;
      return next - passedBytes;
    }
    // Copied: a view would keep all of the chunk.
    this.#window = Buffer.from(bytes.subarray(-windowBytesMax));
    return undefined;
  }
}

/** The bytes of the frame that begins here; undefined when none does, or its header is not all there. */
function frameBytesAt(bytes: Uint8Array, at: number): number | undefined {
  if (bytes.length - at < FRAME_HEADER_BYTES || bytes[at + 8] !== FRAME_VERSION) return undefined;
  const frameBytes = prefixBytes + readU32(bytes, at);
  const isFrame =
    frameBytes >= FRAME_HEADER_BYTES &&
    frameBytes <= frameBytesLimit &&
    specOfCode(bytes[at + 9] as number) !== undefined &&
    bytes[at + 10] === 0 &&
    bytes[at + 11] === 0;
  return isFrame ? frameBytes : undefined;
}

function isWholeFrame(bytes: Uint8Array, at: number): boolean {
  const frameBytes = frameBytesAt(bytes, at);
  if (frameBytes === undefined || at + frameBytes > bytes.length) return false;
  return crc32(bytes.subarray(at + prefixBytes, at + frameBytes)) === readU32(bytes, at + 4);
}
