/** One direction of a connection on a clock of its own: what goes in, chunk by chunk, and what comes out. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { silentLogger } from '../../../src/base/index.js';
import { judgeFirstBytes } from '../../../src/proxy/engine/first-frame.js';
import { Pipe, type PipeBounds, type PipeOwner } from '../../../src/proxy/engine/pipe.js';
import type { Translate } from '../../../src/proxy/engine/translate.js';
import { newWorld } from '../../../src/proxy/engine/world.js';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { encode, FrameSplitter, type Message } from '../../../src/wire/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { helloOf } from '../framed-pair.js';

/** As much of a socket as a pipe reads from; what comes while it is paused waits. */
class Source extends EventEmitter {
  isPaused = false;
  readonly waiting: Buffer[] = [];
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  pause(): this {
    this.isPaused = true;
    return this;
  }

  resume(): this {
    this.isPaused = false;
    this.#clock.immediate(() => this.flow());
    return this;
  }

  flow(): void {
    while (!this.isPaused && this.waiting.length > 0) this.emit('data', this.waiting.shift());
  }
}

/** As much of a socket as a pipe writes to; while it is stuck nothing of what is written leaves. */
class Sink extends EventEmitter {
  readonly written: Buffer[] = [];
  readonly destroyed = false;
  writableLength = 0;
  isStuck = false;
  isEnded = false;
  writes = 0;
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    super();
    this.#clock = clock;
  }

  write(bytes: Uint8Array): boolean {
    this.writes++;
    this.written.push(Buffer.from(bytes));
    this.writableLength += bytes.length;
    if (!this.isStuck) this.#clock.immediate(() => this.drain());
    return false;
  }

  cork(): void {}

  uncork(): void {}

  end(): void {
    this.isEnded = true;
  }

  /** All that was written has left; from now on it leaves at once. */
  drain(): void {
    this.isStuck = false;
    if (this.writableLength === 0) return;
    this.writableLength = 0;
    this.emit('drain');
  }
}

const wide: PipeBounds = { heldBytesMax: 64 << 20, queuedBytesMax: 1 << 20 };

export const hello = encode(helloOf('server', 1));

export class PipeBench implements PipeOwner {
  readonly clock = new FakeClock();
  readonly world = newWorld(this.clock, silentLogger, 1);
  readonly source = new Source(this.clock);
  readonly sink = new Sink(this.clock);
  readonly traffic = { received: 0, sent: 0 };
  /** Why the stream was said not to be made of frames. */
  readonly foreign: string[] = [];
  readonly leaders: string[] = [];
  bounds = 0;
  isClosed = false;
  isReset = false;
  readonly pipe: Pipe;
  readonly #translate: Translate;

  constructor(bounds = wide, translate: Translate = new Map()) {
    this.#translate = translate;
    this.pipe = new Pipe({
      world: this.world,
      source: this.source as unknown as Socket,
      sink: this.sink as unknown as Socket,
      link: this.world.faults.link('unknown', 2),
      owner: this,
      bounds,
      traffic: this.traffic,
      name: 'bench 1 upstream',
    });
    this.world.faults.onChange(() => this.pipe.refresh());
    this.pipe.start();
  }

  get faults() {
    return this.world.faults;
  }

  /** The link as soon as the hello has passed. */
  get link() {
    return this.faults.link(1, 2);
  }

  get out(): Buffer {
    return Buffer.concat(this.sink.written);
  }

  rule(id: string, rule: object): void {
    this.faults.setRules([readRule({ ...rule, id }, '')]);
  }

  /** Bytes arrive; each chunk is memory of its own that nobody may rely on afterwards, except through a copy. */
  feed(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      if (chunk.length > 0) this.source.waiting.push(Buffer.from(chunk));
      this.source.flow();
      this.clock.settle();
    }
    return this;
  }

  send(...messages: readonly Message[]): this {
    return this.feed(...messages.map((message) => encode(message)));
  }

  end(): void {
    this.source.emit('end');
  }

  onFirstBytes(pipe: Pipe, bytes: Uint8Array): void {
    const judged = judgeFirstBytes(bytes);
    if (judged !== 'more') pipe.setForm(judged === 'hello' ? 'frames' : 'bytes');
  }

  onFirstFrame(pipe: Pipe, message: Message): void {
    if (message.type === 'hello') pipe.setLink(this.link, this.#translate);
  }

  onForeign(_pipe: Pipe, why: string): void {
    this.foreign.push(why);
  }

  onBound(): void {
    this.bounds++;
  }

  onLeader(server: number, ballot: string): void {
    this.leaders.push(`${server} by ${ballot}`);
  }

  close(): void {
    this.isClosed = true;
    this.pipe.stop();
  }

  reset(): void {
    this.isReset = true;
    this.pipe.stop();
  }
}

/** `bytes` cut before each of these places. */
export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const all = [0, ...places.toSorted((a, b) => a - b), bytes.length];
  return all.slice(1).map((place, at) => bytes.subarray(all[at], place));
}

/** One byte after the other. */
export function byteByByte(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}

/** The frames of a stream, in hex. @throws ProtocolError when it is not made of whole frames. */
export function framesOf(bytes: Uint8Array): string[] {
  const splitter = new FrameSplitter(1 << 26);
  splitter.push(Uint8Array.from(bytes));
  const frames: string[] = [];
  for (let frame = splitter.next(); frame !== undefined; frame = splitter.next())
    frames.push(Buffer.from(frame).toString('hex'));
  if (splitter.midFrame) throw new Error('the stream ends within a frame');
  return frames;
}
