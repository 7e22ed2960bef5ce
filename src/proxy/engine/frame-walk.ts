/**
 * Walks over the frames of one direction, however they are cut into chunks: what nobody cares about passes as views of
 * the chunks it came in, a long frame while it still arrives, and the rest is judged and obeyed.
 */
import { readU32 } from '../../base/index.js';
import {
  FRAME_HEADER_BYTES,
  FRAME_VERSION,
  frameBytesMax,
  type Message,
  ProtocolError,
  registry,
  specOfCode,
} from '../../wire/index.js';
import type { Fate } from '../plan/fate.js';
import type { Faults } from './faults.js';
import { frameStartBytes } from './first-frame.js';
import { FrameAssembler } from './frame-assembler.js';
import type { FrameLine } from './frame-line.js';
import { framePrefixBytes, readFrame } from './read-frame.js';
import { noTranslation, type Translate } from './translate.js';
import type { Waiting } from './waiting.js';

/** The direction whose frames are walked over. */
export interface WalkHost {
  readonly line: FrameLine;
  /** While it is on nothing may pass; what is left of a chunk goes there. */
  readonly waiting: Waiting;
  out(bytes: Uint8Array): void;
  /** The frame's rewritten form is still being made; nothing passes before it. */
  outLater(frame: Promise<Uint8Array>, code: number): void;
  /** The first frame; it may block or end the connection. */
  onFirstFrame(message: Message): void;
  /** From here on, or already in its first frame, the stream is not ours. */
  onForeign(why: string): void;
  onLeader(server: number, ballot: string): void;
}

const frameBytesLimit = frameBytesMax('server');
const noBytes = new Uint8Array(0);
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

export class FrameWalk {
  readonly #host: WalkHost;
  readonly #line: FrameLine;
  readonly #waiting: Waiting;
  #isDone = false;
  readonly #faults: Faults;
  /** By type byte. */
  readonly #care = new Uint8Array(256);
  #translate = noTranslation;
  #isFirst = true;
  #isForeign = false;
  readonly #assembler = new FrameAssembler();
  /** Bytes of a frame that is passing while it arrives. */
  #passing = 0;

  constructor(faults: Faults, host: WalkHost) {
    this.#faults = faults;
    this.#host = host;
    this.#line = host.line;
    this.#waiting = host.waiting;
  }

  /** The connection is over, perhaps by what was just done to a frame: the rest of the chunk is nobody's. */
  stop(): void {
    this.#isDone = true;
  }

  /** The stream has stopped being made of frames. */
  get isForeign(): boolean {
    return this.#isForeign;
  }

  /** Rules, or what is watched or rewritten, have changed. */
  refresh(translate: Translate = this.#translate): void {
    this.#translate = translate;
    const { link } = this.#line;
    const all = this.#faults.hub.hears('trace');
    for (let code = 1; code < 256; code++) {
      this.#care[code] = all || translate.has(code) ? read : link.rules.concerns(code) ? ruled : free;
    }
    if (typeof link.from === 'number') this.#care[registry.heartbeatReply.code] = read;
  }

  /** What has come so far of a stream that may be ours, this chunk included. */
  begunWith(chunk: Uint8Array): Uint8Array {
    return this.#assembler.length === 0 ? chunk : Buffer.concat([this.#assembler.bytes, chunk]);
  }

  /** Keeps the beginning of a stream of which it is not known yet whether it is ours. */
  keep(chunk: Uint8Array): void {
    this.#assembler.add(chunk, 0, Number.MAX_SAFE_INTEGER);
  }

  /** Lets go of what was kept, or of a frame that never became whole. */
  passBegun(): void {
    if (this.#assembler.length > 0) this.#host.out(this.#assembler.take());
  }

  /** Walks over the frames of a chunk; `start` is where what passes untouched begins. */
  walk(chunk: Uint8Array): void {
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
      if (this.#isForeign) {
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
      if (this.#line.isPassingMatter) {
        this.#outOf(chunk, start, at);
        start = at;
        this.#line.passed();
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
      this.#host.out(begun);
      return at;
    }
    at += assembler.add(chunk, at, frameBytes);
    if (assembler.length < frameBytes) return at;
    const frame = assembler.take();
    const verdict = this.#judge(frame, 0, frameBytes, code, nowMs);
    if (verdict !== undefined) this.#obey(verdict, code, nowMs);
    else {
      this.#count(code, frameBytes);
      this.#host.out(frame);
      this.#line.passed();
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
    this.#isForeign = true;
    this.#host.onForeign('the stream stopped being made of frames');
    return -1;
  }

  /** A frame that nobody looks into may pass while it arrives, unless one that is held could fall into its middle. */
  #mustBeWhole(code: number): boolean {
    return this.#isFirst || this.#care[code] !== free || this.#line.heldFrames > 0;
  }

  #count(code: number, frameBytes: number): void {
    const { counts } = this.#line.link;
    counts.frames[code] = (counts.frames[code] as number) + 1;
    counts.bytes += frameBytes;
  }

  /** Decides about the whole frame at `at`; undefined: it passes where it stands. */
  #judge(bytes: Uint8Array, at: number, frameBytes: number, code: number, nowMs: number): Verdict | undefined {
    if (this.#isFirst || this.#care[code] === read) return this.#read(bytes.subarray(at, at + frameBytes), code, nowMs);
    const { link } = this.#line;
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
    const { link } = this.#line;
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
    if (later !== undefined) this.#host.outLater(later, code);
    else if (fate !== undefined) this.#line.settle(fate, code, frame, nowMs);
    else {
      this.#host.out(frame);
      this.#line.passed();
    }
  }

  /** Tells the owner of hello, or of challenge and welcome. What can't be read is left to the receiver to refuse. */
  #readFirst(frame: Uint8Array): void {
    this.#isFirst = false;
    const message = readFrame(frame);
    if (message instanceof ProtocolError) this.#host.onForeign(`its first frame is unreadable: ${message.message}`);
    else {
      // What it is about comes behind it.
      this.#isFirst = message.type === 'challenge';
      this.#host.onFirstFrame(message);
    }
  }

  #watchLeader(frame: Uint8Array): void {
    const message = readFrame(frame);
    if (message instanceof ProtocolError || message.type !== 'heartbeatReply') return;
    const { leads, majority, abdicated } = message;
    if (leads.round > 0 && majority && !abdicated) this.#host.onLeader(leads.server, `${leads.round}.${leads.server}`);
  }

  #outOf(chunk: Uint8Array, start: number, end: number): void {
    if (end > start) this.#host.out(end - start === chunk.length ? chunk : chunk.subarray(start, end));
  }
}
