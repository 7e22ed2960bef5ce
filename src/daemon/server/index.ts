/** A server: one replica of the log with its disk, its peers and its clients. */
export type { Figures } from './figures.js';
export type { Ground } from './ground.js';
export { type Restored, restoreSnapshot } from './restore.js';
export { startServer } from './server.js';
export { inspectSnapshot, type SavedSnapshot, type SnapshotContents, saveSnapshot } from './snapshot.js';
