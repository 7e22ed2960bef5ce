/**
 * The links between simulated servers: loss, duplication, delay and reordering of their own, and whatever rules make of
 * a frame.
 */
import type { Prng } from '../../src/base/index.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import { decode, encode, FrameSplitter, type ServerId } from '../../src/wire/index.js';
import type { LinkFaults } from '../support/link-faults.js';
import { type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';

/** Gets every frame that arrives; a server that is down or paused decides for itself what becomes of it. */
export type FrameReceiver = (from: ServerId, to: ServerId, message: PaxosMessage) => void;

/** Frames on their way on one link at most; a switch's buffer is finite too. */
const inFlightMax = 4096;
const longTailUs = 30_000_000;

interface Link {
  readonly from: ServerId;
  readonly to: ServerId;
  inFlight: number;
  /** Where order is kept: when the last frame arrives. */
  lastAtUs: number;
}

export interface NetworkParts {
  readonly kernel: Kernel;
  readonly random: Prng;
  readonly options: SimOptions;
  /** Partitions and modes. */
  readonly faults: LinkFaults;
  readonly deliver: FrameReceiver;
  /** Names the connection between two servers, so that frames of an older one can be told. */
  readonly connection: (from: ServerId, to: ServerId) => string | undefined;
}

export class Network {
  readonly #parts: NetworkParts;
  readonly #links = new Map<number, Link>();
  /** Loss, duplication and long delays happen only while this is set. */
  faulty = true;
  delivered = 0;
  lost = 0;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  send(from: ServerId, to: ServerId, message: PaxosMessage): void {
    const { options, faults } = this.#parts;
    const copiesMs = faults.arrivals(from, to, message.type);
    if (copiesMs.length === 0 || this.#happens(options.lossPerMille)) {
      this.lost++;
      return;
    }
    const link = this.#link(from, to);
    const sent = options.wireBytes ? throughTheWire(message) : message;
    for (const lateMs of copiesMs) this.#launch(link, sent, lateMs);
    if (this.#happens(options.duplicatePerMille)) this.#launch(link, sent, copiesMs[0] as number);
  }

  #launch(link: Link, message: PaxosMessage, lateMs: number): void {
    if (link.inFlight >= inFlightMax) {
      this.lost++;
      return;
    }
    link.inFlight++;
    const { kernel, random, options, faults, deliver, connection } = this.#parts;
    const { from, to } = link;
    let atUs = kernel.nowUs + 20 + random.exponential(options.delayUs) + Math.round(lateMs * 1000);
    const isTail = this.#happens(options.longTailPerMille);
    if (isTail) atUs += random.below(longTailUs);
    if (!options.reorder && lateMs === 0 && !isTail) {
      atUs = Math.max(atUs, link.lastAtUs);
      link.lastAtUs = atUs;
    }
    const sentOn = connection(from, to);
    kernel.at(atUs, tags.frame, () => {
      link.inFlight--;
      const isGhost = connection(from, to) !== sentOn;
      // A cut takes what is under way too.
      if (faults.isCut(from, to) || (isGhost && !options.ghosts)) {
        this.lost++;
        return;
      }
      this.delivered++;
      deliver(from, to, message);
    });
  }

  #happens(perMille: number): boolean {
    return this.faulty && this.#parts.random.chance(perMille, 1000);
  }

  #link(from: ServerId, to: ServerId): Link {
    const key = from * 65_536 + to;
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { from, to, inFlight: 0, lastAtUs: 0 };
      this.#links.set(key, link);
    }
    return link;
  }
}

/** Encodes and decodes a frame, so that what a field loses on the wire is lost here too. */
function throughTheWire(message: PaxosMessage): PaxosMessage {
  const splitter = new FrameSplitter(1 << 24);
  splitter.push(encode(message));
  const frame = splitter.next();
  if (frame === undefined) throw new Error(`an encoded ${message.type} is no whole frame`);
  return decode(frame) as PaxosMessage;
}
