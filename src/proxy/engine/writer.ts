/** The sending end of one direction: what a batch brings together leaves in one write. */
import type { Socket } from 'node:net';
import type { Batch } from './batch.js';

/** Pieces are joined by copying up to this; what is more leaves as one vectored write. */
const joinBytesMax = 64 * 1024;
/** Larger pieces are not copied, unless all fit together. */
const smallBytesMax = 4 * 1024;

export class Writer {
  readonly #socket: Socket;
  readonly #batch: Batch;
  readonly #sentTo: { sent: number };
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #joined = false;
  #ended = false;

  /** `sentTo` counts what is handed to the operating system. */
  constructor(socket: Socket, batch: Batch, sentTo: { sent: number }) {
    this.#socket = socket;
    this.#batch = batch;
    this.#sentTo = sentTo;
  }

  /** Bytes that the operating system has not taken yet. */
  get queuedBytes(): number {
    return this.#bytes + this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.#ended || this.#socket.destroyed || bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#bytes += bytes.length;
    this.#join();
  }

  /** FIN, behind everything written so far. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#join();
  }

  /** Called by the batch. */
  flush(): void {
    this.#joined = false;
    const pieces = this.#pieces;
    const bytes = this.#bytes;
    this.#pieces = [];
    this.#bytes = 0;
    if (this.#socket.destroyed) return;
    this.#sentTo.sent += bytes;
    if (pieces.length === 1) this.#socket.write(pieces[0] as Uint8Array);
    else if (pieces.length > 1 && bytes <= joinBytesMax) this.#socket.write(Buffer.concat(pieces, bytes));
    else if (pieces.length > 1) {
      this.#socket.cork();
      for (const piece of joinSmall(pieces)) this.#socket.write(piece);
      this.#socket.uncork();
    }
    if (this.#ended) this.#socket.end();
  }

  #join(): void {
    if (this.#joined) return;
    this.#joined = true;
    this.#batch.join(this);
  }
}

/** The same bytes in fewer pieces: runs of small ones are copied together. */
function joinSmall(pieces: readonly Uint8Array[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    if (run.length > 0) joined.push(run.length === 1 ? (run[0] as Uint8Array) : Buffer.concat(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const piece of pieces) {
    if (piece.length > smallBytesMax) {
      endRun();
      joined.push(piece);
      continue;
    }
    if (runBytes + piece.length > joinBytesMax) endRun();
    run.push(piece);
    runBytes += piece.length;
  }
  endRun();
  return joined;
}
