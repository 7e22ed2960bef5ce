/** The mirror: room after room, page after page, from the chat into Redis, for as long as it runs. */
import { ExitError, exitCodes, type Logger, limits, pause, TroubleLog } from '../base/index.js';
import { type DaemonHandle, type ExitReason, exitReason, stoppedReason } from '../daemon/index.js';
import type { RedisAddress } from './address.js';
import { ChatSource, type ChatSourceOptions } from './chat-source.js';
import { type MakeClient, RedisConnection } from './connection.js';
import { otherCluster, unknownCluster } from './other-cluster.js';
import { RoomMirror, type Step } from './room-mirror.js';
import { RoomStreams } from './stream.js';
import { RedisTrouble } from './trouble.js';

export interface MirrorOptions {
  readonly to: RedisAddress;
  /** Canonical names; empty: every room that is open to all, also those that come later. */
  readonly rooms: readonly string[];
  /** What stands before the room's name in the key. */
  readonly prefix: string;
  /** About so many entries are kept of each stream; 0: all. */
  readonly trim: number;
  readonly chat: Omit<ChatSourceOptions, 'logger' | 'holderKey'>;
  readonly logger: Logger;
  /** Aborting it while `startMirror` still waits ends the start: it rejects with an ExitError of exit code 0. */
  readonly signal: AbortSignal;
  /** Told what the start waits for. */
  readonly onProgress: (text: string) => void;
  /** A test's Redis. */
  readonly makeClient?: MakeClient;
}

export type MirrorHandle = Pick<DaemonHandle, 'stop' | 'closed'>;

/**
 * Resolves once Redis and a server have answered. Rejects with an ExitError (3) when Redis will never do, or holds
 * another cluster's streams.
 */
export async function startMirror(options: MirrorOptions): Promise<MirrorHandle> {
  const mirror = new Mirror(options);
  await mirror.start();
  return mirror;
}

class Mirror implements MirrorHandle {
  readonly #options: MirrorOptions;
  readonly #connection: RedisConnection;
  readonly #source: ChatSource;
  readonly #streams: RoomStreams;
  readonly #rooms = new Map<string, RoomMirror>();
  readonly #ended = new AbortController();
  readonly #redisTroubles: TroubleLog;
  readonly #chatTroubles: TroubleLog;
  readonly #listTroubles: TroubleLog;
  /** Redis took nothing of it when it was last tried: it goes first, and while it fails no other one is tried. */
  #failing: RoomMirror | undefined;
  closed: Promise<ExitReason> = Promise.resolve(stoppedReason);

  constructor(options: MirrorOptions) {
    const { to, prefix, trim, chat, logger, makeClient } = options;
    this.#options = options;
    this.#connection = new RedisConnection(to, makeClient);
    this.#streams = new RoomStreams(this.#connection, prefix, trim);
    this.#source = new ChatSource({ ...chat, logger, holderKey: this.#streams.holderKey });
    this.#redisTroubles = new TroubleLog({
      trouble: (fields) => logger.warn('redis-unusable', { redis: to.shown, ...fields }),
      well: () => logger.info('redis-usable', { redis: to.shown }),
    });
    this.#chatTroubles = new TroubleLog({
      trouble: (fields) => logger.warn('chat-silent', fields),
      well: () => logger.info('chat-answers'),
    });
    this.#listTroubles = new TroubleLog({
      trouble: (fields) => logger.warn('rooms-not-listed', fields),
      well: () => logger.info('rooms-listed'),
    });
    for (const room of options.rooms) this.#add(room);
  }

  async start(): Promise<void> {
    const { signal, onProgress, to } = this.#options;
    const abort = (): void => this.#ended.abort();
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    const ended = this.#ended.signal;
    const close = (): void => {
      this.#connection.close();
      // Never rejects; the questions that wait are answered with CLOSED.
      void this.#source.close();
    };
    ended.addEventListener('abort', close, { once: true });
    try {
      const holder = await this.#holder();
      if (!ended.aborted) onProgress(`Redis at ${to.shown} answers; looking for a server`);
      await Promise.race([this.#source.connect(), whenAborted(ended)]);
      if (ended.aborted) throw new ExitError(exitCodes.ok, 'STOPPED', 'stopped while starting');
      const { cluster } = this.#source;
      if (holder !== undefined && holder !== cluster) throw otherCluster(holder, cluster, this.#streams.holderKey);
    } catch (error) {
      abort();
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    this.closed = this.#run().then(() => stoppedReason, exitReason);
  }

  stop(): Promise<ExitReason> {
    this.#ended.abort();
    return this.closed;
  }

  #add(room: string): RoomMirror {
    const mirror = new RoomMirror(room, this.#source, this.#streams, this.#options.logger);
    this.#rooms.set(room, mirror);
    return mirror;
  }

  /** Of which cluster the streams are, as soon as Redis answers; undefined if of none yet, or the start was ended. */
  async #holder(): Promise<string | undefined> {
    const { signal } = this.#ended;
    while (!signal.aborted) {
      try {
        return await this.#streams.holder();
      } catch (error) {
        const { message } = passing(error);
        if (!signal.aborted) this.#options.onProgress(message);
      }
      await pause(limits.redisRetryMs, signal);
    }
    return undefined;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    try {
      while (!signal.aborted) {
        const isBusy = await this.#round();
        await pause(isBusy ? 0 : limits.mirrorPollMs, signal);
      }
    } finally {
      this.#ended.abort();
    }
  }

  /**
   * The rooms named; else those that have something new; undefined when nobody can tell now. Any server knows all rooms
   * that anybody has heard of from it.
   */
  async #roomsToVisit(): Promise<readonly RoomMirror[] | undefined> {
    if (this.#options.rooms.length > 0) return [...this.#rooms.values()];
    const listed = await this.#source.rooms();
    if (this.#ended.signal.aborted) return undefined;
    if (listed === 'cannot') {
      const text =
        'the server in use is of an older release and cannot list rooms: name them with --room, or upgrade it';
      this.#listTroubles.trouble('OLD_SERVER', text, 'rooms known so far go on');
      return [...this.#rooms.values()];
    }
    if (listed === undefined) {
      this.#chatTroubles.trouble('NO_ANSWER', 'no server answers: see synod status', 'trying again');
      return undefined;
    }
    this.#chatTroubles.well();
    this.#listTroubles.well();
    return listed
      .filter(({ room, headN }) => headN > 0 && this.#rooms.get(room)?.holds(headN) !== true)
      .map(({ room }) => this.#rooms.get(room) ?? this.#add(room));
  }

  /** One step of each room that may have something new; true if there is more to do at once. */
  async #round(): Promise<boolean> {
    const { signal } = this.#ended;
    const visited = await this.#roomsToVisit();
    if (visited === undefined) return false;
    const steps = new Set<Step>();
    const unclaimed = new Set<RoomMirror>();
    const queue = [...visited].sort((a, b) => Number(b === this.#failing) - Number(a === this.#failing));
    for (const room of queue) {
      let step: Step;
      try {
        step = await room.step();
      } catch (error) {
        if (signal.aborted) return false;
        const trouble = passing(error);
        this.#redisTroubles.trouble(trouble.code, trouble.message, 'nothing more is read from the chat');
        this.#failing = room;
        if (trouble.mayLose) this.#forgetAll();
        await pause(limits.redisRetryMs, signal);
        return false;
      }
      if (signal.aborted) return false;
      if (step === 'unanswered') {
        this.#chatTroubles.trouble('NO_ANSWER', 'no server answers: see synod status', 'trying again');
        return false;
      }
      this.#chatTroubles.well();
      if (step === 'lost') {
        const text = 'nothing to do: they are written again from what the servers have';
        this.#options.logger.warn('redis-lost-entries', { room: room.room, text });
        this.#forgetAll();
        return true;
      }
      steps.add(step);
      if (step !== 'unclaimed') continue;
      // A second time behind all others: those that can tell whose the streams are have told it then.
      if (!unclaimed.has(room)) queue.push(room);
      else if (!steps.has('later')) throw unknownCluster(this.#source.cluster, this.#streams.holderKey);
      unclaimed.add(room);
    }
    // Redis answers also while it takes no writes: it is well when what there was to write is written.
    if (!steps.has('later')) {
      this.#failing = undefined;
      this.#redisTroubles.well();
    }
    return steps.has('more');
  }

  #forgetAll(): void {
    for (const room of this.#rooms.values()) room.forget();
  }
}

/** The trouble that may pass. @throws what will not: an ExitError, or a defect of ours. */
function passing(error: unknown): RedisTrouble {
  if (!(error instanceof RedisTrouble)) throw error;
  if (error.kind === 'refused') throw new ExitError(exitCodes.refused, error.code, error.message);
  return error;
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
