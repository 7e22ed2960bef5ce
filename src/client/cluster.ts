/**
 * Which cluster a client is of, and whether it may go to another one: session, places in rooms and servers that it
 * knows
 * are of one cluster and mean nothing elsewhere (decision 0020). Pure.
 */
import { toHex } from '../base/index.js';

/**
 * Who says which cluster a server may be of: a balancer, by its own id; `any` where the user named the server; '' where
 * nobody does, so that only the cluster known so far will do.
 */
export type Vouched = string;

/** same: go on. other: it took the place of the one before, begin anew. foreign: a stray, keep away from it. */
export type Meeting = 'same' | 'other' | 'foreign';

/** The id in a welcome as 32 hexadecimal digits. */
export function clusterOf({ clusterId }: { readonly clusterId: Uint8Array }): string {
  return toHex(clusterId);
}

/** What a listener that belongs to no cluster yet says of itself. */
const noCluster = '0'.repeat(32);

export class OwnCluster {
  #id = '';

  /** 32 hexadecimal digits; '' before the first server was reached. */
  get id(): string {
    return this.#id;
  }

  /** A server of this cluster, reached with this word for it. After `other` the client is of that one. */
  meet(cluster: string, vouched: Vouched): Meeting {
    if (cluster === noCluster || cluster === this.#id) return 'same';
    const isFirst = this.#id === '';
    if (!isFirst && vouched !== 'any' && vouched !== cluster) return 'foreign';
    this.#id = cluster;
    return isFirst ? 'same' : 'other';
  }

  /** Whether what a server of this cluster says concerns us. */
  isOurs(cluster: string): boolean {
    return this.#id === '' || cluster === this.#id;
  }
}
