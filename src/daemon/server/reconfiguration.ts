/** Changes of the members that this server proposes: those that are due, as leader, and those that operators wish. */
import { type Clock, type Logger, limits } from '../../base/index.js';
import { type MembersItem, membersItem } from '../../wire/index.js';
import { admissionDue } from './admission.js';
import type { Driver } from './driver.js';
import type { MembersView } from './members-view.js';
import type { Peers } from './peers.js';
import type { Roster } from './roster.js';

export interface ReconfigurationParts {
  readonly roster: Pick<Roster, 'latest'>;
  readonly members: Pick<MembersView, 'governing'>;
  readonly driver: Pick<Driver, 'view'>;
  readonly peers: Pick<Peers, 'newcomers'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly logger: Logger;
  /** Logs the item, unless `isPending` says that it is no longer wanted. */
  readonly propose: (item: Uint8Array, isPending: () => boolean) => void;
}

export class Reconfiguration {
  readonly #parts: ReconfigurationParts;
  /** What was proposed last, and when. */
  #proposed: { readonly epoch: number; readonly atMs: number } | undefined;

  constructor(parts: ReconfigurationParts) {
    this.#parts = parts;
  }

  /** As leader, about every second: newcomers are admitted, learners get their vote. */
  proposeDue(nowMs: number): void {
    const { roster, members, peers, driver } = this.#parts;
    const due = admissionDue({
      latest: roster.latest,
      settled: members.governing,
      newcomers: peers.newcomers,
      caughtUp: driver.view.caughtUpPeers,
      nowMs,
    });
    const { epoch = 0, atMs = 0 } = this.#proposed ?? {};
    if (due !== undefined && (epoch !== due.epoch || nowMs - atMs >= limits.membersRetryMs)) this.propose(due);
  }

  propose(item: MembersItem): void {
    const { roster, clock, logger, propose } = this.#parts;
    const { epoch, seats } = item;
    this.#proposed = { epoch, atMs: clock.monotonicMs() };
    logger.info('members-proposed', {
      epoch,
      voters: seats.filter(({ votes }) => votes).map(({ id }) => id),
      learners: seats.filter(({ votes }) => !votes).map(({ id }) => id),
    });
    propose(membersItem(item), () => roster.latest.epoch < epoch);
  }
}
