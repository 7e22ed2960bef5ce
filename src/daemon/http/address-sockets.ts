/** Connections to the pages by the address that they come from: none takes all, and a flood ends its own. */
import type { Socket } from 'node:net';

/** Of the other end, without its port; "" once that is not known any more. */
export function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

export class AddressSockets {
  readonly #perAddressMax: number;
  readonly #open = new Map<string, Set<Socket>>();

  constructor(perAddressMax: number) {
    this.#perAddressMax = perAddressMax;
  }

  /** Counts `socket` until it closes; false if its address has as many as it may. */
  add(socket: Socket): boolean {
    const address = addressOf(socket);
    const open = this.#open.get(address) ?? new Set();
    if (open.size >= this.#perAddressMax) return false;
    open.add(socket);
    this.#open.set(address, open);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) this.#open.delete(address);
    });
    return true;
  }

  /** Ends all connections from the addresses that are meant. */
  end(isMeant: (address: string) => boolean): void {
    for (const [address, open] of this.#open) {
      if (!isMeant(address)) continue;
      for (const socket of open) socket.destroy();
    }
  }
}
