/** G1, G2 and G3 (BEHAVIOUR.md, 6): one of three runs of each; the others are in test/long. */
import { g3 } from '../golden/no-quorum.js';
import { g1, g2 } from '../golden/one-slow-server.js';
import { runSideBySide } from '../golden/side-by-side.js';

runSideBySide([
  { name: 'G1', scenario: g1, variant: 'rules' },
  { name: 'G3', scenario: g3, variant: 'mode' },
  { name: 'G2', scenario: g2, variant: 'proxy' },
]);
