/**
 * A new cluster that begins with the state in a snapshot (docs/decisions/0019). All of its directories are made out of
 * sight and appear at once. Each knows from its first moment that its cluster begins with a state, and opens for nobody
 * else before all of them have it: what a crash leaves cannot be started by mistake.
 */
import { randomBytes } from 'node:crypto';
import { type Dirent, lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { assert, ExitError, equalBytes, exitCodes, failpoint, type Logger, toHex } from '../../base/index.js';
import { type ChatState, isHistoryRow } from '../../chat/index.js';
import {
  asPathError,
  Directory,
  errorCode,
  FileDisk,
  IDENTITY_NAME,
  lockDirectory,
  type Seal,
  SnapshotReader,
  StateBuilder,
  StorageError,
  syncPath,
  syncTree,
} from '../../storage/index.js';
import type { Slot, StateItem } from '../../wire/index.js';
import { goOn, type OfflineDirectory, takeOffline, withDriver } from './offline.js';
import type { OpenedDriver } from './open-driver.js';
import { settled } from './settled.js';
import { readPieces, readState, type SnapshotState } from './snapshot.js';

export interface Restored {
  /** The new cluster's id, hexadecimal. */
  readonly cluster: string;
  /** `server-1` … below the given directory. */
  readonly directories: readonly string[];
}

/** Rows of the state that are put into a store at once. */
const rowsAtOnce = 500;
/** Below `DIR.part`, beside the lock: what becomes DIR. */
const unfinishedName = 'new';

interface Work {
  /** Read to its end before. */
  readonly reader: SnapshotReader;
  readonly state: SnapshotState;
  readonly servers: number;
  readonly logger: Logger;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes `dataDir`, which must be missing or empty, with a directory for each server of the new cluster. Throws an
 * ExitError: 3 when it cannot be made there, 7 when the snapshot is damaged or somebody else restores into it, 0 when
 * `signal` ended it; nothing is left of it then.
 */
export async function restoreSnapshot(
  file: string,
  dataDir: string,
  servers: number,
  logger: Logger,
  signal?: AbortSignal,
): Promise<Restored> {
  // Opened once: what is put into the directories is what was looked at, whatever the name means by then.
  const reader = SnapshotReader.open(file);
  try {
    const state = await readState(reader, signal);
    const cluster = await restore({ reader, state, servers, logger, signal }, dataDir);
    return { cluster, directories: namesOf(servers).map((name) => path.join(dataDir, name)) };
  } catch (error) {
    throw asPathError('make', dataDir, error);
  } finally {
    reader.close();
  }
}

/** Resolves to the new cluster's id. */
async function restore(work: Work, dataDir: string): Promise<string> {
  const target = path.resolve(dataDir);
  checkTarget(target, dataDir);
  const part = `${target}.part`;
  const above = makePart(part);
  const lock = await lockDirectory(part);
  try {
    const unfinished = path.join(part, unfinishedName);
    clear(unfinished);
    try {
      const cluster = await makeCluster(unfinished, work);
      failpoint('restore.before-rename');
      renameSync(unfinished, target);
      failpoint('restore.after-rename');
      syncNames(target, above);
      return cluster;
    } catch (error) {
      rmSync(unfinished, { recursive: true, force: true });
      throw error;
    }
  } finally {
    lock.release();
    removeEmpty(part);
  }
}

function namesOf(servers: number): string[] {
  return Array.from({ length: servers }, (_, at) => `server-${at + 1}`);
}

/** A snapshot is never put where something lives. */
function checkTarget(target: string, dataDir: string): void {
  const found = lstatSync(target, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isSymbolicLink()) throw refused(`${dataDir} is a symbolic link: name a new folder by --data-dir`);
  if (!found.isDirectory()) throw refused(`${dataDir} is a file: name a new folder by --data-dir`);
  if (found.dev !== statSync(path.dirname(target)).dev)
    throw refused(`${dataDir} is a mount point: name a new folder below it by --data-dir`);
  const names = readdirSync(target);
  if (names.length === 0) return;
  const isServer = names.includes(IDENTITY_NAME);
  const what = isServer ? "it is a server's data directory" : `it holds ${[...names].sort()[0]}`;
  throw refused(
    `nothing is restored into ${dataDir}: ${what}. A snapshot cannot take a cluster back to what it was, since its ` +
      'servers would forget what they have promised and acknowledged; it makes another cluster, in a new --data-dir. ' +
      'If a server of this cluster has lost its data, start it with an empty directory, and the others bring it up to date',
  );
}

/** The folder in which the first name that is new stands. */
function makePart(part: string): string {
  const made = mkdirSync(part, { recursive: true, mode: 0o700 });
  const strange = readdirSync(part).find((name) => name !== unfinishedName && !name.startsWith('lock.'));
  if (strange !== undefined)
    throw refused(`${part} is in the way, and holds ${strange}: move it away, or name another --data-dir`);
  return path.dirname(made ?? part);
}

/**
 * Removes what an earlier restore has left, and nothing else: what somebody has started or put there may be all he has.
 */
function clear(unfinished: string): void {
  const entries = readEntries(unfinished);
  const strange = entries.find((entry) => !entry.isDirectory() || !isLeftOver(path.join(unfinished, entry.name)));
  if (strange !== undefined)
    throw refused(
      `${path.join(unfinished, strange.name)} is not what an interrupted restore leaves, servers may have been started ` +
        `there: move ${path.dirname(unfinished)} away, or name another --data-dir`,
    );
  rmSync(unfinished, { recursive: true, force: true });
}

function readEntries(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error as Error) === 'ENOENT') return [];
    throw error;
  }
}

/** Either it says so itself, or it had not come so far. */
function isLeftOver(directory: string): boolean {
  const names = readdirSync(directory);
  if (!names.includes(IDENTITY_NAME))
    return names.every((name) => name.startsWith('lock.') || name === `${IDENTITY_NAME}.new`);
  const disk = new FileDisk(directory);
  try {
    return Directory.isUnfinished(disk);
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  } finally {
    disk.close();
  }
}

/** The names of `target` and of the folders that were made for it, up to those in `above`. */
function syncNames(target: string, above: string): void {
  let folder = target;
  do {
    folder = path.dirname(folder);
    syncPath(folder);
  } while (folder !== above && folder !== path.dirname(folder));
}

/** What is left in it belongs to another restore that has begun meanwhile. */
function removeEmpty(part: string): void {
  try {
    rmdirSync(part);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error as Error))) throw error;
  }
}

async function makeCluster(folder: string, { reader, state, servers, logger, signal }: Work): Promise<string> {
  const clusterId = randomBytes(16);
  const { chat, header } = state;
  chat.beginAnew(clusterId);
  const taken: OfflineDirectory[] = [];
  try {
    // All know the origin before the first seal names them.
    for (const [at, name] of namesOf(servers).entries())
      taken.push(await takeOffline(path.join(folder, name), at + 1, header.slot));
    const members = taken.map(({ directory }) => ({ id: directory.serverId, birthId: directory.birthId }));
    const seal: Seal = { clusterId, epoch: 1, members };
    for (const offline of taken) {
      await settled((done) => offline.directory.setSeal(seal, done));
      failpoint('restore.sealed');
      await withDriver(offline, { logger, ignoreOrigin: true }, (opened) =>
        fillState(opened, chat, header.firstKept, readPieces(reader), signal),
      );
      failpoint('restore.filled');
      await withDriver(offline, { logger }, async (opened) => {
        const isSame = opened.chat.applied === header.slot && equalBytes(opened.chat.hash, chat.hash);
        assert(isSame, 'a restored directory starts with the state it was given');
        assert(opened.recovered.commit >= header.slot, 'its log says that what the state holds is chosen');
      });
    }
    syncTree(folder);
    for (const { directory } of taken) {
      await settled((done) => directory.complete(done));
      failpoint('restore.completed');
    }
    return toHex(clusterId);
  } finally {
    for (const offline of taken) offline.release();
  }
}

/**
 * Makes `chat` the state of an empty directory, with the history in `pieces`, whose values begin with slot `firstKept`:
 * as one that comes from a peer, rows beside the live ones, values into the log, and one row that switches.
 */
export async function fillState(
  opened: OpenedDriver,
  chat: ChatState,
  firstKept: Slot,
  pieces: Iterable<readonly StateItem[]>,
  signal?: AbortSignal,
): Promise<void> {
  const { driver, sets, wal, checkpointer } = opened;
  const { applied, hash, logClockMs } = chat;
  const builder = new StateBuilder({ set: sets.spareSet, wal, applied, firstKept });
  const live: StateItem[] = chat.snapshot().map((row) => ({ kind: 'row', ...row }));
  for (let at = 0; at < live.length; at += rowsAtOnce)
    await settled((done) => builder.add(live.slice(at, at + rowsAtOnce), done));
  for (const items of pieces) {
    await goOn(signal);
    const kept = items.filter((item) => item.kind === 'value' || isHistoryRow(item.key));
    if (kept.length > 0) await settled((done) => builder.add(kept, done));
  }
  await settled((done) => builder.seal(done));
  const { firstSegment } = builder;
  await settled((done) => {
    checkpointer.install({ applied, hash, logClockMs, firstKept: builder.index().firstKept, firstSegment }, done);
    wal.flush();
  });
  // The log says it, too, so that no replay of it takes slots through there for open.
  driver.end();
  wal.append({ kind: 'commit', upto: applied });
}

function refused(text: string): ExitError {
  return new ExitError(exitCodes.refused, 'REFUSED', text);
}
