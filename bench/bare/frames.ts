/**
 * Frames of the bare pipeline: a client's are as long as synod's for the same lines, and hold nothing but what the
 * pipeline needs.
 */
import { readU32, writeU32 } from '../../src/base/index.js';

/** u32 bytes behind the header, u32 number of a client at the follower that forwards it, u8 kind, 3 bytes unused. */
export const headerBytes = 12;
const clientAt = 4;
const kindAt = 8;

/** What a frame is. */
export const Kind = { hello: 1, submit: 2, ack: 3, accept: 4, accepted: 5, forward: 6, forwardAck: 7 } as const;

/** In a submit before its lines: where synod has the session, the nonce, two seqs, and the count of lines. */
export const runHeaderBytes = 46;
/** A line besides its text: kind, two lengths, and the room `#bench`. */
export const lineBytesOver = 10;
/** An ack's body: session, seq, slot, a list of one outcome. */
export const ackBytes = 41;
/** In an accept before the runs: where synod has the ballot, the slot, a length and the entry's header. */
export const acceptHeaderBytes = 43;
/** In an accept before each run: where synod has the item's kind and length. */
export const itemHeaderBytes = 5;
/** An accepted's body: ballot, incarnation, slot, count. */
export const acceptedBytes = 36;

/** How long a frame is whose body has so many bytes, with kind and length filled in; the rest is not zeroed. */
export function newFrame(kind: number, bodyBytes: number): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + bodyBytes);
  writeU32(frame, 0, bodyBytes);
  setKind(frame, kind, 0);
  return frame;
}

export function kindOf(frame: Buffer): number {
  return frame[kindAt] ?? 0;
}

/** The client that a forwarded frame belongs to. */
export function clientOf(frame: Buffer): number {
  return readU32(frame, clientAt);
}

/** Makes another frame of one that was received, which belongs to the receiver. */
export function setKind(frame: Buffer, kind: number, client: number): void {
  frame[kindAt] = kind;
  writeU32(frame, clientAt, client);
}

/** Lines in a submit, lines that an ack acknowledges, the slot of an accept, the highest slot of an accepted. */
export function numberOf(frame: Buffer): number {
  return readU32(frame, headerBytes);
}

export function setNumber(frame: Buffer, value: number): void {
  writeU32(frame, headerBytes, value);
}

/** Chunks in, whole frames out: views of what came, which belong to the receiver. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  #wanted = 0;

  push(received: Buffer, onFrame: (frame: Buffer) => void): void {
    let chunk = received;
    if (this.#parts.length > 0) {
      this.#parts.push(received);
      this.#bytes += received.length;
      if (this.#bytes < this.#wanted) return;
      chunk = Buffer.concat(this.#parts);
      this.#parts = [];
    }
    let at = 0;
    let wanted = headerBytes;
    while (chunk.length - at >= headerBytes) {
      wanted = headerBytes + readU32(chunk, at);
      if (chunk.length - at < wanted) break;
      onFrame(chunk.subarray(at, at + wanted));
      at += wanted;
      wanted = headerBytes;
    }
    if (at === chunk.length) return;
    this.#parts = [chunk.subarray(at)];
    this.#bytes = chunk.length - at;
    this.#wanted = wanted;
  }
}
