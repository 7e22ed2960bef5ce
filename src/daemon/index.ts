/** The daemons: what the command line starts. */
export { startBalancer } from './balancer/index.js';
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
  restoreSnapshot,
  type SnapshotContents,
  saveSnapshot,
  startServer,
} from './server/index.js';
