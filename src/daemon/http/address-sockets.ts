/** Connections to the pages by the address that they come from: a newcomer takes the place of who has most. */
import type { Socket } from 'node:net';

/** Of the other end, without its port; "" once that is not known any more. */
export function addressOf(socket: Socket): string {
  return socket.remoteAddress ?? '';
}

export class AddressSockets {
  readonly #max: number;
  /** By address, the oldest first. */
  readonly #open = new Map<string, Set<Socket>>();
  #count = 0;

  /** `max`: of all addresses together. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts `socket` until it closes. Where all places are taken, the oldest of the address with most of them ends. */
  add(socket: Socket): void {
    if (this.#count >= this.#max) this.#endOne();
    const address = addressOf(socket);
    const open = this.#open.get(address) ?? new Set();
    open.add(socket);
    this.#open.set(address, open);
    this.#count++;
    socket.once('close', () => this.#remove(address, socket));
  }

  /** Ends all connections from the addresses that are meant. */
  end(isMeant: (address: string) => boolean): void {
    for (const [address, open] of this.#open) {
      if (!isMeant(address)) continue;
      for (const socket of open) this.#end(address, socket);
    }
  }

  #endOne(): void {
    let [most, address] = [0, ''];
    for (const [one, { size }] of this.#open) if (size > most) [most, address] = [size, one];
    const [oldest] = this.#open.get(address) ?? [];
    if (oldest !== undefined) this.#end(address, oldest);
  }

  /** Its place is free at once: its descriptor is. */
  #end(address: string, socket: Socket): void {
    socket.destroy();
    this.#remove(address, socket);
  }

  #remove(address: string, socket: Socket): void {
    const open = this.#open.get(address);
    if (open?.delete(socket) !== true) return;
    this.#count--;
    if (open.size === 0) this.#open.delete(address);
  }
}
