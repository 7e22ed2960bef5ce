/** The connections of clients and operators to this server: who is there, how many came, whom it had to end. */
import type { Logger } from '../../base/index.js';
import type { CloseCode, CloseReason } from '../../net/index.js';
import type { Message } from '../../wire/index.js';
import type { ClientLink } from './client-link.js';
import type { Party } from './link-handlers.js';

export interface ClientLinksParts {
  readonly logger: Logger;
  /** The first client came, or the last one left. */
  readonly serves: (serves: boolean) => void;
  readonly onCountChanged: () => void;
}

/** Operators are linked like clients, and count as none. */
export class ClientLinks {
  readonly #parts: ClientLinksParts;
  readonly #links = new Map<ClientLink, Party>();
  #clients = 0;
  #arrivedEver = 0;
  readonly #droppedFor = new Map<CloseCode, number>();

  constructor(parts: ClientLinksParts) {
    this.#parts = parts;
  }

  /** Clients now. */
  get count(): number {
    return this.#clients;
  }

  /** Clients now and before. */
  get arrivedEver(): number {
    return this.#arrivedEver;
  }

  /** Connections that this server ended, by why; without orderly ends. */
  get droppedFor(): ReadonlyMap<CloseCode, number> {
    return this.#droppedFor;
  }

  /** Bytes that wait to be sent. Looks at every connection: for whoever asks now and then. */
  get outboundBytes(): number {
    let bytes = 0;
    for (const { connection } of this.#links.keys()) bytes += connection.queuedBytes;
    return bytes;
  }

  /** Operators' too. */
  [Symbol.iterator](): Iterator<ClientLink> {
    return this.#links.keys();
  }

  add(link: ClientLink, party: Party): void {
    this.#links.set(link, party);
    if (party === 'operator') return;
    this.#arrivedEver++;
    this.#count(this.#clients + 1);
  }

  /** The connection closed. */
  remove(link: ClientLink, party: Party, { code, text, byPeer }: CloseReason): void {
    const isOrderly = byPeer || code === 'LOCAL' || code === 'SHUTTING_DOWN';
    if (!isOrderly) {
      this.#droppedFor.set(code, (this.#droppedFor.get(code) ?? 0) + 1);
      this.#parts.logger.warn('client-dropped', { from: link.connection.remoteAddress, code, text });
    }
    this.#links.delete(link);
    if (party === 'client') this.#count(this.#clients - 1);
  }

  sendAll(message: Message): void {
    for (const { connection } of this.#links.keys()) connection.send(message);
  }

  /** Everybody hears goodbye: a client goes to another server by itself. */
  sendAway(text: string): void {
    for (const { connection } of this.#links.keys()) connection.goodbye('SHUTTING_DOWN', text);
  }

  /** The same for clients only. */
  sendClientsAway(text: string): void {
    for (const [{ connection }, party] of this.#links)
      if (party === 'client') connection.goodbye('SHUTTING_DOWN', text);
  }

  /** Ends all without a word. */
  abandon(): void {
    for (const { connection } of this.#links.keys()) connection.abandon('destroyed');
  }

  #count(clients: number): void {
    const served = this.#clients > 0;
    this.#clients = clients;
    if (clients > 0 !== served) this.#parts.serves(clients > 0);
    this.#parts.onCountChanged();
  }
}
