/** Which servers count as live, from what the balancer itself observed on their registration links. Pure. */
import type { ServerId } from '../../wire/index.js';

/** A link that said nothing for this long is asked (ping), ms. */
export const askAfterMs = 1_500;
/** A link that said nothing for this long counts as dead: three missed reports (RELIABILITY.md 35), ms. */
export const deadAfterMs = 3_000;
/** A link that said nothing for this long is closed; its server registers again, ms. */
export const closeAfterMs = 10_000;
/** How long a server has to answer a probe, ms (BEHAVIOUR.md 3.2). */
export const probeMs = 1_000;

interface Link {
  heardMs: number;
  /** A client said it failed and our own probe agreed: not live until its next report. */
  failed: boolean;
}

/** What to do with a silent link. */
export type Silence = 'none' | 'ask' | 'close';

/**
 * Up and down per server. Clients' complaints never count by themselves: `failed` is only told after our own probe went
 * unanswered (BEHAVIOUR.md 3.4). Time is monotonic ms.
 */
export class Health {
  readonly #links = new Map<ServerId, Link>();

  linkUp(id: ServerId, nowMs: number): void {
    this.#links.set(id, { heardMs: nowMs, failed: false });
  }

  linkDown(id: ServerId): void {
    this.#links.delete(id);
  }

  /** Any frame of the server; `report` also ends a failure. */
  heard(id: ServerId, report: boolean, nowMs: number): void {
    const link = this.#links.get(id);
    if (link === undefined) return;
    link.heardMs = nowMs;
    if (report) link.failed = false;
  }

  /** Our probe, sent because a client named this server as failed, went unanswered. */
  probeFailed(id: ServerId): void {
    const link = this.#links.get(id);
    if (link !== undefined) link.failed = true;
  }

  isLive(id: ServerId, nowMs: number): boolean {
    const link = this.#links.get(id);
    return link !== undefined && !link.failed && nowMs - link.heardMs < deadAfterMs;
  }

  silence(id: ServerId, nowMs: number): Silence {
    const link = this.#links.get(id);
    if (link === undefined) return 'none';
    const silentMs = nowMs - link.heardMs;
    if (silentMs >= closeAfterMs) return 'close';
    return silentMs >= askAfterMs ? 'ask' : 'none';
  }
}
