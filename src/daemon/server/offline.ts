/** A server's data directory without a network: what a server that starts, hears nobody and ends would do with it. */
import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { ExitError, exitCodes, type Logger, nodeClock, Prng } from '../../base/index.js';
import { Directory, type Disk, pathError } from '../../storage/index.js';
import type { ServerId, Slot } from '../../wire/index.js';
import { takeDataDirectory } from '../data-directory.js';
import type { Listener } from './driver.js';
import { realGround } from './ground.js';
import { type OpenedDriver, openDriver } from './open-driver.js';
import { settled } from './settled.js';
import { closeStore, openStoredDriver } from './stored-driver.js';

export interface OfflineDirectory {
  readonly dataDir: string;
  readonly directory: Directory;
  readonly disk: Disk;
  /** Gives the directory back. */
  release(): void;
}

/**
 * Takes a directory, made if missing; its life is counted. With `origin` it must be new, see {@link Directory.open}.
 * Throws an ExitError or a StorageError.
 */
export async function takeOffline(dataDir: string, serverId: ServerId, origin?: Slot): Promise<OfflineDirectory> {
  const lock = await takeDataDirectory(dataDir, 'server');
  const disk = realGround.makeDisk(dataDir, true);
  const release = (): void => {
    disk.close();
    lock.release();
  };
  try {
    const directory = await new Promise<Directory>((resolve, reject) => {
      Directory.open(disk, { serverId, randomBytes, ...(origin !== undefined && { origin }) }, (error, opened) => {
        if (opened === undefined) reject(error);
        else resolve(opened);
      });
    });
    return { dataDir, directory, disk, release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * Lets a signal be heard, and ends the work if one was: by an ExitError (0) without words, since the signal decides.
 */
export async function goOn(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw new ExitError(exitCodes.ok, 'STOPPED', '');
}

/** Hears what a driver tells, and does nothing. */
export const nobody: Listener = {
  applied: () => undefined,
  settled: () => undefined,
  refused: () => undefined,
  standing: () => undefined,
  installed: () => undefined,
  read: () => undefined,
  stopped: () => undefined,
};

export interface OfflineOptions {
  readonly logger: Logger;
  /** Whatever the store holds: it is yet to be filled with the state that the directory's cluster begins with. */
  readonly ignoreOrigin?: true;
}

/**
 * Opens log and store of a sealed directory, replays, lets `work` have them, and closes them again. A disk that is full
 * fails it: nobody is there to wait for space.
 */
export async function withDriver<T>(
  { dataDir, directory, disk }: OfflineDirectory,
  { logger, ignoreOrigin }: OfflineOptions,
  work: (opened: OpenedDriver) => Promise<T>,
): Promise<T> {
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // Nobody waits for it once the work is over: whoever writes to the log opens it again, and looks.
  failed.catch(() => undefined);
  let afterDisk = (): void => undefined;
  const { store, opened } = await openStoredDriver(realGround.storeHome(dataDir), logger, (store, done) => {
    openDriver(
      {
        disk,
        store,
        identity: directory.walIdentity,
        wal: realGround.wal,
        clock: nodeClock,
        random: new Prng(randomBytes(6).readUIntBE(0, 6)),
        logger,
        transport: { send: () => undefined, flush: () => undefined },
        listener: nobody,
        onFatal: fail,
        afterDisk: () => afterDisk(),
        expectLog: directory.expectLog,
        origin: ignoreOrigin === true ? 0 : directory.demands.origin,
      },
      done,
    );
  });
  const { driver, wal } = opened;
  afterDisk = () => {
    if (wal.full) fail(pathError('write', dataDir, Object.assign(new Error('no space'), { code: 'ENOSPC' })));
  };
  try {
    await settled((done) => directory.logBegun(done));
    return await Promise.race([work(opened), failed]);
  } finally {
    driver.end();
    await settled((done) => wal.close(done));
    await closeStore(store);
  }
}
