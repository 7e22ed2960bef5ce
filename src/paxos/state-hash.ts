/**
 * Compares the applied state's hash with the peers' at multiples of 1,000 slots; a server outvoted by a majority stops.
 */
import { assert, equalBytes } from '../base/index.js';
import type { Slot } from '../wire/index.js';
import type { Context } from './context.js';
import type { Peers } from './peers.js';
import { isQuorum } from './quorum.js';

/** Hashes kept for comparison: a peer this many thousands of slots behind is compared when it gets here itself. */
const keptHashes = 64;

export class StateHashes {
  readonly #context: Context;
  readonly #peers: Peers;
  readonly #own = new Map<Slot, Uint8Array>();
  #lastSlot: Slot = 0;
  #lastHash: Uint8Array = new Uint8Array(8);
  /** A peer at the same slot has another hash and no majority says who is right: nobody may acknowledge. */
  disputed = false;

  constructor(context: Context, peers: Peers) {
    this.#context = context;
    this.#peers = peers;
  }

  get lastSlot(): Slot {
    return this.#lastSlot;
  }

  get lastHash(): Uint8Array {
    return this.#lastHash;
  }

  /** The state applied through `slot` hashes to `hash` (8 bytes). */
  set(slot: Slot, hash: Uint8Array): void {
    assert(slot > this.#lastSlot, 'state hashes come in slot order');
    this.#lastSlot = slot;
    this.#lastHash = Uint8Array.from(hash);
    this.#own.set(slot, this.#lastHash);
    for (const old of this.#own.keys()) {
      if (this.#own.size <= keptHashes) break;
      this.#own.delete(old);
    }
    this.compare();
  }

  /**
   * The highest slot at which a majority, this server included, has our hash. Each hash holds the one before it, so
   * whoever agrees at a slot agrees on everything below.
   */
  #agreedSlot(): Slot {
    return this.#context.configurations.majorityReached((id) => {
      const { hashSlot, hash } = this.#peers.get(id);
      const own = this.#own.get(hashSlot);
      return own !== undefined && equalBytes(own, hash) ? hashSlot : 0;
    });
  }

  /**
   * Looks at the hashes the peers last reported.
   * @throws InvariantError if a majority of all servers agrees on a hash that is not ours
   */
  compare(): void {
    let disputed = false;
    const agreed = this.#agreedSlot();
    for (const id of this.#context.peers) {
      const peer = this.#peers.get(id);
      const own = this.#own.get(peer.hashSlot);
      if (own === undefined || equalBytes(own, peer.hash)) continue;
      // With a majority on our side it is the other that has to stop.
      if (peer.hashSlot > agreed) disputed = true;
      const against = this.#context.peers.filter((other) => {
        const { hashSlot, hash } = this.#peers.get(other);
        return hashSlot === peer.hashSlot && equalBytes(hash, peer.hash);
      });
      assert(
        !isQuorum(this.#context.configurations.current, (other) => against.includes(other)),
        `the state applied through slot ${peer.hashSlot} differs from that of servers ${against.join(', ')}`,
      );
    }
    if (disputed && !this.disputed) {
      this.#context.logger.error('state-hash-disputed', { slot: this.#lastSlot });
    }
    this.disputed = disputed;
  }
}
