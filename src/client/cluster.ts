/**
 * Which cluster a client is of, and whether it may go to another one: session, places in rooms and servers that it
 * knows are of one cluster and mean nothing elsewhere (decision 0020). Pure.
 */
import { toHex } from '../base/index.js';

/**
 * Who says which cluster a server may be of: a balancer of that `cluster`, which named the server; the user, who named
 * the server himself, so that any will do; nobody, so that only the cluster known so far will do, or whichever is the
 * first.
 */
export type Vouched =
  | { readonly by: 'balancer'; readonly cluster: string }
  | { readonly by: 'user' }
  | { readonly by: 'nobody' };

/** same: go on. other: it took the place of the one before, begin anew. foreign: a stray, keep away from it. */
export type Meeting = 'same' | 'other' | 'foreign';

/** The id in a welcome as 32 hexadecimal digits. */
export function clusterOf({ clusterId }: { readonly clusterId: Uint8Array }): string {
  return toHex(clusterId);
}

/** What a listener that belongs to no cluster yet says of itself. */
const noCluster = '0'.repeat(32);

/** What a balancer's word is worth; one that belongs to no cluster yet vouches for none. */
export function vouchOf(welcome: { readonly clusterId: Uint8Array }): Vouched {
  const cluster = clusterOf(welcome);
  return cluster === noCluster ? { by: 'nobody' } : { by: 'balancer', cluster };
}

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
    if (vouched.by === 'balancer' && vouched.cluster !== cluster) return 'foreign';
    if (vouched.by === 'nobody' && !isFirst) return 'foreign';
    this.#id = cluster;
    return isFirst ? 'same' : 'other';
  }

  /** Whether what a server of this cluster says concerns us. */
  isOurs(cluster: string): boolean {
    return this.#id === '' || cluster === this.#id;
  }

  /** Whether whoever follows this word leaves our cluster. */
  isElsewhere(vouched: Vouched): boolean {
    return vouched.by === 'balancer' && !this.isOurs(vouched.cluster);
  }
}
