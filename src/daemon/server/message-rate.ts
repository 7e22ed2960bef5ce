/** How many messages a second one connection, and one name over all its connections here, may send. */
import { type Clock, limits } from '../../base/index.js';

/** Fills by itself; may be overdrawn once by a whole run, and is waited for until it is not. */
interface Bucket {
  tokens: number;
  atMs: number;
}

export class MessageRate {
  readonly #perSecond: number;
  readonly #clock: Clock;
  readonly #names = new Map<string, Bucket>();
  readonly #connections = new WeakMap<object, Bucket>();

  /** `perSecond` ≥ 1; as many may come at once after a pause of a second. */
  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond;
    this.#clock = clock;
  }

  /** Names remembered now. */
  get size(): number {
    return this.#names.size;
  }

  /** 0 when these `count` messages may pass, which then count; else after how many ms to ask again. */
  take(connection: object, name: string | undefined, count: number): number {
    const nowMs = this.#clock.monotonicMs();
    let bucket = this.#connections.get(connection);
    if (bucket === undefined) {
      bucket = { tokens: this.#perSecond, atMs: nowMs };
      this.#connections.set(connection, bucket);
    }
    const buckets = name === undefined ? [bucket] : [bucket, this.#ofName(name, nowMs)];
    for (const one of buckets) this.#fill(one, nowMs);
    const lowest = Math.min(...buckets.map(({ tokens }) => tokens));
    if (lowest <= 0) return Math.max(limits.busyRetryMs, Math.ceil(((1 - lowest) * 1000) / this.#perSecond));
    for (const one of buckets) one.tokens -= count;
    return 0;
  }

  /** About every second: who has been quiet for long enough to have a full bucket needs none. */
  tick(nowMs: number): void {
    for (const [name, bucket] of this.#names) {
      this.#fill(bucket, nowMs);
      if (bucket.tokens === this.#perSecond) this.#names.delete(name);
    }
  }

  #ofName(name: string, nowMs: number): Bucket {
    let bucket = this.#names.get(name);
    if (bucket === undefined) {
      bucket = { tokens: this.#perSecond, atMs: nowMs };
      this.#names.set(name, bucket);
    }
    return bucket;
  }

  #fill(bucket: Bucket, nowMs: number): void {
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + ((nowMs - bucket.atMs) * this.#perSecond) / 1000);
    bucket.atMs = nowMs;
  }
}
