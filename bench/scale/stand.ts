/** What the parts of the scale benchmark have started: clusters and processes of clients, each part its own. */
import type { Cluster, ClusterOptions } from '../../test/support/cluster.js';
import { pidsOf, startCluster } from '../cluster.js';
import type { PartStand } from '../parts.js';

/** Anything with a process that can be ended. */
export interface Helper {
  readonly pid: number;
  end(): void;
}

export class ScaleStand implements PartStand {
  readonly #clusters = new Set<Cluster>();
  readonly #helpers = new Set<Helper>();
  beforeEnd: () => void = () => undefined;

  get pids(): number[] {
    const ofClusters = [...this.#clusters].flatMap((cluster) => pidsOf(cluster));
    return [...new Set([process.pid, ...ofClusters, ...[...this.#helpers].map(({ pid }) => pid)])];
  }

  /** A cluster with a leader. */
  async cluster(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = await startCluster(options);
    this.#clusters.add(cluster);
    return cluster;
  }

  /** Ended with the stand, unless `end` ends it before. */
  helper<H extends Helper>(helper: H): H {
    this.#helpers.add(helper);
    return helper;
  }

  /** The processor time of what ends is counted before. */
  async end(cluster: Cluster, helpers: readonly Helper[] = []): Promise<void> {
    this.beforeEnd();
    for (const helper of helpers) {
      helper.end();
      this.#helpers.delete(helper);
    }
    this.#clusters.delete(cluster);
    await cluster.stop();
  }

  async stop(): Promise<void> {
    for (const helper of this.#helpers) helper.end();
    for (const cluster of this.#clusters) await cluster.stop();
  }
}
