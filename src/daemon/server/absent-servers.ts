/**
 * Which servers have been silent for so long that their clients have left: noticed once per absence, by who leads.
 * Pure.
 */
import { limits } from '../../base/index.js';
import type { ServerId } from '../../wire/index.js';

export class AbsentServers {
  #peers: readonly ServerId[] = [];
  readonly #heardAtMs = new Map<ServerId, number>();
  readonly #noticed = new Set<ServerId>();

  constructor(peers: readonly ServerId[], nowMs: number) {
    this.setPeers(peers, nowMs);
  }

  /** The members changed. Whoever left is absent for good: it is noticed like one that went silent when it left. */
  setPeers(peers: readonly ServerId[], nowMs: number): void {
    this.#peers = [...new Set([...this.#peers.filter((peer) => !this.#noticed.has(peer)), ...peers])];
    for (const peer of peers) if (!this.#heardAtMs.has(peer)) this.#heardAtMs.set(peer, nowMs);
  }

  /**
   * The peers that have not been heard for `limits.leaveAfterMs`, each named once until it is heard again; none while
   * this server does not lead, so that only one server writes the leaves (a second one would have no effect at apply).
   */
  due(heard: readonly ServerId[], leading: boolean, nowMs: number): ServerId[] {
    for (const peer of heard) {
      this.#heardAtMs.set(peer, nowMs);
      this.#noticed.delete(peer);
    }
    if (!leading) return [];
    const due = this.#peers.filter((peer) => {
      const silentMs = nowMs - (this.#heardAtMs.get(peer) ?? nowMs);
      return silentMs >= limits.leaveAfterMs && !this.#noticed.has(peer);
    });
    for (const peer of due) this.#noticed.add(peer);
    return due;
  }
}
