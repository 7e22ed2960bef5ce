/** Honest clients beside an attack: what they wait for their lines, and what the servers hold in the meantime. */
import { readdirSync, readFileSync } from 'node:fs';
import type { ChatClient } from '../../support/chat-client.js';
import type { Cluster } from '../../support/cluster.js';
import { Load } from '../../support/load.js';
import { nowMs, until } from '../../support/until.js';

const linesPerSecond = 20;
const inFlightMax = 8;

/** What a stretch of time was like. */
export interface Stretch {
  readonly lines: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The most that any server held, in MiB. */
  readonly rssMiB: number;
  readonly descriptors: number;
}

export class Honest {
  readonly clients: readonly ChatClient[];
  readonly #cluster: Cluster;
  readonly #load: Load;

  private constructor(cluster: Cluster, clients: readonly ChatClient[]) {
    this.#cluster = cluster;
    this.clients = clients;
    this.#load = new Load(clients, { linesPerSecond, inFlightMax, explain: () => cluster.describe() });
  }

  static async start(cluster: Cluster, count: number): Promise<Honest> {
    const clients = Array.from({ length: count }, (_, i) => cluster.chat(`honest${i}`));
    await Promise.all(clients.map((client) => client.sayAndCommit(`first of ${client.name}`, 20_000)));
    return new Honest(cluster, clients);
  }

  /** Runs `work` and says how the clients fared meanwhile: lines that were said in it, once all are answered. */
  async during(work: () => Promise<unknown>): Promise<Stretch> {
    const fromMs = nowMs();
    let [rssMiB, descriptors] = [0, 0];
    const sample = setInterval(() => {
      const held = this.#cluster.upIds.map((id) => heldBy(this.#cluster.server(id).pid));
      rssMiB = Math.max(rssMiB, ...held.map((one) => one.rssMiB));
      descriptors = Math.max(descriptors, ...held.map((one) => one.descriptors));
    }, 250);
    try {
      await work();
    } finally {
      clearInterval(sample);
    }
    const uptoMs = nowMs();
    const said = (): readonly { invokeMs: number; ackMs: number }[] =>
      this.clients.flatMap((client) =>
        client.sends().filter(({ invokeMs }) => invokeMs >= fromMs && invokeMs < uptoMs),
      );
    await until('the lines said meanwhile', 30_000, () => said().every(({ ackMs }) => Number.isFinite(ackMs)));
    const took = said()
      .map(({ invokeMs, ackMs }) => ackMs - invokeMs)
      .sort((a, b) => a - b);
    const at = (share: number): number =>
      took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? Number.NaN;
    return { lines: took.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1), rssMiB, descriptors };
  }

  async stop(): Promise<void> {
    await this.#load.drain(30_000);
  }
}

/** Resident memory and open descriptors of a process. */
export function heldBy(pid: number): { readonly rssMiB: number; readonly descriptors: number } {
  try {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return { rssMiB: Number(kilobytes ?? 0) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { rssMiB: 0, descriptors: 0 };
    throw error;
  }
}
