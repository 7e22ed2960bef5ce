/**
 * From a data directory to a running driver: checkpoint, slot index, log, replay, replica, in this order. Callback
 * style and without timers of its own, so that the simulator recovers exactly as production does.
 */
import { type Clock, equalBytes, failpoint, type Logger, limits, type Prng } from '../../base/index.js';
import { type ChatOptions, ChatState } from '../../chat/index.js';
import { type Now, type Plants, Replica, type ReplicaOptions } from '../../paxos/index.js';
import {
  Checkpointer,
  type CheckpointMeta,
  type Disk,
  LogReader,
  loadCheckpoint,
  madeAnew,
  type Recovered,
  type RecoveredEntry,
  Retention,
  type Row,
  type RowReader,
  SlotIndex,
  StateSets,
  type StateStore,
  StorageError,
  storedBirth,
  Wal,
  type WalIdentity,
  type WalOptions,
  waysOn,
} from '../../storage/index.js';
import { encodeEntry, noopEntry, type Slot } from '../../wire/index.js';
import { Driver, type Listener, type Transport } from './driver.js';
import { Roster } from './roster.js';

export interface OpenOptions {
  readonly disk: Disk;
  readonly store: StateStore;
  /** With the incarnation of this life, which is durable already. */
  readonly identity: WalIdentity;
  readonly clock: Clock;
  readonly random: Prng;
  readonly logger: Logger;
  readonly transport: Transport;
  readonly listener: Listener;
  /** A change of the members was applied, or governs from now on; see `roster`. Never before `done`. */
  readonly onMembers?: () => void;
  /** A disk error or a broken invariant: stop the process. Called at most once, after `done`. */
  readonly onFatal: (error: Error) => void;
  /** The disk's answer made the driver take a step: its `endOfTurn` must follow. */
  readonly afterDisk?: () => void;
  /** True for a room that somebody subscribes to here. */
  readonly wanted?: ChatOptions['wanted'];
  /** The directory is known to have held a log: an empty one is damage, not a new server. */
  readonly expectLog?: boolean;
  /**
   * The directory's: the store must hold a state of the cluster that began with that slot; 0 for none in particular.
   */
  readonly origin?: Slot;
  /** Bytes of log kept at least; undefined: all of it. */
  readonly retainBytes?: number | undefined;
  /** About the size of a chunk of state; only tests give one. */
  readonly stateChunkBytes?: number;
  readonly wal?: Pick<WalOptions, 'segmentBytes' | 'firstSegmentBytes' | 'markAfterMs' | 'fullRetryMs'>;
  /** Calls back once the caller has returned; only the simulator gives one. */
  readonly later?: (act: () => void) => void;
  /** Sees each slot that the log replays before it is applied; only tests give one. */
  readonly onReplay?: (entry: RecoveredEntry) => void;
  /** Planted bugs; only ever set by tests. */
  readonly plants?: Partial<Plants>;
  /** Make the state machine and the replica; only tests give others, which watch or break them. */
  readonly makeChat?: (options: ChatOptions) => ChatState;
  readonly makeReplica?: (options: ReplicaOptions) => Replica;
}

export interface OpenedDriver {
  readonly driver: Driver;
  readonly roster: Roster;
  readonly chat: ChatState;
  readonly index: SlotIndex;
  readonly reader: LogReader;
  readonly wal: Wal;
  readonly store: StateStore;
  /** The key spaces of the store. */
  readonly sets: StateSets;
  readonly retention: Retention;
  readonly checkpointer: Checkpointer;
  /** What the log held above what it says is chosen. */
  readonly recovered: Recovered;
  /** The slot of the checkpoint that recovery began with, 0 if there was none. */
  readonly checkpointSlot: Slot;
}

export type OpenDriverDone = (error: Error | undefined, opened?: OpenedDriver) => void;

/**
 * Fails with a {@link StorageError}: LOG_DAMAGED when the log lacks what it says is chosen, STORE_DAMAGED when the
 * checkpoint is not what was written, STATE_MISSING when the store has lost what no log leads to. Nothing is sent
 * before `done`.
 */
export function openDriver(options: OpenOptions, done: OpenDriverDone): void {
  const { store } = options;
  const chat = newChat(options);
  loadCheckpoint(store, (error, meta) => {
    if (error !== undefined) return done(error);
    const sets = new StateSets(store, meta?.set ?? 0);
    const index = new SlotIndex(() => sets.liveSet.slots);
    if (meta === undefined) return openLog(options, { chat, sets, index, meta }, done);
    if (!equalBytes(meta.birth, storedBirth(options.identity.birthId))) return done(foreignStore());
    loadChat(sets.liveSet.chat, chat, (chatError) => {
      if (chatError !== undefined) return done(chatError);
      if (chat.applied !== meta.applied || !equalBytes(chat.hash, meta.hash)) return done(damagedState());
      index.load(meta.applied, meta.firstKept, (indexError) => {
        if (indexError !== undefined) return done(indexError);
        openLog(options, { chat, sets, index, meta }, done);
      });
    });
  });
}

function newChat(options: OpenOptions): ChatState {
  const chatOptions: ChatOptions = options.wanted === undefined ? {} : { wanted: options.wanted };
  return options.makeChat?.(chatOptions) ?? new ChatState(chatOptions);
}

/** Fills an empty state with the rows of a checkpoint, range by range. */
function loadChat(space: RowReader, chat: ChatState, done: (error: Error | undefined) => void): void {
  const rows: Row[] = [];
  const ranges = [...ChatState.loadRanges];
  const next = (): void => {
    const range = ranges.shift();
    if (range !== undefined) {
      space.iterate(range, (error, found) => {
        if (error !== undefined) return done(error);
        for (const row of found) rows.push(row);
        next();
      });
      return;
    }
    try {
      chat.load(rows);
    } catch (error) {
      return done(damagedState(error as Error));
    }
    done(undefined);
  };
  next();
}

interface Loaded {
  readonly chat: ChatState;
  readonly sets: StateSets;
  readonly index: SlotIndex;
  readonly meta: CheckpointMeta | undefined;
}

function openLog(options: OpenOptions, loaded: Loaded, done: OpenDriverDone): void {
  const { chat, sets, index, meta } = loaded;
  const { origin = 0 } = options;
  // Before the log is touched: without that state this server knows nothing of slots that are chosen, and which no vote
  // would ever tell it of.
  if (origin > 0 && chat.origin !== origin) return done(missingState(origin));
  const { clock, logger, store, retainBytes } = options;
  let driver: Driver | undefined;
  Wal.open(
    options.disk,
    options.identity,
    {
      ...options.wal,
      clock,
      logger,
      appliedSlot: chat.applied,
      onChosen: (entry) => {
        options.onReplay?.(entry);
        failpoint('open.replay');
        index.logged(entry.slot, entry.location);
        index.appliedSlot(entry.slot);
        chat.apply(entry.slot, entry.value);
      },
      ...(options.expectLog === undefined ? {} : { expectLog: options.expectLog }),
      ...(meta === undefined ? {} : { replayFrom: meta.replayFrom, durableFloor: meta.durableFloor }),
      onDurable: (records) => {
        driver?.onDurable(records);
        options.afterDisk?.();
      },
      onFull: (full) => {
        driver?.onFull(full);
        options.afterDisk?.();
      },
      onFatal: (error) => driver?.onFatal(error),
    },
    (error, opened) => {
      if (error !== undefined || opened === undefined) return done(error ?? new Error('the log was not opened'));
      const { wal, recovered } = opened;
      for (const { slot, location } of recovered.entries) index.logged(slot, location);
      if (chat.applied < recovered.commit) return done(missingSlot(recovered.commit, chat.applied + 1));
      const reader = new LogReader(wal, index, undefined, options.later);
      logger.info('recovered', {
        checkpoint: meta?.applied ?? 0,
        applied: chat.applied,
        votes: recovered.entries.length,
        cut: recovered.cut?.records ?? 0,
      });
      const { epoch, members, serverId, birthId } = options.identity;
      const roster = new Roster({ epoch, members }, { id: serverId, birthId }, chat.members);
      const retention = new Retention({ wal, index, retainBytes, logger });
      const checkpointer = new Checkpointer({ store, sets, wal, index, retention, last: meta });
      driver = new Driver({
        replica: newReplica(options, recovered, chat.applied, roster),
        roster,
        wal,
        chat,
        index,
        reader,
        store,
        sets,
        retention,
        chunkBytes: options.stateChunkBytes ?? limits.stateChunkBytes,
        checkpointer,
        newChat: () => newChat(options),
        loadChat,
        transport: options.transport,
        listener: options.listener,
        logger,
        now: () => nowOf(clock),
        onMembers: options.onMembers ?? (() => undefined),
        onFatal: options.onFatal,
      });
      done(undefined, {
        driver,
        roster,
        chat,
        index,
        reader,
        wal,
        store,
        sets,
        retention,
        checkpointer,
        recovered,
        checkpointSlot: meta?.applied ?? 0,
      });
    },
  );
}

function missingSlot(commit: Slot, missing: Slot): StorageError {
  return new StorageError(
    'LOG_DAMAGED',
    `the log says that slots through ${commit} are chosen but does not hold slot ${missing}. This server must not vote ` +
      `with it: keep the directory for inspection, and ${waysOn('an intact copy of the latest log')}`,
  );
}

function newReplica(options: OpenOptions, recovered: Recovered, commit: Slot, roster: Roster): Replica {
  const { identity, random, logger, plants } = options;
  const replicaOptions: ReplicaOptions = {
    self: identity.serverId,
    configurations: roster.configurations,
    incarnation: identity.incarnation,
    random,
    logger,
    recovered: {
      promised: recovered.promised,
      commit,
      accepted: recovered.entries.filter((entry) => entry.slot > commit),
    },
    encodeEntry: (stamp, batches) => (batches.length === 0 ? noopEntry(stamp) : encodeEntry(stamp, batches)),
    ...(plants === undefined ? {} : { plants }),
  };
  return options.makeReplica?.(replicaOptions) ?? new Replica(replicaOptions);
}

function nowOf(clock: Clock): Now {
  return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
}

function missingState(origin: Slot): StorageError {
  return new StorageError(
    'STATE_MISSING',
    `this server's cluster began with a snapshot, of slot ${origin}, and the directory state that held it is gone or ` +
      'empty (a damaged one is kept beside it, as state.damaged-N). The log does not lead there: put the directory state ' +
      `back and ${waysOn('it')}`,
  );
}

function foreignStore(): StorageError {
  return new StorageError(
    'FOREIGN_STORE',
    'the directory state belongs to another data directory: move it back to where it came from, and put this ' +
      `server's own in its place or none; without it ${madeAnew}`,
  );
}

function damagedState(cause?: Error): StorageError {
  return new StorageError(
    'STORE_DAMAGED',
    `the checkpoint in the directory state does not hold what was written` +
      `${cause === undefined ? '' : ` (${cause.message})`}: ` +
      `move the directory state away; then ${madeAnew}`,
  );
}
