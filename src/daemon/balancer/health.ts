/** Which servers count as live, from what the balancer itself observed on their registration links. Pure. */
import { limits } from '../../base/index.js';
import type { ServerId } from '../../wire/index.js';

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
    return link !== undefined && !link.failed && nowMs - link.heardMs < limits.linkDeadMs;
  }

  silence(id: ServerId, nowMs: number): Silence {
    const link = this.#links.get(id);
    if (link === undefined) return 'none';
    const silentMs = nowMs - link.heardMs;
    if (silentMs >= limits.linkCloseMs) return 'close';
    return silentMs >= limits.linkAskMs ? 'ask' : 'none';
  }
}
