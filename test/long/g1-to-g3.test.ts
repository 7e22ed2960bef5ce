/** G1, G2 and G3 (BEHAVIOUR.md, 6): the two runs of each that test/e2e leaves out, the longest first. */
import { g3 } from '../golden/no-quorum.js';
import { g1, g2 } from '../golden/one-slow-server.js';
import { runSideBySide } from '../golden/side-by-side.js';

runSideBySide([
  { name: 'G1', scenario: g1, variant: 'mode' },
  { name: 'G1', scenario: g1, variant: 'proxy' },
  { name: 'G3', scenario: g3, variant: 'proxy' },
  { name: 'G3', scenario: g3, variant: 'rules' },
  { name: 'G2', scenario: g2, variant: 'mode' },
  { name: 'G2', scenario: g2, variant: 'rules' },
]);
