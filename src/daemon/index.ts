/** The daemons: what the command line starts. */
export {
  formatSeal,
  parseSeal,
  RegistryUnavailable,
  type Seal,
  type SealRegistry,
  startBalancer,
} from './balancer/index.js';
export { exitReason, stoppedReason } from './lifetime.js';
export type {
  AccessOptions,
  BalancerHandle,
  BalancerOptions,
  DaemonHandle,
  ExitReason,
  ServerHandle,
  ServerOptions,
  StartProgress,
} from './options.js';
export {
  type Figures,
  inspectSnapshot,
  type Restored,
  restoreSnapshot,
  type SavedSnapshot,
  type SnapshotContents,
  saveSnapshot,
  startServer,
} from './server/index.js';
