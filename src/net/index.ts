/** Framed TCP and nothing else: connections with limits, listening, dialling, and the end of an event-loop turn. */
export { bindError } from './bind-error.js';
export { ByteBudget } from './byte-budget.js';
export { type CloseCode, type CloseReason, closedHere, closedThere, type LocalCloseCode } from './close-reason.js';
export { Connection } from './connection.js';
export { netContext } from './context.js';
export { type DialFailure, type Dialling, type DialOptions, type DialResult, dial } from './dial.js';
export { openFilesMax } from './fd-limit.js';
export type { ConnectionHandlers, ConnectionStats, FrameConnection, SendResult } from './frame-connection.js';
export { Keyring, type Secrets } from './keyring.js';
export { Listener, type ListenOptions, listen } from './listener.js';
export { Liveness, type LivenessVerdict } from './liveness.js';
export {
  type ConnectionLimits,
  clientLimits,
  dialLimits,
  type NetContext,
  peerLimits,
  strangerLimits,
} from './options.js';
export { noSecurity, type Security } from './security.js';
export { SWEEP_MS, Sweeper, type Swept } from './sweeper.js';
export { type TlsFiles, TlsIdentity } from './tls-identity.js';
export { processTurn, Stage, Turn } from './turn.js';
