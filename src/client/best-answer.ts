/** Which of several balancers' answers counts. Pure. */
import type { Routed } from '../wire/index.js';
import type { Vouched } from './cluster.js';

/** What one balancer said. */
export interface Answer {
  readonly said: Routed;
  /** For which cluster it speaks. */
  readonly vouched: Vouched;
  /** That is another one than the client's. */
  readonly isElsewhere: boolean;
}

/** The smaller, the better: one that names a server, one that knows servers, one that waits for them. */
const ranks: Readonly<Record<Routed['status'], number>> = { ok: 0, mostFail: 1, notReady: 2 };

/** Nobody can say anything better: it names a server, and not one of another cluster. */
export function isBest({ said, isElsewhere }: Answer): boolean {
  return said.status === 'ok' && !isElsewhere;
}

/**
 * The one to follow once nobody else will answer. A balancer of another cluster that names a server is worth more than
 * one of ours that names none: that may be all that is left of what was made anew.
 */
export function bestOf(answers: readonly Answer[]): Answer | undefined {
  const worth = ({ said, isElsewhere }: Answer): number => 2 * ranks[said.status] + (isElsewhere ? 1 : 0);
  return answers.reduce<Answer | undefined>(
    (best, answer) => (best === undefined || worth(answer) < worth(best) ? answer : best),
    undefined,
  );
}
