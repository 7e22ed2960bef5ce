/**
 * One direction of a proxied connection: bytes in, frames seen, rules and toxics applied, bytes out. What no rule
 * concerns passes as views of the chunks it came in, and a long frame passes while it still arrives.
 */
import type { Socket } from 'node:net';
import { readU32 } from '../../base/index.js';
import {
  decode,
  FRAME_HEADER_BYTES,
  FRAME_VERSION,
  frameBytesMax,
  type Message,
  ProtocolError,
  registry,
  specOfCode,
} from '../../wire/index.js';
import type { Fate } from '../plan/fate.js';
import { damaged } from './damage.js';
import { type Faults, framePrefixBytes, type LinkState } from './faults.js';
import { frameStartBytes } from './first-frame.js';
import { FrameAssembler } from './frame-assembler.js';
import { FrameLine } from './frame-line.js';
import { ToxicChain } from './toxic-chain.js';
import type { Translate } from './translate.js';
import { Waiting } from './waiting.js';
import type { World } from './world.js';
import { Writer } from './writer.js';

/** What a direction holds and queues at most; beyond it its source is not read until half of that is gone. */
export interface PipeBounds {
  /** Frames and chunks that rules and toxics hold. */
  readonly heldBytesMax: number;
  /** Bytes that the receiving socket has not taken. */
  readonly queuedBytesMax: number;
}

/** `unknown` until the first bytes tell; `bytes`: not our protocol, or not any more. */
export type PipeForm = 'unknown' | 'frames' | 'bytes';

/** Bytes of one direction of a proxy, over all its connections. */
export interface Traffic {
  received: number;
  sent: number;
}

export interface PipeOwner {
  /** The first bytes of a caller, or of a listener that speaks before its caller was understood. */
  onFirstBytes(pipe: Pipe, bytes: Uint8Array): void;
  /** The first frame of this direction: hello from a caller, welcome or refuse from a listener. */
  onFirstFrame(pipe: Pipe, message: Message): void;
  /** The stream stopped being made of frames. */
  onForeign(pipe: Pipe, why: string): void;
  /** It holds as much as it may, and its source is not read for now. */
  onBound(pipe: Pipe): void;
  onLeader(server: number, ballot: string): void;
  close(): void;
  reset(): void;
}

const frameBytesLimit = frameBytesMax('server');
const noBytes = new Uint8Array(0);
/** Between half a frame and the reset behind it. */
const halfFrameMs = 5;

/** How much a kind of frame is cared about: not at all; by rules, which need to know its length; it is looked into. */
const free = 0;
const ruled = 1;
const read = 2;

/** What was decided about a frame that does not simply pass. */
interface Verdict {
  readonly fate: Fate | undefined;
  /** The frame, rewritten if need be. */
  readonly frame: Uint8Array;
  /** The connection is stalled: judge it once more afterwards. */
  readonly again?: boolean;
  /** Its rewritten form is still being made. */
  readonly later?: Promise<Uint8Array>;
}

export class Pipe {
  readonly line: FrameLine;
  readonly chain: ToxicChain;
  readonly #world: World;
  readonly #faults: Faults;
  readonly #source: Socket;
  readonly #writer: Writer;
  readonly #owner: PipeOwner;
  readonly #bounds: PipeBounds;
  readonly #traffic: Traffic;
  /** By type byte. */
  readonly #care = new Uint8Array(256);
  #translate: Translate = new Map();
  #form: PipeForm = 'unknown';
  #isFirst = true;
  readonly #assembler = new FrameAssembler();
  /** Bytes of a frame that is passing while it arrives. */
  #passing = 0;
  /** Chunks that came while a translation is awaited or the connection is stalled; the end waits, too. */
  readonly #waiting = new Waiting();
  #isEnded = false;
  #isPaused = true;
  #tellBound = true;
  #isDone = false;

  constructor(options: {
    world: World;
    source: Socket;
    sink: Socket;
    link: LinkState;
    owner: PipeOwner;
    bounds: PipeBounds;
    traffic: Traffic;
    /** For the toxics' draws. */
    name: string;
  }) {
    const { world, source, sink, link, owner } = options;
    this.#world = world;
    this.#faults = world.faults;
    this.#source = source;
    this.#writer = new Writer(sink, world.batch, options.traffic);
    this.#owner = owner;
    this.#bounds = options.bounds;
    this.#traffic = options.traffic;
    this.line = new FrameLine(world.faults, link, {
      emit: (frame) => this.#out(frame),
      damage: damaged,
      breakOff: (how, frame) => this.#breakOff(how, frame),
      onReleased: () => this.#checkBounds(),
    });
    this.chain = new ToxicChain({
      deadlines: world.faults.deadlines,
      seed: world.faults.book.seed,
      name: options.name,
      isFramed: () => this.#form === 'frames',
      output: {
        data: (chunk) => {
          this.#writer.write(chunk);
          this.#checkBounds();
        },
        end: () => this.#writer.end(),
        close: () => owner.close(),
        reset: () => owner.reset(),
        released: () => this.#checkBounds(),
      },
    });
    link.connections++;
    source.pause();
    source.on('data', (chunk: Buffer) => {
      world.batch.begin();
      try {
        this.#receive(chunk);
      } finally {
        world.batch.end();
      }
    });
    source.on('end', () => world.batch.run(() => this.#onEnd()));
    sink.on('drain', () => this.#checkBounds());
  }

  get form(): PipeForm {
    return this.#form;
  }

  /** What this direction is made of, once its owner knows. */
  setForm(form: Exclude<PipeForm, 'unknown'>): void {
    this.#form = form;
    // What was kept because it could have been the beginning of a hello.
    if (form === 'bytes' && this.#assembler.length > 0) this.#world.batch.run(() => this.#out(this.#assembler.take()));
  }

  /** Now it is known between whom it runs, and what is to be rewritten on it. */
  setLink(link: LinkState, translate: Translate): void {
    this.line.link.connections--;
    link.connections++;
    this.line.setLink(link);
    this.#translate = translate;
    this.refresh();
  }

  /** Rules, or what is watched, have changed. */
  refresh(): void {
    const { rules } = this.line.link;
    const all = this.#faults.hub.hears('trace');
    for (let code = 1; code < 256; code++) {
      this.#care[code] = all || this.#translate.has(code) ? read : rules.concerns(code) ? ruled : free;
    }
    if (typeof this.line.link.from === 'number') this.#care[registry.heartbeatReply.code] = read;
  }

  /** Reads from its source from now on. */
  start(): void {
    this.#checkBounds();
  }

  /** Nothing passes until {@link unblock}; a little of what arrives meanwhile is kept, the rest waits in the kernel. */
  block(): void {
    this.#waiting.begin();
  }

  unblock(): void {
    this.#world.batch.run(() => {
      for (const chunk of this.#waiting.end()) this.#onData(chunk);
      if (this.#isEnded && !this.#waiting.isOn) this.#passEnd();
      this.#checkBounds();
    });
  }

  /** Hands what has been written to the operating system, before the end of the batch. */
  flush(): void {
    this.#writer.flush();
  }

  /** The connection is over. */
  stop(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.line.link.connections--;
    this.line.close();
    this.chain.stop();
  }

  #receive(chunk: Uint8Array): void {
    this.#traffic.received += chunk.length;
    this.#onData(chunk);
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isDone) return;
    if (this.#waiting.isOn) {
      this.#waiting.push(chunk);
      this.#checkBounds();
      return;
    }
    if (this.#form === 'unknown') this.#owner.onFirstBytes(this, this.#collected(chunk));
    if (this.#form === 'unknown') {
      this.#assembler.add(chunk, 0, Number.MAX_SAFE_INTEGER);
      return;
    }
    if (this.#form === 'bytes') {
      if (this.#assembler.length > 0) this.#out(this.#assembler.take());
      this.#out(chunk);
    } else this.#walk(chunk);
    this.#checkBounds();
  }

  /** What has come while the form was unknown, this chunk included. */
  #collected(chunk: Uint8Array): Uint8Array {
    return this.#assembler.length === 0 ? chunk : Buffer.concat([this.#assembler.bytes, chunk]);
  }

  #onEnd(): void {
    this.#isEnded = true;
    if (!this.#waiting.isOn) this.#passEnd();
  }

  #passEnd(): void {
    if (this.#isDone) return;
    if (this.#assembler.length > 0) this.#out(this.#assembler.take());
    this.line.ended();
    if (this.chain.isEmpty) this.#writer.end();
    else this.chain.end();
  }

  /** Walks over the frames of a chunk; `start` is where what passes untouched begins. */
  #walk(chunk: Uint8Array): void {
    const nowMs = this.#faults.deadlines.nowMs();
    let at = 0;
    if (this.#assembler.length > 0) {
      at = this.#completeFrame(chunk, nowMs);
      if (this.#assembler.length > 0) return;
    }
    let start = at;
    while (at < chunk.length && !this.#isDone) {
      const left = chunk.length - at;
      if (this.#waiting.isOn) {
        this.#outOf(chunk, start, at);
        this.#waiting.push(chunk.subarray(at));
        return;
      }
      if (this.#form !== 'frames') {
        at = chunk.length;
        break;
      }
      if (this.#passing > 0) {
        const step = Math.min(this.#passing, left);
        this.#passing -= step;
        at += step;
        continue;
      }
      const frameBytes = left >= frameStartBytes ? this.#frameBytes(chunk, at) : 0;
      if (frameBytes < 0) continue;
      const code = frameBytes === 0 ? 0 : (chunk[at + 9] as number);
      if (frameBytes === 0 || (frameBytes > left && this.#mustBeWhole(code))) {
        this.#outOf(chunk, start, at);
        this.#assembler.add(chunk, at, frameBytes === 0 ? frameStartBytes : frameBytes);
        return;
      }
      if (frameBytes > left) {
        this.#count(code, frameBytes);
        this.#passing = frameBytes;
        continue;
      }
      const verdict = this.#judge(chunk, at, frameBytes, code, nowMs);
      if (verdict !== undefined) {
        this.#outOf(chunk, start, at);
        at += frameBytes;
        start = at;
        this.#obey(verdict, code, nowMs);
        continue;
      }
      this.#count(code, frameBytes);
      at += frameBytes;
      if (this.line.isPassingMatter) {
        this.#outOf(chunk, start, at);
        start = at;
        this.line.passed();
      }
    }
    this.#outOf(chunk, start, at);
  }

  /** Goes on with a frame that began in an earlier chunk; returns how many bytes of this one it took. */
  #completeFrame(chunk: Uint8Array, nowMs: number): number {
    const assembler = this.#assembler;
    let at = assembler.add(chunk, 0, frameStartBytes);
    if (assembler.length < frameStartBytes) return at;
    const frameBytes = this.#frameBytes(assembler.bytes, 0);
    const code = assembler.bytes[9] as number;
    if (frameBytes < 0 || !this.#mustBeWhole(code)) {
      const begun = assembler.take();
      if (frameBytes > 0) {
        this.#count(code, frameBytes);
        this.#passing = frameBytes - begun.length;
      }
      this.#out(begun);
      return at;
    }
    at += assembler.add(chunk, at, frameBytes);
    if (assembler.length < frameBytes) return at;
    const frame = assembler.take();
    const verdict = this.#judge(frame, 0, frameBytes, code, nowMs);
    if (verdict !== undefined) this.#obey(verdict, code, nowMs);
    else {
      this.#count(code, frameBytes);
      this.#out(frame);
      this.line.passed();
    }
    return at;
  }

  /** The length of the frame that begins here, or -1 when none does: from here on the stream is bytes. */
  #frameBytes(bytes: Uint8Array, at: number): number {
    const frameBytes = readU32(bytes, at) + framePrefixBytes;
    const isFrame =
      frameBytes >= FRAME_HEADER_BYTES &&
      frameBytes <= frameBytesLimit &&
      bytes[at + 8] === FRAME_VERSION &&
      specOfCode(bytes[at + 9] as number) !== undefined;
    if (isFrame) return frameBytes;
    this.#form = 'bytes';
    this.#owner.onForeign(this, 'the stream stopped being made of frames');
    return -1;
  }

  /** A frame that nobody looks into may pass while it arrives, unless one that is held could fall into its middle. */
  #mustBeWhole(code: number): boolean {
    return this.#isFirst || this.#care[code] !== free || this.line.heldFrames > 0;
  }

  #count(code: number, frameBytes: number): void {
    const { counts } = this.line.link;
    counts.frames[code] = (counts.frames[code] as number) + 1;
    counts.bytes += frameBytes;
  }

  /** Decides about the whole frame at `at`; undefined: it passes where it stands. */
  #judge(bytes: Uint8Array, at: number, frameBytes: number, code: number, nowMs: number): Verdict | undefined {
    if (this.#isFirst || this.#care[code] === read) return this.#read(bytes.subarray(at, at + frameBytes), code, nowMs);
    const { link } = this.line;
    const fate = link.rules.judge(code, frameBytes, nowMs);
    if (fate === undefined) return undefined;
    // Most frames are judged and pass: a view is made only of the others.
    const frame = bytes.subarray(at, at + frameBytes);
    this.#faults.tell(link, code, frame, fate);
    return { fate, frame };
  }

  /** As {@link #judge}, for a frame that is looked into. */
  #read(frame: Uint8Array, code: number, nowMs: number): Verdict | undefined {
    if (this.#isFirst) {
      this.#readFirst(frame);
      // Refused, or stalled by its own hello: then it is judged again once the stall is over.
      if (this.#isDone) return { fate: undefined, frame: noBytes };
      if (this.#waiting.isOn) return { fate: undefined, frame, again: true };
    }
    if (code === registry.heartbeatReply.code) this.#watchLeader(frame);
    const translate = this.#translate.get(code);
    const changed = translate === undefined ? frame : translate(frame);
    if (changed instanceof Promise) return { fate: undefined, frame, later: changed };
    const { link } = this.line;
    const fate = link.rules.judge(code, changed.length, nowMs);
    this.#faults.tell(link, code, changed, fate);
    return fate === undefined && changed === frame ? undefined : { fate, frame: changed };
  }

  /** Does with a frame that was taken out of the stream what was decided. */
  #obey({ fate, frame, again, later }: Verdict, code: number, nowMs: number): void {
    if (again === true) {
      this.#waiting.push(frame);
      return;
    }
    this.#count(code, frame.length);
    if (later !== undefined) this.#await(later, code);
    else if (fate !== undefined) this.line.settle(fate, code, frame, nowMs);
    else {
      this.#out(frame);
      this.line.passed();
    }
  }

  /** Tells the owner of hello or welcome. What can't be read is left to the receiver to refuse. */
  #readFirst(frame: Uint8Array): void {
    this.#isFirst = false;
    try {
      this.#owner.onFirstFrame(this, decode(frame.subarray(framePrefixBytes)));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#owner.onForeign(this, `its first frame is unreadable: ${error.message}`);
    }
  }

  #watchLeader(frame: Uint8Array): void {
    try {
      const message = decode(frame.subarray(framePrefixBytes));
      if (message.type !== 'heartbeatReply') return;
      const { leads, majority, abdicated } = message;
      if (leads.round > 0 && majority && !abdicated)
        this.#owner.onLeader(leads.server, `${leads.round}.${leads.server}`);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // The receiver will refuse it and say why; leaders are none of its business here.
      this.#world.logger.debug('unreadable heartbeat reply', { link: this.line.link.name, text: error.message });
    }
  }

  /** A translation needs time: nothing behind it passes before it. */
  #await(changed: Promise<Uint8Array>, code: number): void {
    this.block();
    changed.then(
      (frame) => {
        if (this.#isDone) return;
        this.#faults.tell(this.line.link, code, frame, undefined);
        this.#world.batch.run(() => this.#out(frame));
        this.unblock();
      },
      (error: unknown) => {
        this.#world.logger.error('a connection ends: its addresses could not be replaced', { error: String(error) });
        this.#owner.reset();
      },
    );
  }

  #breakOff(how: 'midFrame' | 'reset', frame: Uint8Array): void {
    if (how === 'reset') {
      this.#owner.reset();
      return;
    }
    // What is held must not come out behind half a frame.
    this.line.close();
    this.#out(Buffer.from(frame.subarray(0, Math.max(1, frame.length >> 1))));
    this.block();
    // A reset that arrives together with the last bytes makes many receivers forget them, or see an orderly end.
    this.#faults.deadlines.after(halfFrameMs, () => this.#owner.reset());
  }

  #out(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (this.chain.isEmpty) this.#writer.write(bytes);
    else this.chain.data(bytes);
  }

  #outOf(chunk: Uint8Array, start: number, end: number): void {
    if (end > start) this.#out(end - start === chunk.length ? chunk : chunk.subarray(start, end));
  }

  #checkBounds(): void {
    if (this.#isDone) return;
    const heldBytes = this.line.heldBytes + this.chain.heldBytes;
    const { heldBytesMax, queuedBytesMax } = this.#bounds;
    const share = this.#isPaused ? 2 : 1;
    const isHeldFull = heldBytes * share > heldBytesMax;
    const isFull = isHeldFull || this.#writer.queuedBytes * share > queuedBytesMax || this.#waiting.isFull;
    if (isHeldFull && !this.#isPaused && this.#tellBound) {
      this.#tellBound = false;
      this.#owner.onBound(this);
    }
    if (isFull === this.#isPaused) return;
    this.#isPaused = isFull;
    if (isFull) this.#source.pause();
    else this.#source.resume();
  }
}
