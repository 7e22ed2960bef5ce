/** Listens to the terminal's input in raw mode and gives the key decoder the timers it does without. */
import type { ReadStream } from 'node:tty';
import type { TerminalInput } from '../model/input.js';
import { KeyDecoder } from './key-decoder.js';

/** What was typed ahead is read in the first turns. */
const aheadMs = 30;

export class Reader {
  readonly #input: ReadStream;
  readonly #onInput: (input: TerminalInput) => void;
  #decoder = new KeyDecoder();
  #timer: NodeJS.Timeout | undefined;
  #reading = false;
  /** What comes before was typed before raw mode: the kernel has made line feeds of Enter. */
  #aheadUntilMs = 0;

  constructor(input: ReadStream, onInput: (input: TerminalInput) => void) {
    this.#input = input;
    this.#onInput = onInput;
  }

  start(): void {
    if (this.#reading) return;
    this.#reading = true;
    this.#input.setRawMode?.(true);
    this.#input.on('data', this.#onData);
    this.#input.resume();
    this.#aheadUntilMs = performance.now() + aheadMs;
  }

  /** Leaves the stream paused and cooked; what was unfinished is forgotten. */
  stop(): void {
    if (!this.#reading) return;
    this.#reading = false;
    clearTimeout(this.#timer);
    this.#decoder = new KeyDecoder();
    this.#input.off('data', this.#onData);
    this.#input.pause();
    if (!this.#input.destroyed) this.#input.setRawMode?.(false);
  }

  readonly #onData = (data: Buffer | string): void => {
    clearTimeout(this.#timer);
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#hand(this.#decoder.decode(performance.now() < this.#aheadUntilMs ? enterForLineFeed(bytes) : bytes));
    const { waitMs } = this.#decoder;
    if (this.#reading && waitMs !== undefined) {
      this.#timer = setTimeout(() => this.#hand(this.#decoder.flush()), waitMs);
    }
  };

  #hand(inputs: readonly TerminalInput[]): void {
    for (const input of inputs) {
      // One of them may have closed or suspended the terminal: the rest was typed at a screen that is gone.
      if (this.#reading) this.#onInput(input);
    }
  }
}

function enterForLineFeed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.map((byte) => (byte === 0x0a ? 0x0d : byte)));
}
