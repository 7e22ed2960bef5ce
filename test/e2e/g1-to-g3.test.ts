/** G1, G2 and G3 (BEHAVIOUR.md, 6): one of three runs of each; SYNOD_GOLDEN=rest runs the other six. */
import t from 'tap';
import type { Scenario } from '../golden/cast.js';
import type { Variant } from '../golden/faulty-cluster.js';
import { g3 } from '../golden/no-quorum.js';
import { g1, g2 } from '../golden/one-slow-server.js';

interface Run {
  readonly name: string;
  readonly scenario: Scenario;
  readonly variant: Variant;
}

const runs: readonly Run[] = [
  { name: 'G1', scenario: g1, variant: 'rules' },
  { name: 'G3', scenario: g3, variant: 'mode' },
  { name: 'G2', scenario: g2, variant: 'proxy' },
];
/** The longest first. */
const rest: readonly Run[] = [
  { name: 'G1', scenario: g1, variant: 'mode' },
  { name: 'G1', scenario: g1, variant: 'proxy' },
  { name: 'G3', scenario: g3, variant: 'proxy' },
  { name: 'G3', scenario: g3, variant: 'rules' },
  { name: 'G2', scenario: g2, variant: 'mode' },
  { name: 'G2', scenario: g2, variant: 'rules' },
];

// They mostly wait: three clusters at a time leave two cores enough to keep the times.
t.jobs = 3;
for (const { name, scenario, variant } of process.env.SYNOD_GOLDEN === 'rest' ? rest : runs) {
  t.test(`${name}, ${variant}`, { buffered: true }, (t) => scenario(t, variant));
}
