/**
 * Fetches a peer's state when the slots this server needs are gone everywhere it may ask: one chunk at a time into the
 * spare key spaces of the store, then one batch that makes them the live ones (docs/decisions/0010).
 *
 * A transfer is a small machine that `tick` drives, and whatever it waits for: *clear* the spare set, *ask* for a
 * chunk, *write* it, *rest* while clients write, *seal* and load what came, *install* it. One step at a time is on its
 * way to the disk, also of a transfer that was given up meanwhile: nothing else touches the spare set until then.
 */
import { equalBytes, failpoint, type Logger, limits } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import {
  type Checkpointer,
  type LogReader,
  type RowReader,
  type SlotIndex,
  StateBuilder,
  type StateSets,
  type Wal,
} from '../../storage/index.js';
import {
  readStateItems,
  type ServerId,
  type Slot,
  type StateChunk,
  type StateItem,
  type StateRequest,
  stateSum,
} from '../../wire/index.js';

export interface StateFetcherParts {
  readonly sets: StateSets;
  readonly wal: Pick<Wal, 'appendHistory' | 'whenDurable' | 'flush' | 'saturated' | 'full' | 'appendedRecords'>;
  readonly index: Pick<SlotIndex, 'installed'>;
  readonly reader: Pick<LogReader, 'forget'>;
  readonly checkpointer: Pick<Checkpointer, 'busy' | 'install'>;
  readonly chat: ChatState;
  /** An empty state of the same kind. */
  readonly newChat: () => ChatState;
  /** Fills an empty state from a set's rows. */
  readonly loadChat: (rows: RowReader, chat: ChatState, done: (error: Error | undefined) => void) => void;
  readonly send: (to: ServerId, request: StateRequest) => void;
  readonly nowMs: () => number;
  readonly logger: Logger;
  /** Nothing may be applied from now on until one of the two below is called. */
  readonly hold: () => void;
  /** The state was not installed: go on as before. */
  readonly release: () => void;
  /** The state through `slot` is the live one: go on with it. */
  readonly installed: (slot: Slot) => void;
  /** No state will come of this: ask for slots again. */
  readonly givenUp: () => void;
}

type Stage = 'clear' | 'ask' | 'write' | 'rest' | 'seal' | 'install';

interface Transfer {
  readonly from: ServerId;
  stage: Stage;
  /** Of the state that comes; 0 before its first chunk. */
  slot: Slot;
  hash: Uint8Array;
  builder: StateBuilder | undefined;
  position: Uint8Array;
  sum: number;
  request: number;
  askedMs: number;
  /** The next chunk is asked for then, at *rest*. */
  restUntilMs: number;
  /** When the last chunk came that was of use. */
  movedMs: number;
  damaged: number;
  /** What was loaded of it, to be installed. */
  chat: ChatState | undefined;
}

export class StateFetcher {
  readonly #parts: StateFetcherParts;
  #transfer: Transfer | undefined;
  #requests = 0;
  /** A step is on its way to the disk. */
  #busy = false;
  /** After an error the next step waits until then. */
  #retryAtMs = Number.NEGATIVE_INFINITY;
  /** The spare set may hold something. */
  #unclean = true;
  /** Records of the log that are no history at the last tick, and when they became more: somebody writes. */
  #votes = 0;
  #votedMs = Number.NEGATIVE_INFINITY;

  constructor(parts: StateFetcherParts) {
    this.#parts = parts;
  }

  /** A state is being fetched. */
  get active(): boolean {
    return this.#transfer !== undefined;
  }

  /** The peer's log begins above what this server needs. What was begun with the same peer goes on where it stopped. */
  begin(from: ServerId): void {
    const nowMs = this.#parts.nowMs();
    const known = this.#transfer;
    if (known?.from === from) {
      known.movedMs = nowMs;
      return;
    }
    this.#parts.logger.warn('log-trimmed-at-peer', {
      peer: from,
      applied: this.#parts.chat.applied,
      text: 'this server was away for longer than the log is kept: it fetches the whole state',
    });
    this.#transfer = newTransfer(from, nowMs);
    this.#advance();
  }

  /** Every tick: goes on with what waited, and asks again for what did not come. */
  tick(): void {
    const transfer = this.#transfer;
    const nowMs = this.#parts.nowMs();
    const votes = this.#parts.wal.appendedRecords;
    if (votes > this.#votes) this.#votedMs = nowMs;
    this.#votes = votes;
    if (transfer !== undefined && transfer.slot > 0 && transfer.slot <= this.#parts.chat.applied) {
      this.#giveUp('the log has caught up by itself');
    }
    if (transfer?.stage === 'ask' && nowMs - transfer.askedMs >= limits.learnRetryMs) {
      // Without progress the replica asks for slots again, and perhaps another peer; this one is kept for its return.
      if (nowMs - transfer.movedMs < limits.stateFetchMs) this.#ask(transfer);
    } else if (transfer?.stage === 'rest') {
      if (nowMs >= transfer.restUntilMs) this.#ask(transfer);
    } else this.#advance();
  }

  onChunk(from: ServerId, chunk: StateChunk): void {
    const transfer = this.#transfer;
    const { wal, chat, nowMs, logger } = this.#parts;
    if (transfer?.from !== from || transfer.stage !== 'ask' || transfer.request !== chunk.request) return;
    if (wal.saturated) return;
    if (chunk.slot <= chat.applied) return this.#giveUp('the state is not newer than this one');
    if (transfer.slot !== 0 && transfer.slot !== chunk.slot) {
      logger.info('state-begun-anew', { from, had: transfer.slot, comes: chunk.slot });
      this.#transfer = newTransfer(from, nowMs());
      this.#transfer.slot = chunk.slot;
      this.#advance();
      return;
    }
    const items = this.#checked(transfer, chunk);
    if (items === undefined) return;
    failpoint('snapshot.chunk-taken');
    transfer.slot = chunk.slot;
    transfer.movedMs = nowMs();
    transfer.hash = Buffer.from(chunk.hash);
    transfer.builder ??= new StateBuilder({
      set: this.#parts.sets.spareSet,
      wal,
      applied: chunk.slot,
      firstKept: chunk.firstKept,
    });
    const next = Buffer.from(chunk.next);
    transfer.stage = 'write';
    const { builder } = transfer;
    this.#step(
      transfer,
      (done) => builder.add(items, done),
      () => {
        transfer.position = next;
        transfer.sum = chunk.sum;
        transfer.damaged = 0;
        transfer.stage = 'seal';
        if (next.length > 0) this.#goOn(transfer);
      },
    );
  }

  /**
   * The chunk's items; undefined if it is not the one that was asked for, or came damaged: then it is asked for again.
   */
  #checked(transfer: Transfer, chunk: StateChunk): StateItem[] | undefined {
    let why = 'the sum does not match';
    if (equalBytes(chunk.position, transfer.position) && stateSum(transfer.sum, chunk) === chunk.sum) {
      try {
        return readStateItems(chunk.bytes);
      } catch (error) {
        why = (error as Error).message;
      }
    }
    this.#parts.logger.warn('state-chunk-damaged', { from: transfer.from, slot: chunk.slot, why });
    transfer.damaged++;
    if (transfer.damaged > limits.stateDamagedMax) this.#giveUp('its chunks come damaged');
    else this.#ask(transfer);
    return undefined;
  }

  #ask(transfer: Transfer): void {
    const { from, slot, position, sum } = transfer;
    transfer.stage = 'ask';
    transfer.askedMs = this.#parts.nowMs();
    transfer.request = ++this.#requests;
    this.#parts.send(from, { type: 'stateRequest', request: transfer.request, slot, position, sum });
  }

  /** The next chunk, at once when nobody writes; else they have the disks and the links to themselves in between. */
  #goOn(transfer: Transfer): void {
    const nowMs = this.#parts.nowMs();
    transfer.restUntilMs = nowMs + limits.stateRestFactor * (nowMs - transfer.askedMs);
    if (nowMs - this.#votedMs < limits.stateQuietMs) transfer.stage = 'rest';
    else this.#ask(transfer);
  }

  /** Begins whatever is due, unless something is still on its way to the disk. */
  #advance(): void {
    if (this.#busy || this.#parts.nowMs() < this.#retryAtMs) return;
    const transfer = this.#transfer;
    if (transfer === undefined) {
      if (this.#unclean) this.#clear(undefined);
    } else if (transfer.stage === 'clear') this.#clear(transfer);
    else if (transfer.stage === 'seal') this.#seal(transfer);
    else if (transfer.stage === 'install') this.#install(transfer);
  }

  #clear(transfer: Transfer | undefined): void {
    const { sets } = this.#parts;
    this.#step(
      transfer,
      (done) => sets.clearSpare(done),
      () => {
        this.#unclean = transfer !== undefined;
        if (transfer !== undefined) this.#ask(transfer);
      },
    );
  }

  #seal(transfer: Transfer): void {
    const { loadChat, newChat, sets } = this.#parts;
    const { builder, slot, hash } = transfer;
    const chat = newChat();
    const work = (done: (error: Error | undefined) => void): void => {
      if (builder === undefined) return done(new Error('nothing came'));
      builder.seal((error) => {
        if (error !== undefined) done(error);
        else loadChat(sets.spareSet.chat, chat, done);
      });
    };
    this.#step(
      transfer,
      work,
      () => {
        if (chat.applied !== slot || !equalBytes(chat.hash, hash))
          return this.#giveUp('it is not the state it was said to be');
        transfer.chat = chat;
        transfer.stage = 'install';
        this.#advance();
      },
      (error) => this.#giveUp(error.message),
    );
  }

  #install(transfer: Transfer): void {
    const { checkpointer, wal, chat, index, reader, logger } = this.#parts;
    const { builder, chat: loaded, slot } = transfer;
    if (builder === undefined || loaded === undefined || checkpointer.busy || wal.full) return;
    this.#parts.hold();
    const { firstKept } = builder.index();
    const { hash, logClockMs } = loaded;
    const input = { applied: slot, hash, logClockMs, firstKept, firstSegment: builder.firstSegment };
    this.#busy = true;
    checkpointer.install(input, (error) => {
      this.#busy = false;
      if (error !== undefined) {
        this.#retryLater();
        logger.warn('state-not-installed', { slot, error: error.message, text: 'it is tried again' });
        this.#parts.release();
        return;
      }
      this.#transfer = undefined;
      // The set that was live until now.
      this.#unclean = true;
      index.installed(builder.index());
      reader.forget();
      chat.adopt(loaded);
      logger.info('state-installed', { from: transfer.from, applied: slot, history: firstKept });
      this.#parts.installed(slot);
    });
    wal.flush();
  }

  /**
   * One step at the disk. `then` runs only if the transfer is still the one under way; an error leaves it where it was,
   * to be tried again, unless `failed` knows better.
   */
  #step(
    transfer: Transfer | undefined,
    work: (done: (error: Error | undefined) => void) => void,
    then: () => void,
    failed?: (error: Error) => void,
  ): void {
    this.#busy = true;
    this.#unclean = true;
    work((error) => {
      this.#busy = false;
      if (this.#transfer !== transfer) return this.#advance();
      if (error === undefined) return then();
      this.#parts.logger.warn('state-step-failed', { stage: transfer?.stage ?? 'clear', error: error.message });
      if (failed !== undefined) return failed(error);
      this.#retryLater();
      if (transfer?.stage !== 'write') return;
      transfer.stage = 'ask';
      transfer.askedMs = this.#parts.nowMs();
    });
  }

  /** The disk may be full for a while. */
  #retryLater(): void {
    this.#retryAtMs = this.#parts.nowMs() + limits.learnRetryMs;
  }

  #giveUp(why: string): void {
    this.#parts.logger.info('state-given-up', { from: this.#transfer?.from, slot: this.#transfer?.slot, why });
    this.#transfer = undefined;
    this.#parts.givenUp();
  }
}

function newTransfer(from: ServerId, nowMs: number): Transfer {
  return {
    from,
    stage: 'clear',
    slot: 0,
    hash: new Uint8Array(0),
    builder: undefined,
    position: new Uint8Array(0),
    sum: 0,
    request: 0,
    askedMs: nowMs,
    restUntilMs: nowMs,
    movedMs: nowMs,
    damaged: 0,
    chat: undefined,
  };
}
