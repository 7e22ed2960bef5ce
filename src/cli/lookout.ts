/**
 * Looks at all servers of a cluster, once or again and again: asks the balancer who is there, then everyone at the same
 * time. What a server said last is remembered, so that one that has died keeps its row, and its number.
 */
import { ExitError } from '../base/index.js';
import { askOnce } from '../client/index.js';
import type { Status } from '../wire/index.js';
import type { Call } from './command.js';
import { type KnownCluster, type KnownServer, knownCluster } from './members.js';
import { type Probe, unasked } from './status-view.js';

/** A server that does not answer within this time is shown as down. */
const probeTimeoutMs = 1_000;

export interface Sighting {
  readonly probes: readonly Probe[];
  /** As in {@link KnownCluster}. */
  readonly size: number;
  readonly clusterId: string;
  /** Why the balancer could not be asked this time, "" if it could. */
  readonly blind: string;
}

interface Seen {
  readonly status: Status;
  readonly atMs: number;
}

export class Lookout {
  readonly #call: Call;
  readonly #nowMs: () => number;
  readonly #ask: (server: KnownServer) => Promise<Probe>;
  #known: KnownCluster | undefined;
  /** By address: what each server said last. */
  readonly #seen = new Map<string, Seen>();

  /** Tests hand in a clock and servers of their own. */
  constructor(call: Call, nowMs: () => number = () => performance.now(), ask = probe) {
    this.#call = call;
    this.#nowMs = nowMs;
    this.#ask = ask;
  }

  /** @throws ExitError (4) when no balancer answers and none ever has. */
  async look(): Promise<Sighting> {
    const { known, blind } = await this.#members();
    const first = await Promise.all(known.servers.map(this.#ask));
    const more = await Promise.all(unasked(first).map(this.#ask));
    const probes = [...first, ...more];
    for (const one of probes) {
      if (one.ok) this.#seen.set(one.address, { status: one.status, atMs: this.#nowMs() });
    }
    return { probes: this.#remember(probes), size: known.size, clusterId: known.clusterId, blind };
  }

  async #members(): Promise<{ known: KnownCluster; blind: string }> {
    try {
      this.#known = await knownCluster(this.#call, this.#known === undefined ? undefined : probeTimeoutMs);
      return { known: this.#known, blind: '' };
    } catch (error) {
      if (this.#known === undefined || !(error instanceof ExitError)) throw error;
      return { known: this.#known, blind: error.message };
    }
  }

  #remember(probes: readonly Probe[]): Probe[] {
    const idAt = new Map<string, number>();
    for (const { status } of this.#seen.values()) {
      for (const { id, address } of status.members) idAt.set(address, id);
    }
    return probes.map((one) => {
      if (one.ok) return one;
      const seen = this.#seen.get(one.address);
      const id = one.id !== 0 ? one.id : (seen?.status.serverId ?? idAt.get(one.address) ?? 0);
      return { ...one, id, reason: seen === undefined ? one.reason : `${one.reason}; ${this.#lastSeen(seen)}` };
    });
  }

  #lastSeen({ status, atMs }: Seen): string {
    const role = status.role === 'leader' ? ' as leader' : '';
    return `last seen ${ageText(this.#nowMs() - atMs)} ago${role} at slot ${status.applied}`;
  }
}

/** How long ago, in the unit that fits: `12s`, `3m`, `2h`. */
export function ageText(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes}m` : `${Math.round(minutes / 60)}h`;
}

async function probe({ id, address }: KnownServer): Promise<Probe> {
  if (address === '') return { ok: false, id, address, reason: 'never seen by this balancer' };
  const answered = await askOnce({ address, timeoutMs: probeTimeoutMs }, async (operator) => {
    const [status, seats] = await Promise.all([operator.status(), operator.seats()]);
    return status.ok
      ? { ...status, answer: { status: status.answer, seats: seats.ok ? seats.answer : undefined } }
      : status;
  });
  if (answered.ok) return { ok: true, address, ...answered.answer, rttMs: answered.rttMs };
  // The row has the address already.
  return { ok: false, id, address, reason: answered.text.replace(`${address}: `, '') };
}
