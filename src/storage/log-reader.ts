/** Serves chosen values to learners and history: recent ones from a byte-bounded cache, older ones from segments. */
import { assert } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import type { Later } from './memory-store.js';
import type { Location } from './recovery.js';
import type { SlotIndex } from './slot-index.js';
import type { Wal } from './wal.js';

/** Recent values kept: what a follower that was away for a second asks for. */
const CACHE_BYTES = 16 * 1024 * 1024;
/** Two wanted records this near each other are read in one piece. */
const GAP_BYTES = 64 * 1024;
/** One read from the disk; a larger value is read alone. */
const PIECE_BYTES = 1024 * 1024;
/** Reads at the disk at once: history must not take all of the four threads that also sync the log. */
const READS_AT_ONCE = 2;

export type SlotValuesDone = (error: Error | undefined, values: Uint8Array[]) => void;

interface Request {
  readonly upto: Slot;
  readonly limitBytes: number;
  readonly done: SlotValuesDone;
  readonly values: Uint8Array[];
  next: Slot;
  bytes: number;
}

export class LogReader {
  readonly #wal: Wal;
  readonly #index: SlotIndex;
  readonly #cacheBytes: number;
  readonly #later: Later;
  readonly #cache = new Map<Slot, Uint8Array>();
  readonly #waiting: Request[] = [];
  /**
   * The first of the slots in the cache, which have no gaps. Asking the Map for its first key would pass over all that
   * were deleted before: tens of microseconds for each small value, once the cache is full.
   */
  #oldest = 0;
  #cached = 0;
  #reading = 0;

  /** `later` calls back once the caller has returned; the simulator gives its own. */
  constructor(wal: Wal, index: SlotIndex, cacheBytes = CACHE_BYTES, later: Later = queueMicrotask) {
    this.#wal = wal;
    this.#index = index;
    this.#cacheBytes = cacheBytes;
    this.#later = later;
  }

  /** `slot` was applied with `value`, which must not change. Slots come in their order, without gaps. */
  remember(slot: Slot, value: Uint8Array): void {
    // A small view would keep the whole chunk alive that it was received in.
    const kept = value.buffer.byteLength > 2 * value.length + 1024 ? Buffer.from(value) : value;
    if (this.#cache.size === 0) this.#oldest = slot;
    assert(slot === this.#oldest + this.#cache.size, `slot ${slot} is remembered out of its turn`);
    this.#cache.set(slot, kept);
    this.#cached += kept.length;
    while (this.#cached > this.#cacheBytes) {
      this.#cached -= this.#cache.get(this.#oldest)?.length ?? 0;
      this.#cache.delete(this.#oldest);
      this.#oldest += 1;
    }
  }

  /** A peer's state took the place of what was remembered. */
  forget(): void {
    this.#cache.clear();
    this.#cached = 0;
  }

  get cachedBytes(): number {
    return this.#cached;
  }

  /**
   * The values of consecutive applied slots from `from` on, not beyond `upto`, as many as fit `limitBytes` and at least
   * one; fewer, or none, where this log no longer holds a value. Never called back before it returns.
   */
  read(from: Slot, upto: Slot, limitBytes: number, done: SlotValuesDone): void {
    assert(from >= 1 && from <= upto && upto <= this.#index.applied, `slots ${from}..${upto} are read before applied`);
    this.#waiting.push({ upto, limitBytes, done, values: [], next: from, bytes: 0 });
    this.#later(() => this.#start());
  }

  #start(): void {
    while (this.#reading < READS_AT_ONCE) {
      const request = this.#waiting.shift();
      if (request === undefined) return;
      this.#reading++;
      this.#step(request);
    }
  }

  #finish(request: Request, error: Error | undefined): void {
    this.#reading--;
    request.done(error, error === undefined ? request.values : []);
    this.#start();
  }

  /** Adds a value; false when the request is complete without it. */
  #add(request: Request, value: Uint8Array): boolean {
    if (request.values.length > 0 && request.bytes + value.length > request.limitBytes) return false;
    request.values.push(value);
    request.bytes += value.length;
    request.next++;
    return true;
  }

  /** Retention, or a state that was installed, has taken what is to be read next, perhaps while it was being read. */
  #isGone(request: Request): boolean {
    return request.next < this.#index.firstKept;
  }

  #step(request: Request): void {
    for (;;) {
      if (request.next > request.upto || this.#isGone(request)) return this.#finish(request, undefined);
      const value = this.#cache.get(request.next);
      if (value === undefined) break;
      if (!this.#add(request, value)) return this.#finish(request, undefined);
    }
    this.#index.locate(request.next, request.upto, Number.MAX_SAFE_INTEGER, (error, found) => {
      const piece = error === undefined ? neighbours(found, request) : [];
      if (piece.length === 0) return this.#finish(request, error);
      this.#wal.readValues(piece, (readError, values) => {
        if (readError !== undefined) return this.#finish(request, this.#isGone(request) ? undefined : readError);
        for (const { slot, value } of values) {
          assert(slot === request.next, `the index led to slot ${slot} instead of ${request.next}`);
          if (!this.#add(request, value)) return this.#finish(request, undefined);
        }
        this.#step(request);
      });
    });
  }
}

/** The first of `found` that stand near each other in one segment and are still wanted. */
function neighbours(found: readonly (Location | undefined)[], request: Request): Location[] {
  const piece: Location[] = [];
  let bytes = request.bytes;
  for (const location of found) {
    if (location === undefined) break;
    const first = piece[0];
    const before = piece.at(-1);
    if (first !== undefined && before !== undefined) {
      const gap = location.offset - (before.offset + before.length);
      if (location.segment !== first.segment || gap < 0 || gap > GAP_BYTES) break;
      if (location.offset + location.length - first.offset > PIECE_BYTES) break;
    }
    if (piece.length + request.values.length > 0 && bytes + location.length > request.limitBytes) break;
    piece.push(location);
    bytes += location.length;
  }
  return piece;
}
