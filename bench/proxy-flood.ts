/** Sends frames to the counting listener as fast as the connection takes them, and sees that each one arrives. */
import type { Socket } from 'node:net';
import { until } from '../test/support/until.js';
import { dial, frameBlock } from './proxy-frames.js';
import type { FarEnd } from './proxy-programs.js';

const blockBytes = 256 * 1024;
const arriveMs = 20_000;

export class Flood {
  readonly #farEnd: FarEnd;
  readonly #socket: Socket;
  readonly #blockFrames: number;
  readonly #block: Buffer;
  /** What the listener had counted before. */
  readonly #countedBefore: number;
  #isRunning = true;
  #sentFrames = 0;

  private constructor(farEnd: FarEnd, socket: Socket, frameBytes: number, countedBefore: number) {
    this.#farEnd = farEnd;
    this.#socket = socket;
    this.#blockFrames = Math.floor(blockBytes / frameBytes);
    this.#block = frameBlock(frameBytes, this.#blockFrames);
    this.#countedBefore = countedBefore;
    socket.on('drain', () => this.#pump());
    this.#pump();
  }

  static async start(farEnd: FarEnd, port: number, frameBytes: number): Promise<Flood> {
    const { frames } = await farEnd.ask('totals');
    return new Flood(farEnd, await dial(port), frameBytes, frames);
  }

  /** Sends nothing more; resolves once every frame sent has been counted. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    const goal = this.#countedBefore + this.#sentFrames;
    await until(`${this.#sentFrames} frames to arrive`, arriveMs, async () => {
      return (await this.#farEnd.ask('totals')).frames === goal;
    });
    this.#socket.destroy();
  }

  #pump(): void {
    while (this.#isRunning) {
      this.#sentFrames += this.#blockFrames;
      if (!this.#socket.write(this.#block)) return;
    }
  }
}
