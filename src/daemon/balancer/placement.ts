/**
 * Which server a client is sent to: the one with the fewest clients, ties to the lowest id (BEHAVIOUR.md 3.4). Pure.
 */
import { limits } from '../../base/index.js';
import type { ServerId } from '../../wire/index.js';

/** A server that may be chosen. */
export interface Candidate {
  readonly id: ServerId;
  readonly address: string;
}

interface Load {
  /** Clients in the last report. */
  reported: number;
  /** When each placement that no report has confirmed yet was made, oldest first; monotonic ms. */
  readonly pending: number[];
}

/**
 * The load table. A server's load is what it last reported plus the placements since that no report has confirmed.
 * Time is handed in as monotonic ms and never falls.
 */
export class Placement {
  readonly #loads = new Map<ServerId, Load>();

  /**
   * Takes a report: `clients` connections now, `arrived` of them since the last report. The oldest placements that
   * arrived are confirmed: from now on the report counts them.
   */
  report(id: ServerId, clients: number, arrived: number, nowMs: number): void {
    const load = this.#load(id);
    load.reported = clients;
    this.#expire(load, nowMs);
    load.pending.splice(0, Math.min(arrived, load.pending.length));
  }

  /** The server's link is gone, and its clients with it. */
  forget(id: ServerId): void {
    this.#loads.delete(id);
  }

  /** Clients on the server as far as we know, placements under way included. */
  load(id: ServerId, nowMs: number): number {
    const load = this.#loads.get(id);
    if (load === undefined) return 0;
    this.#expire(load, nowMs);
    return load.reported + load.pending.length;
  }

  /**
   * Chooses among `candidates` (all live) and counts the placement at once. An address equal to `failed` is never
   * chosen; undefined when nobody is left.
   */
  place(candidates: readonly Candidate[], failed: string, nowMs: number): Candidate | undefined {
    let best: Candidate | undefined;
    let bestLoad = 0;
    for (const candidate of candidates) {
      if (candidate.address === failed) continue;
      const load = this.load(candidate.id, nowMs);
      if (best === undefined || load < bestLoad || (load === bestLoad && candidate.id < best.id)) {
        best = candidate;
        bestLoad = load;
      }
    }
    if (best !== undefined) {
      const { pending } = this.#load(best.id);
      // More than a server may hold can't all arrive: the oldest give way, so that askers who never come cost nothing.
      if (pending.length >= limits.connectionsMax) pending.shift();
      pending.push(nowMs);
    }
    return best;
  }

  #load(id: ServerId): Load {
    let load = this.#loads.get(id);
    if (load === undefined) {
      load = { reported: 0, pending: [] };
      this.#loads.set(id, load);
    }
    return load;
  }

  #expire(load: Load, nowMs: number): void {
    let expired = 0;
    while (expired < load.pending.length && (load.pending[expired] as number) + limits.placementMs <= nowMs) expired++;
    if (expired > 0) load.pending.splice(0, expired);
  }
}
