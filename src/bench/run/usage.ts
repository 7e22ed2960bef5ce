/** Processor and memory of every process of the run by its name, over restarts. */

import type { ProcessUse } from '../plan/result.js';
import { CpuWatch, residentBytes } from './cpu-watch.js';

export interface Named {
  readonly name: string;
  readonly pid: number;
}

export class Usage {
  readonly #processes: () => readonly Named[];
  readonly #cpu: CpuWatch;
  readonly #pids = new Map<string, Set<number>>();
  readonly #rss = new Map<string, { now: number; most: number }>();

  /** Watches from now on; `processes` names those that run at present. */
  constructor(processes: () => readonly Named[]) {
    this.#processes = processes;
    this.#cpu = new CpuWatch(() => processes().map(({ pid }) => pid));
    this.sample();
  }

  /** Looks at all of them: now and then, and before one is ended. */
  sample(): void {
    this.#cpu.sample();
    for (const { name, pid } of this.#processes()) {
      const pids = this.#pids.get(name) ?? new Set();
      this.#pids.set(name, pids.add(pid));
      const now = residentBytes(pid);
      const before = this.#rss.get(name);
      // One that was killed has none; what it had last stands.
      this.#rss.set(name, { now: now || (before?.now ?? 0), most: Math.max(now, before?.most ?? 0) });
    }
  }

  /** All since construction. */
  end(): { processes: readonly ProcessUse[]; foreign: number } {
    this.sample();
    const { foreign } = this.#cpu.cores();
    const processes = [...this.#pids].map(([name, pids]) => {
      const cores = [...pids].reduce((sum, pid) => sum + this.#cpu.coresOf(pid), 0);
      const { now = 0, most = 0 } = this.#rss.get(name) ?? {};
      return { name, cores: round(cores), rssBytes: now, rssBytesMax: most };
    });
    return { processes, foreign: round(foreign) };
  }
}

function round(cores: number): number {
  return Math.round(cores * 1_000) / 1_000;
}
