/**
 * A stopped server's state and log as one file, and what such a file holds. A new cluster is made of it in restore.ts.
 */
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { ExitError, exitCodes, type Logger, limits, nodeClock, toHex } from '../../base/index.js';
import { ChatState, DamagedRow, isHistoryRow, type Row } from '../../chat/index.js';
import {
  asPathError,
  type Directory,
  damagedSnapshot,
  errorCode,
  IDENTITY_NAME,
  pathError,
  type SnapshotHeader,
  SnapshotReader,
  SnapshotWriter,
  type StatePiece,
  StateSource,
} from '../../storage/index.js';
import { ProtocolError, readStateItems, type StateItem } from '../../wire/index.js';
import { goOn, type OfflineDirectory, takeOffline, withDriver } from './offline.js';
import type { OpenedDriver } from './open-driver.js';
import { settled } from './settled.js';

/** What a snapshot holds. */
export interface SnapshotContents extends SnapshotHeader {
  readonly rooms: number;
  /** Messages that ever were, those no longer kept among them. */
  readonly messages: number;
  readonly names: number;
  /** The log clock's time at `slot`, ISO 8601: about when the last of it was said. */
  readonly logClock: string;
  /** The file's length. */
  readonly bytes: number;
}

export interface SavedSnapshot extends SnapshotContents {
  /** Later slots that the log holds votes for: they may be chosen, and are not in the file. */
  readonly undecided: number;
}

/**
 * The state of the stopped server in `dataDir` through the last slot that its log says is chosen, into `file`. An
 * ExitError (0) when `signal` ended it; there is no file then.
 */
export async function saveSnapshot(
  dataDir: string,
  file: string,
  logger: Logger,
  signal?: AbortSignal,
): Promise<SavedSnapshot> {
  checkDirectory(dataDir);
  let undecided = 0;
  let offline: OfflineDirectory | undefined;
  try {
    offline = await takeOffline(dataDir, 0);
    if (offline.directory.seal === undefined)
      throw refused(`${dataDir} belongs to no cluster yet, there is nothing in it: name another --data-dir`);
    const { directory } = offline;
    await withDriver(offline, { logger }, async (opened) => {
      await checkpoint(opened);
      undecided = opened.recovered.entries.filter(({ slot }) => slot > opened.chat.applied).length;
      await write(opened, directory, file, signal);
    });
  } catch (error) {
    throw asPathError('write', dataDir, error);
  } finally {
    offline?.release();
  }
  try {
    return { ...(await inspectSnapshot(file, signal)), undecided };
  } catch (error) {
    rmSync(file, { force: true });
    throw error;
  }
}

function checkDirectory(dataDir: string): void {
  let owner: number;
  try {
    owner = statSync(path.join(dataDir, IDENTITY_NAME)).uid;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error as Error)))
      throw refused(`${dataDir} is no server's data directory: name one by --data-dir`);
    throw pathError('read', dataDir, error);
  }
  // As a start does it writes there, and what it leaves must be the server's.
  if (owner !== (process.geteuid?.() ?? owner))
    throw refused(`${dataDir} belongs to another user: give the command as that user (sudo -u …)`);
}

/** So that the rows are those of the last applied slot. */
function checkpoint({ chat, checkpointer, checkpointSlot }: OpenedDriver): Promise<void> {
  if (chat.applied === 0)
    throw refused('this server has applied nothing yet, there is nothing to save: take another one of its cluster');
  if (chat.applied === checkpointSlot) return Promise.resolve();
  const { puts, deletes } = chat.takeDirty();
  const { applied, hash, logClockMs } = chat;
  return settled((done) => checkpointer.write({ applied, hash, logClockMs, puts, deletes }, done));
}

async function write(
  opened: OpenedDriver,
  directory: Directory,
  file: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = await new Promise<StateSource>((resolve, reject) => {
    StateSource.open(opened, (error, found) => (found === undefined ? reject(error) : resolve(found)));
  });
  try {
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
      for await (const piece of piecesOf(source)) {
        await goOn(signal);
        writer.add(piece);
      }
      writer.finish();
    } catch (error) {
      writer.abandon();
      throw error;
    }
  } finally {
    source.close();
  }
}

async function* piecesOf(source: StateSource): AsyncGenerator<Uint8Array> {
  let position: Uint8Array = new Uint8Array(0);
  do {
    const at = position;
    const { bytes, next } = await new Promise<StatePiece>((resolve, reject) => {
      source.read(at, limits.stateChunkBytes, (error, read) => (read === undefined ? reject(error) : resolve(read)));
    });
    // An empty one would be the end.
    if (bytes.length > 0) yield bytes;
    position = next;
  } while (position.length > 0);
}

/** Reads all of it: every checksum, and whether its rows are the state that it says it is. ExitError 7 if not. */
export async function inspectSnapshot(file: string, signal?: AbortSignal): Promise<SnapshotContents> {
  const reader = SnapshotReader.open(file);
  try {
    const { chat, header } = await readState(reader, signal);
    const logClock = new Date(chat.logClockMs).toISOString();
    return { ...header, ...chat.totals, logClock, bytes: reader.bytes };
  } finally {
    reader.close();
  }
}

export interface SnapshotState {
  /** The state in memory, as the old cluster had it. */
  readonly chat: ChatState;
  readonly header: SnapshotHeader;
}

/** As {@link inspectSnapshot}; all of a state's live rows are in memory then, as in a server. */
export async function readState(reader: SnapshotReader, signal: AbortSignal | undefined): Promise<SnapshotState> {
  const { header, file } = reader;
  const rows: Row[] = [];
  let nextSlot = header.firstKept;
  for (const items of readPieces(reader)) {
    await goOn(signal);
    for (const item of items) {
      if (item.kind === 'row') {
        if (!isHistoryRow(item.key)) rows.push(item);
      } else if (item.slot === nextSlot) nextSlot++;
      else throw damagedSnapshot(file, `the value of slot ${item.slot} stands where ${nextSlot} belongs`);
    }
  }
  if (nextSlot !== Math.max(header.slot + 1, header.firstKept))
    throw damagedSnapshot(file, `the values from slot ${nextSlot} on are missing`);
  return { chat: loadedState(file, header, rows), header };
}

function loadedState(file: string, { slot, hash }: SnapshotHeader, rows: readonly Row[]): ChatState {
  const chat = new ChatState();
  try {
    chat.load(rows);
  } catch (error) {
    if (error instanceof DamagedRow) throw damagedSnapshot(file, error.message);
    throw error;
  }
  if (chat.applied !== slot || toHex(chat.hash) !== hash)
    throw damagedSnapshot(file, 'it is not the state that it says it is');
  return chat;
}

/** The items of a file, piece by piece. */
export function* readPieces(reader: SnapshotReader): Generator<StateItem[]> {
  for (const piece of reader.pieces()) {
    try {
      yield readStateItems(piece);
    } catch (error) {
      if (error instanceof ProtocolError) throw damagedSnapshot(reader.file, error.message);
      throw error;
    }
  }
}

function refused(text: string): ExitError {
  return new ExitError(exitCodes.refused, 'REFUSED', text);
}
