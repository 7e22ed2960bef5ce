/** The people of a run: a few chat processes, and as many clients of this process as are wanted besides. */
import type { Cluster } from '../support/cluster.js';
import { LibraryClient, SharedRoom } from '../support/library-client.js';
import type { Talker } from '../support/talker.js';

export interface CrowdSize {
  readonly processes: number;
  readonly library: number;
}

export class Crowd {
  readonly clients: readonly Talker[];
  readonly #library: readonly LibraryClient[];

  /** With a proxy, every other client reaches the servers through it. */
  constructor(cluster: Cluster, { processes, library }: CrowdSize, hasProxy: boolean) {
    const shared = new SharedRoom();
    const proxied = (index: number): boolean => hasProxy && index % 2 === 1;
    this.#library = Array.from({ length: library }, (_, index) => {
      const balancer = proxied(index) ? cluster.proxyAddress : cluster.balancerAddress;
      return new LibraryClient({ name: `Library${index + 1}`, balancer, shared });
    });
    const others = Array.from({ length: processes }, (_, index) =>
      proxied(index) ? cluster.chatThroughProxy(`Process${index + 1}`) : cluster.chat(`Process${index + 1}`),
    );
    this.clients = [...others, ...this.#library];
  }

  async connected(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.waitForConnected(20_000)));
  }

  /** Those in this process end at once, whatever became of the run; processes are the cluster's to end. */
  async end(): Promise<void> {
    await Promise.all(this.#library.map((client) => client.finish(0)));
  }
}
