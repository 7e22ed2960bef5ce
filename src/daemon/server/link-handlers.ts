/**
 * The handlers of one client's connection: one object for each of ten thousand, where three closures take 230 bytes
 * more.
 */
import type { CloseReason, ConnectionHandlers } from '../../net/index.js';
import type { Message } from '../../wire/index.js';
import type { ClientLink } from './client-link.js';

export type Party = 'client' | 'operator';

/** What all of them pass on, and whose it is. */
export interface LinkEvents {
  readonly onMessage: (link: ClientLink, message: Message, rights: Party) => void;
  readonly onClose: (link: ClientLink, party: Party, reason: CloseReason) => void;
  readonly onDrain: (link: ClientLink) => void;
}

export class LinkHandlers implements ConnectionHandlers {
  readonly #events: LinkEvents;
  readonly #link: ClientLink;
  readonly #party: Party;
  readonly #rights: Party;

  /** `rights`: what it may ask for, which is less than its party may where it has not proved enough. */
  constructor(events: LinkEvents, link: ClientLink, party: Party, rights: Party) {
    this.#events = events;
    this.#link = link;
    this.#party = party;
    this.#rights = rights;
  }

  onMessage(message: Message): void {
    this.#events.onMessage(this.#link, message, this.#rights);
  }

  onClose(reason: CloseReason): void {
    this.#events.onClose(this.#link, this.#party, reason);
  }

  onDrain(): void {
    this.#events.onDrain(this.#link);
  }
}
