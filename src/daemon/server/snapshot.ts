/**
 * Snapshots: a stopped server's state and log as one file; what such a file holds; and a new cluster that begins with
 * it. The new cluster has another id and other directories, so that it can never meet the old one.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ExitError, exitCodes, type Logger, limits, nodeClock, toHex } from '../../base/index.js';
import { ChatState, DamagedRow } from '../../chat/index.js';
import {
  damagedSnapshot,
  IDENTITY_NAME,
  type Seal,
  type SnapshotHeader,
  SnapshotReader,
  SnapshotWriter,
  StateBuilder,
  type StatePiece,
  StateSource,
} from '../../storage/index.js';
import { ProtocolError, readStateItems, type StateItem } from '../../wire/index.js';
import { type OfflineDirectory, takeOffline, withDriver } from './offline.js';
import type { OpenedDriver } from './open-driver.js';

/** What a snapshot holds. */
export interface SnapshotContents extends SnapshotHeader {
  readonly rooms: number;
  /** Messages that ever were, those no longer kept among them. */
  readonly messages: number;
  readonly names: number;
  readonly bytes: number;
}

/** Rows of the state that are put into a store at once. */
const rowsAtOnce = 500;

/** The state of the stopped server in `dataDir` through the last slot that it knows to be chosen. */
export async function saveSnapshot(dataDir: string, file: string, logger: Logger): Promise<SnapshotContents> {
  if (!existsSync(path.join(dataDir, IDENTITY_NAME)))
    throw refused(`${dataDir} is no server's data directory: give one as --data-dir`);
  const offline = await takeOffline(dataDir, 0);
  try {
    if (offline.directory.seal === undefined) throw refused(`${dataDir} belongs to no cluster yet: nothing is in it`);
    await withDriver(offline, dataDir, logger, async (opened) => {
      await checkpoint(opened);
      await write(opened, offline, file);
    });
  } finally {
    offline.release();
  }
  return inspectSnapshot(file);
}

/** So that the rows are those of the last applied slot. */
function checkpoint({ chat, checkpointer, checkpointSlot }: OpenedDriver): Promise<void> {
  if (chat.applied === 0) throw refused('this server has applied nothing yet: there is nothing to save');
  if (chat.applied === checkpointSlot) return Promise.resolve();
  const { puts, deletes } = chat.takeDirty();
  const { applied, hash, logClockMs } = chat;
  return new Promise((resolve, reject) => {
    checkpointer.write({ applied, hash, logClockMs, puts, deletes }, (error) =>
      error === undefined ? resolve() : reject(error),
    );
  });
}

async function write(opened: OpenedDriver, { directory }: OfflineDirectory, file: string): Promise<void> {
  const source = await new Promise<StateSource>((resolve, reject) => {
    StateSource.open(opened, (error, found) => (found === undefined ? reject(error) : resolve(found)));
  });
  const { applied: slot, hash } = source.meta;
  const writer = SnapshotWriter.create(file, {
    cluster: toHex(directory.walIdentity.clusterId),
    server: directory.serverId,
    slot,
    hash: toHex(hash),
    firstKept: source.firstKept,
    time: new Date(nodeClock.wallMs()).toISOString(),
  });
  try {
    let next: Uint8Array = new Uint8Array(0);
    do {
      const position = next;
      const piece = await new Promise<StatePiece>((resolve, reject) => {
        source.read(position, limits.stateChunkBytes, (error, read) =>
          read === undefined ? reject(error) : resolve(read),
        );
      });
      if (piece.bytes.length > 0) writer.add(piece.bytes);
      next = piece.next;
    } while (next.length > 0);
    writer.finish();
  } catch (error) {
    writer.abandon();
    throw error;
  } finally {
    source.close();
  }
}

/** Reads all of it: every checksum, and whether its rows are the state that it says it is. ExitError 7 if not. */
export function inspectSnapshot(file: string): SnapshotContents {
  const { chat, header, bytes } = readState(file);
  return { ...header, ...chat.totals, bytes };
}

/**
 * Makes the directories `server-1` … of a new cluster below `dataDir`, which begins with the snapshot. Nobody has a
 * session in it. Returns the new cluster's id, hexadecimal. ExitError 3 if one of them is there already.
 */
export async function restoreSnapshot(
  file: string,
  dataDir: string,
  servers: number,
  logger: Logger,
): Promise<{ readonly cluster: string; readonly directories: readonly string[] }> {
  const { chat, header } = readState(file);
  chat.beginAnew();
  const directories = Array.from({ length: servers }, (_, at) => path.join(dataDir, `server-${at + 1}`));
  for (const directory of directories) {
    if (existsSync(directory) && readdirSync(directory).length > 0)
      throw refused(`${directory} is there already: a snapshot makes a new cluster; choose an empty --data-dir`);
  }
  const taken: OfflineDirectory[] = [];
  try {
    for (const [at, directory] of directories.entries()) taken.push(await takeOffline(directory, at + 1));
    const members = taken.map(({ directory }) => ({ id: directory.serverId, birthId: directory.birthId }));
    const seal: Seal = { clusterId: randomBytes(16), epoch: 1, members };
    for (const [at, offline] of taken.entries()) {
      await new Promise<void>((resolve, reject) => {
        offline.directory.setSeal(seal, (error) => (error === undefined ? resolve() : reject(error)));
      });
      const directory = directories[at] as string;
      await withDriver(offline, directory, logger, (opened) => fill(opened, file, header, chat));
    }
    return { cluster: toHex(seal.clusterId), directories };
  } finally {
    for (const offline of taken) offline.release();
  }
}

/** As a state that comes from a peer: rows beside the live ones, values into the log, and one row that switches. */
async function fill(opened: OpenedDriver, file: string, header: SnapshotHeader, chat: ChatState): Promise<void> {
  const { sets, wal, checkpointer } = opened;
  const { slot, firstKept } = header;
  const builder = new StateBuilder({ set: sets.spareSet, wal, applied: slot, firstKept });
  const done = (work: (done: (error: Error | undefined) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => work((error) => (error === undefined ? resolve() : reject(error))));
  const live: StateItem[] = chat.snapshot().map((row) => ({ kind: 'row', ...row }));
  for (let at = 0; at < live.length; at += rowsAtOnce)
    await done((end) => builder.add(live.slice(at, at + rowsAtOnce), end));
  for (const items of readPieces(file)) {
    const kept = items.filter((item) => item.kind === 'value' || ChatState.isHistory(item.key));
    if (kept.length > 0) await done((end) => builder.add(kept, end));
  }
  await done((end) => builder.seal(end));
  const { hash, logClockMs } = chat;
  const { firstSegment } = builder;
  await done((end) => {
    checkpointer.install({ applied: slot, hash, logClockMs, firstKept: builder.index().firstKept, firstSegment }, end);
    wal.flush();
  });
}

function readState(file: string): { chat: ChatState; header: SnapshotHeader; bytes: number } {
  const reader = new SnapshotReader(file);
  try {
    const rows = [];
    for (const piece of reader.pieces())
      for (const item of itemsOf(file, piece))
        if (item.kind === 'row' && !ChatState.isHistory(item.key)) rows.push(item);
    const chat = new ChatState();
    try {
      chat.load(rows);
    } catch (error) {
      if (error instanceof DamagedRow) throw damagedSnapshot(file, error.message);
      throw error;
    }
    const { header, bytes } = reader;
    if (chat.applied !== header.slot || toHex(chat.hash) !== header.hash)
      throw damagedSnapshot(file, 'it is not the state that it says it is');
    return { chat, header, bytes };
  } finally {
    reader.close();
  }
}

function* readPieces(file: string): Generator<StateItem[]> {
  const reader = new SnapshotReader(file);
  try {
    for (const piece of reader.pieces()) yield itemsOf(file, piece);
  } finally {
    reader.close();
  }
}

function itemsOf(file: string, piece: Uint8Array): StateItem[] {
  try {
    return readStateItems(piece);
  } catch (error) {
    if (error instanceof ProtocolError) throw damagedSnapshot(file, error.message);
    throw error;
  }
}

function refused(text: string): ExitError {
  return new ExitError(exitCodes.refused, 'REFUSED', text);
}
