/** One publisher, many subscribers on one server, all in this process: messages delivered per second. */
import { setTimeout as pause } from 'node:timers/promises';
import { CpuWatch } from '../environment.js';
import type { ConsumerKind, FanOut, Publisher, Subscriber } from './peer.js';

/**
 * How many messages the publisher may be ahead of the slowest subscriber: the same for all systems, so that none is
 * flooded, and enough of them for servers that join what they write.
 */
export const aheadMax = 4_096;
const probeMs = 5;

export interface FanOutOptions {
  readonly kind: ConsumerKind;
  readonly subscribers: number;
  readonly valueBytes: number;
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** How long what is under way may take to arrive after the window. */
  readonly arrivalMs: number;
  /** Every process of the measurement. */
  pids(): readonly number[];
}

export interface FanOutResult {
  readonly deliveriesPerSecond: number;
  /** By how much any subscriber's messages differ from those published, over all of them; 0 in a valid run. */
  readonly wrong: number;
  /** Cores that other programs used during the window. */
  readonly foreignCores: number;
}

/** Whatever was opened is closed again, also on failure. */
export async function measureFanOut(fanOut: FanOut, options: FanOutOptions): Promise<FanOutResult> {
  const subscribers: Subscriber[] = [];
  let publisher: Publisher | undefined;
  let flow: Flow | undefined;
  try {
    publisher = await fanOut.publisher();
    for (let i = 0; i < options.subscribers; i++) {
      subscribers.push(await fanOut.subscriber(options.kind, options.valueBytes, () => flow?.look()));
    }
    flow = new Flow(publisher, subscribers, textOf(options.valueBytes));
    flow.look();
    await pause(options.warmUpMs);
    const cpu = new CpuWatch(options.pids);
    const startMs = performance.now();
    const before = sum(subscribers);
    await pause(options.windowMs);
    const deliveries = sum(subscribers) - before;
    const seconds = (performance.now() - startMs) / 1_000;
    const foreignCores = cpu.cores().foreign;
    flow.stop();
    return { deliveriesPerSecond: deliveries / seconds, wrong: await flow.wrong(options.arrivalMs), foreignCores };
  } finally {
    flow?.stop();
    await publisher?.close();
    await Promise.all(subscribers.map((one) => one.close()));
  }
}

/** Keeps the publisher ahead of the slowest subscriber by as much as it may be. */
class Flow {
  readonly #publisher: Publisher;
  readonly #subscribers: readonly Subscriber[];
  readonly #value: Buffer;
  #published = 0;
  #isLookDue = false;
  #isStopped = false;

  constructor(publisher: Publisher, subscribers: readonly Subscriber[], value: Buffer) {
    this.#publisher = publisher;
    this.#subscribers = subscribers;
    this.#value = value;
  }

  /** Something has arrived: publishes what that makes room for, once a turn. */
  look(): void {
    if (this.#isLookDue || this.#isStopped) return;
    this.#isLookDue = true;
    setImmediate(() => {
      this.#isLookDue = false;
      if (this.#isStopped) return;
      const count = aheadMax - (this.#published - slowest(this.#subscribers));
      if (count <= 0) return;
      this.#published += count;
      this.#publisher.publish(this.#value, count);
    });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Waits until everything published has come everywhere; what has not by the deadline, and what came too often. */
  async wrong(arrivalMs: number): Promise<number> {
    const endMs = performance.now() + arrivalMs;
    while (slowest(this.#subscribers) < this.#published && performance.now() < endMs) await pause(probeMs);
    return this.#subscribers.reduce((total, { received }) => total + Math.abs(this.#published - received), 0);
  }
}

function slowest(subscribers: readonly Subscriber[]): number {
  let least = Number.POSITIVE_INFINITY;
  for (const { received } of subscribers) if (received < least) least = received;
  return least;
}

function sum(subscribers: readonly Subscriber[]): number {
  return subscribers.reduce((total, { received }) => total + received, 0);
}

/** A value of so many bytes that every system takes for text. */
export function textOf(bytes: number): Buffer {
  return Buffer.alloc(bytes, 'abcdefghijklmnopqrstuvwxyz ');
}
