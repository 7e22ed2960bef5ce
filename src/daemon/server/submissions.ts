/**
 * What this server's clients want logged and have no answer for yet: it joins runs into batches, submits lost ones
 * again and sends answers back to the connection that speaks for the session. Pure: no sockets, no timers, no clock.
 *
 * How to use it (the server's clients part and the simulator do exactly this):
 *  1. `open(connection, session, nonce, window)` once the state machine has confirmed that the connection speaks for
 *     the session (it was registered, or `checkResume` said ok); keep the handle it returns.
 *  2. `submit(handle, run)` for each submit frame, `item(bytes, isPending)` for register, touch, attach and detach;
 *     `flush()` at the end of the turn, before the driver's `endOfTurn()`.
 *  3. Pass on what the driver tells its listener: `applied`, `settled`, `refused`.
 *  4. `close(handle, connection, nowMs)` when its connection ends, `tick(nowMs)` about every second.
 *
 * PAXOS.md, Forwarding and Sessions: a batch may be lost, or overtaken by a later one of the same session, which then
 * is a gap that the state machine does not answer. When the place of a batch in the log has been applied, whatever in
 * it is still unanswered is submitted again, in order, from the session's first unanswered run on. A run is in at most
 * one outstanding batch, and nothing behind an outstanding run is submitted again before that run settles: so a burst
 * of losses costs one resubmission per loss, not one per message behind it.
 */
import { assert, type BucketHistogram, equalBytes, limits } from '../../base/index.js';
import type { Answer } from '../../chat/index.js';
import { readRunHeader, type SessionId } from '../../wire/index.js';
import { BatchSlab, itemHeaderBytes } from './batch-slab.js';
import { type Entry, type Moment, newEntry, SessionQueue, type SubmissionHandle, sessionKey } from './session-queue.js';

/** Why a run was not taken. */
export type BusyReason =
  /** More unanswered messages than the session's window. */
  | 'window'
  /** This server holds as much unanswered work as it may. */
  | 'full'
  /** The run does not follow what was taken or applied before it. */
  | 'gap';

export type SubmitResult =
  | 'taken'
  /** It is outstanding already and will be answered once. */
  | 'duplicate'
  /** It was answered with busy. */
  | BusyReason
  /** It names another session or nonce than the handle: the connection breaks the protocol. */
  | 'foreign';

export interface SubmissionsOptions<C> {
  /** Gives a batch to the driver. Its effects may call back into this object before it returns. */
  readonly submit: (batch: number, bytes: Uint8Array) => void;
  /** Tells the driver that nothing in `batch` needs to be forwarded again. */
  readonly answered: (batch: number) => void;
  /** Sends an answer to the client. */
  readonly ack: (connection: C, answer: Answer) => void;
  /** Tells the client that nothing of its session from `fromSeq` on was taken. */
  readonly busy: (connection: C, session: SessionId, fromSeq: number, reason: BusyReason) => void;
  /** The last seq applied of a session, as this server knows it; undefined if it does not know the session. */
  readonly lastSeq: (session: SessionId) => number | undefined;
  /** Bytes of unanswered runs held for all sessions together; past it clients are told "busy". */
  readonly bytesMax?: number;
  /** Bytes joined into one batch. */
  readonly batchBytesMax?: number;
  /** How long the runs of a closed connection are still submitted again. */
  readonly closedKeepMs?: number;
  /** Measures from a run's arrival to its answer; the clock is read once a batch and once a slot. */
  readonly timing?: SubmitTiming;
}

export interface SubmitTiming {
  /** Monotonic. */
  readonly nowMs: () => number;
  /** Gets each message, in seconds. */
  readonly histogram: BucketHistogram;
}

interface Batch<C> {
  readonly entries: Entry<C>[];
  open: number;
}

export class Submissions<C> {
  readonly #options: SubmissionsOptions<C>;
  readonly #bytesMax: number;
  readonly #batchBytesMax: number;
  readonly #closedKeepMs: number;
  readonly #slab = new BatchSlab();
  readonly #queues = new Map<string, SessionQueue<C>>();
  readonly #batches = new Map<number, Batch<C>>();
  /** Entries of the batch that is being built. */
  #building: Entry<C>[] = [];
  /** Queues and other items that go on with the next tick. */
  #slowQueues = new Set<SessionQueue<C>>();
  #slowItems: Entry<C>[] = [];
  #nextBatch = 1;
  /** Of the batch that is being built, once a run of it has come. */
  #taken: Moment | undefined;
  #bytes = 0;
  #resubmitted = 0;

  constructor(options: SubmissionsOptions<C>) {
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? limits.submissionsBytesMax;
    this.#batchBytesMax = options.batchBytesMax ?? limits.batchBytesMax;
    this.#closedKeepMs = options.closedKeepMs ?? limits.submissionsClosedKeepMs;
  }

  /** Bytes of everything unanswered. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How often a run or item had to be submitted again. */
  get resubmitted(): number {
    return this.#resubmitted;
  }

  /** Batches given to the driver that hold something unanswered. */
  get outstanding(): number {
    return this.#batches.size;
  }

  /**
   * `connection` speaks for `session` from now on; an older connection of the same session gets no answers any more.
   */
  open(connection: C, session: SessionId, nonce: Uint8Array, window: number): SubmissionHandle<C> {
    const key = sessionKey(session);
    const known = this.#queues.get(key);
    if (known !== undefined) {
      assert(equalBytes(known.nonce, nonce), 'a session has one nonce, and it was checked');
      known.connection = connection;
      known.window = window;
      return known;
    }
    const queue = new SessionQueue(session, Uint8Array.prototype.slice.call(nonce), connection, window);
    this.#queues.set(key, queue);
    return queue;
  }

  /** The connection ended: its runs are kept until they are answered or `closedKeepMs` have passed. */
  close(handle: SubmissionHandle<C>, connection: C, nowMs: number): void {
    const queue = handle as SessionQueue<C>;
    if (queue.connection !== connection) return;
    queue.connection = undefined;
    queue.closedAtMs = nowMs;
    this.#sweep(queue);
  }

  /**
   * Takes a run that `checkRun` found sound to be logged. Its bytes are copied. A run that is
   * outstanding already is recognised and not submitted twice; one that can't be taken is answered with `busy`.
   */
  submit(handle: SubmissionHandle<C>, run: Uint8Array): SubmitResult {
    const queue = handle as SessionQueue<C>;
    const { session, nonce, firstSeq, count, answeredBelow } = readRunHeader(run, 0);
    if (session.slot !== queue.session.slot || session.index !== queue.session.index) return 'foreign';
    if (!equalBytes(nonce, queue.nonce)) return 'foreign';
    const lastSeq = firstSeq + count - 1;
    this.#dropBelow(queue, answeredBelow);
    const last = queue.runs[queue.runs.length - 1];
    if (last !== undefined) {
      if (lastSeq <= last.lastSeq && firstSeq >= (queue.runs[0] as Entry<C>).firstSeq) return 'duplicate';
      // A client that was moved to and fro may come back with older runs than those kept here: they replace them.
      if (firstSeq < (queue.runs[0] as Entry<C>).firstSeq) this.#dropFrom(queue, firstSeq);
      else if (firstSeq > last.lastSeq + 1) return this.#refuse(queue, last.lastSeq + 1, 'gap');
    }
    // A client may cut its resend differently: what overlaps the last run takes no more of the window.
    const end = queue.runs[queue.runs.length - 1]?.lastSeq ?? 0;
    const added = Math.min(count, lastSeq - end);
    if (queue.unanswered > 0 && queue.unanswered + added > queue.window) return this.#refuse(queue, firstSeq, 'window');
    if (this.#bytes + run.length > this.#bytesMax) return this.#refuse(queue, firstSeq, 'full');
    this.#makeRoom(run.length + itemHeaderBytes);
    const item = this.#slab.appendRun(run);
    const entry = newEntry(queue, { firstSeq, lastSeq, added }, item, this.#moment(), undefined);
    queue.runs.push(entry);
    queue.unanswered += added;
    this.#bytes += item.length;
    this.#build(entry);
    return 'taken';
  }

  /**
   * Logs another item (an encoded register, touch, attach or detach). It is submitted again as long as `isPending`
   * says, when its batch settles, that it is not logged yet. False: this server is full.
   */
  item(bytes: Uint8Array, isPending: () => boolean): boolean {
    if (this.#bytes + bytes.length > this.#bytesMax) return false;
    this.#makeRoom(bytes.length);
    const item = this.#slab.append(bytes);
    this.#bytes += item.length;
    this.#build(newEntry(undefined, { firstSeq: 0, lastSeq: 0, added: 0 }, item, undefined, isPending));
    return true;
  }

  /** End of a turn: what was joined becomes a batch and is submitted. */
  flush(): void {
    if (this.#building.length === 0) return;
    const bytes = this.#slab.take();
    const entries = this.#building;
    this.#building = [];
    this.#taken = undefined;
    const number = this.#nextBatch++;
    const open = entries.filter((entry) => !entry.done);
    if (open.length === 0) return;
    for (const entry of entries) entry.batch = number;
    this.#batches.set(number, { entries, open: open.length });
    this.#options.submit(number, bytes);
  }

  /** A slot was applied: its answers go to the connections that wait, whichever server had submitted the runs. */
  applied(answers: readonly Answer[]): void {
    let nowMs = Number.NaN;
    for (const answer of answers) {
      const queue = this.#queues.get(sessionKey(answer.session));
      if (queue === undefined) continue;
      if (Number.isNaN(nowMs)) nowMs = this.#options.timing?.nowMs() ?? 0;
      this.#answer(queue, answer, nowMs);
    }
  }

  /** The places of these batches in the log have been applied, or they were lost. */
  settled(batches: readonly number[]): void {
    const touched = new Set<SessionQueue<C>>();
    for (const number of batches) {
      const batch = this.#batches.get(number);
      if (batch === undefined) continue;
      this.#batches.delete(number);
      for (const entry of batch.entries) {
        if (entry.done || entry.batch !== number) continue;
        entry.batch = 0;
        if (entry.queue !== undefined) touched.add(entry.queue);
        else if (entry.isPending?.() !== true) this.#finish(entry);
        else if (entry.retries < limits.submissionsQuickRetriesMax) this.#again(entry);
        else this.#slowItems.push(entry);
      }
    }
    for (const queue of touched) this.#resubmit(queue);
  }

  /** The replica's queue is full: these batches were not taken. */
  refused(batches: readonly number[]): void {
    for (const number of batches) {
      const batch = this.#batches.get(number);
      if (batch === undefined) continue;
      this.#batches.delete(number);
      for (const entry of batch.entries) {
        if (entry.done) continue;
        if (entry.queue === undefined) {
          // It has no client that would ask again; it waits for the next tick.
          entry.batch = 0;
          this.#slowItems.push(entry);
          continue;
        }
        this.#refuse(entry.queue, entry.firstSeq, 'full');
        this.#dropFrom(entry.queue, entry.firstSeq);
      }
    }
  }

  /** Gives up the runs of connections that closed long ago and tries again what waited for a tick. */
  tick(nowMs: number): void {
    const items = this.#slowItems;
    this.#slowItems = [];
    for (const entry of items) {
      if (entry.isPending?.() === true) this.#again(entry);
      else this.#finish(entry);
    }
    const slow = this.#slowQueues;
    this.#slowQueues = new Set();
    for (const queue of slow) this.#resubmit(queue, true);
    for (const queue of [...this.#queues.values()]) {
      if (queue.connection !== undefined || nowMs - queue.closedAtMs < this.#closedKeepMs) continue;
      this.#dropFrom(queue, 0);
    }
  }

  /**
   * Answers runs of `queue`. A run may be answered in parts, for it may have been applied in parts, in several slots.
   */
  #answer(queue: SessionQueue<C>, answer: Answer, nowMs: number): void {
    let count = 0;
    for (const outcome of answer.outcomes) count += outcome.count;
    const lastSeq = answer.firstSeq + count - 1;
    if (queue.connection !== undefined) this.#options.ack(queue.connection, answer);
    let done = 0;
    for (const run of queue.runs) {
      if (run.firstSeq > lastSeq) break;
      if (run.nextSeq < answer.firstSeq || run.nextSeq > lastSeq) continue;
      const answered = Math.min(lastSeq, run.lastSeq) - run.nextSeq + 1;
      if (run.taken !== undefined) this.#options.timing?.histogram.observe((nowMs - run.taken.atMs) / 1000, answered);
      run.nextSeq = lastSeq + 1;
      if (run.nextSeq <= run.lastSeq) continue;
      this.#finish(run);
      done++;
    }
    if (done > 0) this.#goOn(queue);
  }

  /** Submits what `queue` still waits for, unless its first run is still on its way: then everything waits for that. */
  #resubmit(queue: SessionQueue<C>, onTick = false): void {
    const head = queue.runs[0];
    if (head === undefined || head.batch !== 0) return;
    if (head.retries >= limits.submissionsQuickRetriesMax && !onTick) {
      this.#slowQueues.add(queue);
      return;
    }
    const last = this.#options.lastSeq(queue.session);
    if (last !== undefined && head.firstSeq > last + 1) {
      // The client left a hole that only the client can fill.
      this.#refuse(queue, last + 1, 'gap');
      this.#dropFrom(queue, 0);
      return;
    }
    for (const run of queue.runs) {
      if (run.batch === 0) this.#again(run);
    }
  }

  #again(entry: Entry<C>): void {
    this.#resubmitted++;
    entry.retries++;
    this.#makeRoom(entry.item.length);
    entry.item = this.#slab.append(entry.item);
    this.#build(entry);
  }

  /** Of a run that arrives now: the batch's, which is when the first of its runs arrived. */
  #moment(): Moment | undefined {
    const { timing } = this.#options;
    if (timing !== undefined) this.#taken ??= { atMs: timing.nowMs() };
    return this.#taken;
  }

  #makeRoom(bytes: number): void {
    const pending = this.#slab.pendingBytes;
    if (pending > 0 && (pending + bytes > this.#batchBytesMax || !this.#slab.fits(bytes))) this.flush();
  }

  #build(entry: Entry<C>): void {
    // Marks it as on its way before the batch has its number, so that nobody submits it twice in one turn.
    entry.batch = this.#nextBatch;
    this.#building.push(entry);
  }

  #refuse(queue: SessionQueue<C>, fromSeq: number, reason: BusyReason): BusyReason {
    if (queue.connection !== undefined) this.#options.busy(queue.connection, queue.session, fromSeq, reason);
    return reason;
  }

  /** The client says that it has every answer below `seq`. */
  #dropBelow(queue: SessionQueue<C>, seq: number): void {
    let done = 0;
    for (const run of queue.runs) {
      if (run.lastSeq >= seq) break;
      this.#finish(run);
      done++;
    }
    if (done > 0) this.#goOn(queue);
  }

  #dropFrom(queue: SessionQueue<C>, seq: number): void {
    for (const run of queue.runs) if (run.firstSeq >= seq) this.#finish(run);
    this.#sweep(queue);
  }

  /** The first runs are done: a run that had overtaken them was settled without an answer and waited for this. */
  #goOn(queue: SessionQueue<C>): void {
    this.#sweep(queue);
    if (queue.runs[0]?.batch === 0) this.#resubmit(queue);
  }

  /** Removes what is done; a closed connection's queue goes with its last run. */
  #sweep(queue: SessionQueue<C>): void {
    queue.removeDone();
    if (!queue.isOver) return;
    const key = sessionKey(queue.session);
    if (this.#queues.get(key) === queue) this.#queues.delete(key);
  }

  #finish(entry: Entry<C>): void {
    assert(!entry.done, 'a run is finished once');
    entry.done = true;
    this.#bytes -= entry.item.length;
    if (entry.queue !== undefined) entry.queue.unanswered -= entry.added;
    const batch = this.#batches.get(entry.batch);
    if (batch === undefined) return;
    batch.open--;
    if (batch.open > 0) return;
    this.#batches.delete(entry.batch);
    this.#options.answered(entry.batch);
  }
}
