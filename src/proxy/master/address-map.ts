/** Where each server really is, and the address at which the proxy stands in for it. */
import type { ServerId } from '../../wire/index.js';

export interface Pair {
  readonly id: ServerId;
  readonly real: string;
  readonly proxied: string;
}

export class AddressMap {
  readonly #pairs = new Map<ServerId, Pair>();

  set(pair: Pair): void {
    this.#pairs.set(pair.id, pair);
  }

  ofServer(id: ServerId): Pair | undefined {
    return this.#pairs.get(id);
  }

  /** Whether a server is at this address, its own or the proxy's for it. */
  knows(address: string): boolean {
    return [...this.#pairs.values()].some(({ real, proxied }) => real === address || proxied === address);
  }

  /** The proxy's address for a server's; any other address stays as it is. */
  proxied(address: string): string {
    for (const { real, proxied } of this.#pairs.values()) if (real === address) return proxied;
    return address;
  }

  /** The server's address for the proxy's; any other address stays as it is. */
  real(address: string): string {
    for (const { real, proxied } of this.#pairs.values()) if (proxied === address) return real;
    return address;
  }

  isProxied(address: string): boolean {
    return [...this.#pairs.values()].some(({ proxied }) => proxied === address);
  }
}
