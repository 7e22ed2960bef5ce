/**
 * The face of storage: the write-ahead log that is the history, checkpoints of the state, and a server's identity on
 * disk.
 */
export {
  Checkpointer,
  type CheckpointInput,
  type CheckpointMeta,
  type InstallInput,
  loadCheckpoint,
  storedBirth,
} from './checkpoint.js';
export { comesOfFullDisk, type Disk, type Done, errorCode, isDiskFull, type ReadDone } from './disk.js';
export {
  DamagedLog,
  diskError,
  isStoreDamage,
  madeAnew,
  StorageError,
  type StorageErrorCode,
  storeDamage,
  waysOn,
} from './errors.js';
export { FileDisk, type FileDiskOptions } from './file-disk.js';
export {
  type Demands,
  Directory,
  type DirectoryDone,
  type DirectoryOptions,
  IDENTITY_NAME,
  type Seal,
} from './identity.js';
export { LevelHome } from './level-home.js';
export { LevelStore, type OpenStoreDone } from './level-store.js';
export { type DirectoryLock, lockDirectory } from './lock-file.js';
export { LogReader, type SlotValuesDone } from './log-reader.js';
export { MemoryDisk } from './memory-disk.js';
export { type Later, MemoryHome, MemoryRows, MemoryStore } from './memory-store.js';
export { asPathError, type PathUse, pathError } from './path-error.js';
export { prefixStore } from './prefix-store.js';
export {
  type CutTail,
  type Location,
  type Recovered,
  type RecoveredEntry,
  type ScannedLog,
  type ScanOptions,
  scanLog,
} from './recovery.js';
export { type Pin, Retention, type RetentionParts } from './retention.js';
export {
  decodeHeader,
  FORMAT_VERSION,
  HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  segmentNumber,
  type WalIdentity,
} from './segment.js';
export { SlotIndex } from './slot-index.js';
export { damagedSnapshot, type SnapshotHeader, SnapshotReader, SnapshotWriter } from './snapshot-file.js';
export { StateBuilder } from './state-builder.js';
export { chatRowsOf, type SetNumber, type StateSet, StateSets } from './state-sets.js';
export { type StatePiece, StateSource, type StateSourceParts } from './state-source.js';
export {
  type GetDone,
  type KeyRange,
  prefixRange,
  type Row,
  type RowReader,
  type RowsDone,
  type StateStore,
  type StoreDone,
  type StoreHome,
  type StoreSnapshot,
} from './state-store.js';
export { syncPath, syncTree } from './sync-tree.js';
export { type OpenDone, type SegmentInfo, Wal } from './wal.js';
export type { WalOptions } from './wal-options.js';
export type { LoggedValue, ValuesDone } from './wal-read.js';
export type { LogRecord, ReadRecord } from './wal-record.js';
