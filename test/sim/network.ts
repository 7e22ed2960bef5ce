/**
 * The links between simulated servers: loss, duplication, delay and reordering of their own, and whatever rules make of
 * a frame.
 */
import type { Prng } from '../../src/base/index.js';
import type { PaxosMessage } from '../../src/paxos/index.js';
import { decode, encode, FrameSplitter, type ServerId } from '../../src/wire/index.js';
import type { LinkFaults } from '../support/link-faults.js';
import type { Chances } from './chances.js';
import { type Kernel, tags } from './kernel.js';
import type { SimOptions } from './options.js';
import type { Point, Tape } from './tape.js';

/**
 * Gets every frame that arrives, with the directory that its sender had; a server that is down or paused decides for
 * itself what becomes of it.
 */
export type FrameReceiver = (from: ServerId, to: ServerId, message: PaxosMessage, birth: string) => void;

/** Frames on their way on one link at most; a switch's buffer is finite too. */
const inFlightMax = 4096;
const longTailUs = 30_000_000;

interface Link {
  readonly from: ServerId;
  readonly to: ServerId;
  readonly random: Prng;
  readonly points: Map<PaxosMessage['type'], Points>;
  inFlight: number;
  /** Where order is kept: when the last frame arrives. */
  lastAtUs: number;
}

/** What can happen to one kind of frame on one link. */
interface Points {
  readonly lose: Point;
  readonly copy: Point;
  readonly delay: Point;
}

export interface NetworkParts {
  readonly kernel: Kernel;
  readonly chances: Chances;
  /** Loss, duplication and long delays are on it. */
  readonly tape: Tape;
  readonly options: SimOptions;
  /** Partitions and modes. */
  readonly faults: LinkFaults;
  readonly deliver: FrameReceiver;
  /** Names the connection between two servers, so that frames of an older one can be told. */
  readonly connection: (from: ServerId, to: ServerId) => string | undefined;
  /** The directory that a server has now. */
  readonly birth: (server: ServerId) => string;
}

export class Network {
  readonly #parts: NetworkParts;
  readonly #links = new Map<number, Link>();
  delivered = 0;
  lost = 0;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  send(from: ServerId, to: ServerId, message: PaxosMessage): void {
    const { options, faults } = this.#parts;
    const copiesMs = faults.arrivals(from, to, message.type);
    const link = this.#link(from, to);
    const { lose, copy, delay } = this.#points(link, message.type);
    if (copiesMs.length === 0 || lose.strikes(100 * options.lossPerMille) !== undefined) {
      this.lost++;
      return;
    }
    const sent = options.wireBytes ? throughTheWire(message) : message;
    const tailUs = delay.strikes(100 * options.longTailPerMille, (random) => random.below(longTailUs));
    for (const lateMs of copiesMs) this.#launch(link, sent, lateMs, tailUs);
    if (copy.strikes(100 * options.duplicatePerMille) !== undefined) {
      this.#launch(link, sent, copiesMs[0] as number, undefined);
    }
  }

  #launch(link: Link, message: PaxosMessage, lateMs: number, tailUs: number | undefined): void {
    if (link.inFlight >= inFlightMax) {
      this.lost++;
      return;
    }
    link.inFlight++;
    const { kernel, options, faults, deliver, connection, birth } = this.#parts;
    const { from, to } = link;
    let atUs = kernel.nowUs + 20 + link.random.exponential(options.delayUs) + Math.round(lateMs * 1000);
    atUs += tailUs ?? 0;
    if (!options.reorder && lateMs === 0 && tailUs === undefined) {
      atUs = Math.max(atUs, link.lastAtUs);
      link.lastAtUs = atUs;
    }
    const sentOn = connection(from, to);
    const sentBy = birth(from);
    kernel.at(atUs, tags.frame, () => {
      link.inFlight--;
      const isGhost = connection(from, to) !== sentOn;
      // A cut takes what is under way too.
      if (faults.isCut(from, to) || (isGhost && !options.ghosts)) {
        this.lost++;
        return;
      }
      this.delivered++;
      deliver(from, to, message, sentBy);
    });
  }

  #points(link: Link, type: PaxosMessage['type']): Points {
    let points = link.points.get(type);
    if (points === undefined) {
      const { tape } = this.#parts;
      const what = `${link.from}>${link.to} ${type}`;
      points = {
        lose: tape.point(`lose ${what}`),
        copy: tape.point(`copy ${what}`),
        delay: tape.point(`delay ${what}`),
      };
      link.points.set(type, points);
    }
    return points;
  }

  #link(from: ServerId, to: ServerId): Link {
    const key = from * 65_536 + to;
    let link = this.#links.get(key);
    if (link === undefined) {
      const random = this.#parts.chances.of(`link ${from}>${to}`);
      link = { from, to, random, points: new Map(), inFlight: 0, lastAtUs: 0 };
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
