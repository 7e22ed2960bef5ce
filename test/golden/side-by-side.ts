/** Several golden scenarios at a time, each on a cluster of its own. */
import t from 'tap';
import type { Scenario } from './cast.js';
import type { Variant } from './faulty-cluster.js';

export interface Run {
  readonly name: string;
  readonly scenario: Scenario;
  readonly variant: Variant;
}

/** They mostly wait: three clusters at a time leave two cores enough to keep the times. */
export function runSideBySide(runs: readonly Run[]): void {
  t.jobs = 3;
  for (const { name, scenario, variant } of runs) {
    t.test(`${name}, ${variant}`, { buffered: true }, (t) => scenario(t, variant));
  }
}
