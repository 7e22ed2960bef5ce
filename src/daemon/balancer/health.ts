/** Which servers count as live, from what the balancer itself observed on their registration links. Pure. */
import type { ServerId } from '../../wire/index.js';

/**
 * Up and down per server. A server is up while its link is open (a link that fell silent is closed by the connection
 * itself within 3 s), unless a client said that it failed *and* our own probe agreed; that holds until its next report
 * (BEHAVIOUR.md 3.4). A client's word alone changes nothing.
 */
export class Health {
  /** Servers with an open link; true: failed. */
  readonly #failed = new Map<ServerId, boolean>();

  linkUp(id: ServerId): void {
    this.#failed.set(id, false);
  }

  linkDown(id: ServerId): void {
    this.#failed.delete(id);
  }

  /** Its report came: whatever was wrong is over. */
  reported(id: ServerId): void {
    if (this.#failed.has(id)) this.#failed.set(id, false);
  }

  /** Our probe, sent because a client named this server as failed, went unanswered. */
  probeFailed(id: ServerId): void {
    if (this.#failed.has(id)) this.#failed.set(id, true);
  }

  isLive(id: ServerId): boolean {
    return this.#failed.get(id) === false;
  }
}
