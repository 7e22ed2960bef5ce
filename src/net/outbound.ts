/**
 * The sending half of a connection: frames of a turn go to the socket in one write (PERFORMANCE.md, choices 2 and 10).
 */
import type { Socket } from 'node:net';

/** Turns that add up to at most this are copied together; larger ones go out as one vectored write without copying. */
const COALESCE_BYTES = 64 * 1024;

let scratch = Buffer.allocUnsafeSlow(COALESCE_BYTES);

export class Outbound {
  readonly #socket: Socket;
  /** Only a plain socket is done with a buffer when nothing of it waits; TLS may keep it. */
  readonly #mayReuse: boolean;
  #frames: Uint8Array[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#mayReuse = !('encrypted' in socket);
  }

  /** Bytes that the operating system has not taken yet, this turn's included. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  get empty(): boolean {
    return this.#bytes === 0;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /** Forgets what this turn collected. */
  drop(): void {
    this.#frames = [];
    this.#bytes = 0;
  }

  /** Gives everything collected to the socket in one write. */
  flush(): void {
    const frames = this.#frames;
    const bytes = this.#bytes;
    this.drop();
    const first = frames[0];
    if (first === undefined) return;
    if (frames.length === 1) {
      this.#socket.write(first);
      return;
    }
    if (bytes > COALESCE_BYTES) {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
      return;
    }
    let offset = 0;
    for (const frame of frames) {
      scratch.set(frame, offset);
      offset += frame.length;
    }
    this.#socket.write(scratch.subarray(0, offset));
    if (!this.#mayReuse || this.#socket.writableLength > 0) scratch = Buffer.allocUnsafeSlow(COALESCE_BYTES);
  }
}
