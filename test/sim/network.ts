/**
 * The links between simulated servers: loss, duplication, delay, reordering, partitions, and classes of frames held
 * back.
 */
import type { Prng } from '../../src/base/index.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import { decode, encode, FrameSplitter, type ServerId } from '../../src/wire/index.js';
import { type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';

/** Gets every frame that arrives; a server that is down or paused decides for itself what becomes of it. */
export type FrameReceiver = (from: ServerId, to: ServerId, message: PaxosMessage) => void;

/** Frames on their way on one link at most; a switch's buffer is finite too. */
const inFlightMax = 4096;
const longTailUs = 30_000_000;

/** The write-up's letters: which frames a server's mode delays (BEHAVIOUR.md, 5). */
export type FaultClass = 'p' | 'a' | 'c' | 'g' | 'r';

const classes: Readonly<Partial<Record<PaxosMessage['type'], FaultClass>>> = {
  prepare: 'p',
  accept: 'a',
  commit: 'c',
  chosen: 'c',
  learn: 'g',
  learnReply: 'g',
  stateRequest: 'g',
  stateChunk: 'g',
  forward: 'r',
};

export class Network {
  readonly #kernel: Kernel;
  readonly #random: Prng;
  readonly #options: SimOptions;
  readonly #deliver: FrameReceiver;
  readonly #connection: (from: ServerId, to: ServerId) => string | undefined;
  /** Directed links that carry nothing, `from * 65536 + to`. */
  readonly #cut = new Set<number>();
  /** Per server: extra delay by class, microseconds. */
  readonly #modes = new Map<ServerId, Map<FaultClass, number>>();
  readonly #inFlight = new Map<number, number>();
  /** On links that keep order: when the last frame arrives. */
  readonly #lastAtUs = new Map<number, number>();
  /** Loss, duplication and long delays happen only while this is set. */
  faulty = true;
  delivered = 0;
  lost = 0;

  /** `connection` names the connection between two servers, so that frames of an older one can be told. */
  constructor(
    kernel: Kernel,
    random: Prng,
    options: SimOptions,
    deliver: FrameReceiver,
    connection: (from: ServerId, to: ServerId) => string | undefined,
  ) {
    this.#kernel = kernel;
    this.#random = random;
    this.#options = options;
    this.#deliver = deliver;
    this.#connection = connection;
  }

  cut(from: ServerId, to: ServerId): void {
    this.#cut.add(link(from, to));
  }

  /** Takes away every cut and every mode. */
  heal(): void {
    this.#cut.clear();
    this.#modes.clear();
  }

  isCut(from: ServerId, to: ServerId): boolean {
    return this.#cut.has(link(from, to));
  }

  /** Delays frames of `kind` on every link of `server`, both directions; delays of both ends add up. */
  setMode(server: ServerId, kind: FaultClass, delayUs: number): void {
    const mode = this.#modes.get(server) ?? new Map<FaultClass, number>();
    mode.set(kind, delayUs);
    this.#modes.set(server, mode);
  }

  send(from: ServerId, to: ServerId, message: PaxosMessage): void {
    const options = this.#options;
    if (this.#cut.has(link(from, to)) || (this.faulty && this.#random.chance(options.lossPerMille, 1000))) {
      this.lost++;
      return;
    }
    const sent = options.wireBytes ? throughTheWire(message) : message;
    this.#launch(from, to, sent);
    if (this.faulty && this.#random.chance(options.duplicatePerMille, 1000)) this.#launch(from, to, sent);
  }

  #launch(from: ServerId, to: ServerId, message: PaxosMessage): void {
    const key = link(from, to);
    const inFlight = this.#inFlight.get(key) ?? 0;
    if (inFlight >= inFlightMax) {
      this.lost++;
      return;
    }
    this.#inFlight.set(key, inFlight + 1);
    let delayUs = 20 + this.#random.exponential(this.#options.delayUs);
    const kind = classes[message.type];
    const held = kind === undefined ? 0 : this.#modeDelay(from, kind) + this.#modeDelay(to, kind);
    delayUs += held;
    const tail = this.faulty && this.#random.chance(this.#options.longTailPerMille, 1000);
    if (tail) delayUs += this.#random.below(longTailUs);
    let atUs = this.#kernel.nowUs + delayUs;
    if (!this.#options.reorder && held === 0 && !tail) {
      atUs = Math.max(atUs, this.#lastAtUs.get(key) ?? 0);
      this.#lastAtUs.set(key, atUs);
    }
    const connection = this.#connection(from, to);
    this.#kernel.at(atUs, tags.frame, () => {
      this.#inFlight.set(key, (this.#inFlight.get(key) ?? 1) - 1);
      const ghost = this.#connection(from, to) !== connection;
      if (this.#cut.has(key) || (ghost && !this.#options.ghosts)) {
        this.lost++;
        return;
      }
      this.delivered++;
      this.#deliver(from, to, message);
    });
  }

  #modeDelay(server: ServerId, kind: FaultClass): number {
    return this.#modes.get(server)?.get(kind) ?? 0;
  }
}

function link(from: ServerId, to: ServerId): number {
  return from * 65_536 + to;
}

/** Encodes and decodes a frame, so that what a field loses on the wire is lost here too. */
function throughTheWire(message: PaxosMessage): PaxosMessage {
  const splitter = new FrameSplitter(1 << 24);
  splitter.push(encode(message));
  const frame = splitter.next();
  if (frame === undefined) throw new Error(`an encoded ${message.type} is no whole frame`);
  return decode(frame) as PaxosMessage;
}
