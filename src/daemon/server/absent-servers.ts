/**
 * Which servers have been silent for so long that their clients have left: noticed once per absence, by who leads.
 * Pure.
 */
import { limits } from '../../base/index.js';
import type { ServerId } from '../../wire/index.js';

export class AbsentServers {
  readonly #peers: readonly ServerId[];
  readonly #heardAtMs = new Map<ServerId, number>();
  readonly #noticed = new Set<ServerId>();

  constructor(peers: readonly ServerId[], nowMs: number) {
    this.#peers = peers;
    for (const peer of peers) this.#heardAtMs.set(peer, nowMs);
  }

  /**
   * The peers that have not been heard for `limits.leaveAfterMs`, each named once until it is heard again; none while
   * this
   * server does not lead, so that only one server writes the leaves (a second one would have no effect at apply).
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
