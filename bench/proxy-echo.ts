/** Closed loop over one or many connections to an echo: each frame that comes back lets the next one go. */
import type { Socket } from 'node:net';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../test/support/until.js';
import { acceptFrame, nowUs } from './proxy-frames.js';

/** Round trips in microseconds. */
export interface RoundTrips {
  readonly count: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

const answerMs = 10_000;

interface Line {
  readonly socket: Socket;
  /** When its frame left; undefined while it has none under way. */
  sentUs: number | undefined;
  gotBytes: number;
  answers: number;
}

export class EchoLoop {
  readonly #frame: Buffer;
  readonly #inFlight: number;
  readonly #lines: readonly Line[];
  /** Lines without a frame under way, the one that has waited longest first. */
  readonly #idle: Line[];
  #histogram: RecordableHistogram = createHistogram();
  #isRunning = false;
  #underWay = 0;
  #startUs = 0;

  constructor(sockets: readonly Socket[], frameBytes: number, inFlight: number) {
    this.#frame = acceptFrame(1, frameBytes);
    this.#inFlight = inFlight;
    this.#lines = sockets.map((socket) => ({ socket, sentUs: undefined, gotBytes: 0, answers: 0 }));
    this.#idle = [...this.#lines];
    for (const line of this.#lines) line.socket.on('data', (chunk: Buffer) => this.#onData(line, chunk.length));
  }

  /** Connections that have answered at least once. */
  get answeredLines(): number {
    return this.#lines.filter(({ answers }) => answers > 0).length;
  }

  /** Runs for so long, and then until every frame has come back. */
  async run(ms: number): Promise<RoundTrips> {
    this.start();
    await pause(ms);
    return await this.stop();
  }

  start(): void {
    this.#histogram = createHistogram();
    this.#isRunning = true;
    this.#startUs = nowUs();
    for (let i = 0; i < this.#inFlight; i++) this.#sendNext();
  }

  /** Resolves once every frame has come back. */
  async stop(): Promise<RoundTrips> {
    this.#isRunning = false;
    const seconds = (nowUs() - this.#startUs) / 1e6;
    await until('every frame to come back', answerMs, () => this.#underWay === 0);
    const { count, max } = this.#histogram;
    const atUs = (percent: number): number => this.#histogram.percentile(percent) / 1e3;
    return { count, perSecond: count / seconds, p50Us: atUs(50), p99Us: atUs(99), maxUs: max / 1e3 };
  }

  #sendNext(): void {
    const line = this.#idle.shift();
    if (line === undefined) return;
    this.#underWay++;
    line.sentUs = nowUs();
    line.socket.write(this.#frame);
  }

  #onData(line: Line, bytes: number): void {
    line.gotBytes += bytes;
    if (line.gotBytes < this.#frame.length || line.sentUs === undefined) return;
    this.#histogram.record(Math.max(1, Math.round((nowUs() - line.sentUs) * 1e3)));
    line.gotBytes = 0;
    line.sentUs = undefined;
    line.answers++;
    this.#underWay--;
    this.#idle.push(line);
    if (this.#isRunning) this.#sendNext();
  }
}
