/** What a server stands on: its files, its state store and how its log is cut. Tests put others beneath it. */
import path from 'node:path';
import { limits } from '../../base/index.js';
import {
  type Disk,
  FileDisk,
  LevelHome,
  MemoryDisk,
  MemoryHome,
  type StoreHome,
  type WalOptions,
} from '../../storage/index.js';

export interface Ground {
  /** Opens the data directory's disk; tests give one that fills up, breaks or loses power. */
  readonly makeDisk: (directory: string, fsync: boolean) => Disk;
  /** Where the data directory's state store lives. */
  readonly storeHome: (directory: string) => StoreHome;
  /** Tests let a log roll after a few records. */
  readonly wal: Pick<WalOptions, 'segmentBytes' | 'firstSegmentBytes' | 'markAfterMs'>;
}

export const realGround: Ground = Object.freeze({
  makeDisk: (directory: string, fsync: boolean) => new FileDisk(directory, { fsync }),
  storeHome: (directory: string) => new LevelHome(path.join(directory, 'state')),
  wal: {},
});

/** Nothing is kept on disk: the birth id, like all else, is new in each process, which is admitted as a newcomer. */
export const memoryGround: Ground = Object.freeze({
  makeDisk: () => new MemoryDisk(),
  storeHome: () => new MemoryHome(),
  wal: { segmentBytes: limits.memorySegmentBytes, firstSegmentBytes: limits.memorySegmentBytes },
});
