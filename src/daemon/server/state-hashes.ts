/** The state hashes of recent slots, for `verify`: every one of the last few thousand, and older multiples of 1,000. */
import { limits } from '../../base/index.js';
import type { Slot } from '../../wire/index.js';

/** Multiples kept: a million slots back at the default of 1,000. */
const multiplesMax = 1024;

export class RecentHashes {
  /** A ring over slots: entry slot % size. */
  readonly #ring: { slot: Slot; hash: Uint8Array }[] = [];
  readonly #multiples = new Map<Slot, Uint8Array>();

  /** `hash` is kept, not copied. */
  add(slot: Slot, hash: Uint8Array): void {
    this.#ring[slot % limits.hashesKeptMax] = { slot, hash };
    if (slot % limits.hashEverySlots !== 0) return;
    this.#multiples.set(slot, hash);
    for (const old of this.#multiples.keys()) {
      if (this.#multiples.size <= multiplesMax) break;
      this.#multiples.delete(old);
    }
  }

  /** The hash of the state as applied through `slot`, if it is still known. */
  at(slot: Slot): Uint8Array | undefined {
    const entry = this.#ring[slot % limits.hashesKeptMax];
    return entry?.slot === slot ? entry.hash : this.#multiples.get(slot);
  }

  /** The highest multiple of 1,000 at or below `slot` whose hash is known, or 0. */
  nearest(slot: Slot): Slot {
    const newest = slot - (slot % limits.hashEverySlots);
    for (let at = newest; at > 0 && at > newest - multiplesMax * limits.hashEverySlots; at -= limits.hashEverySlots) {
      if (this.#multiples.has(at)) return at;
    }
    return 0;
  }
}
