/**
 * The loop around the replica: step, append, gate, apply, flush, in this order and nowhere else. It knows no sockets,
 * sets no timers and reads no clock, so that the very same object runs in the simulator.
 *
 * One call in (tick, message, submit, something reached the disk) is one step of the replica, whose effects are obeyed
 * in the order of {@link Effects}: records are appended to the log, frames queue behind the durable gate, committed
 * slots are applied, and the clients' side hears what became of its batches. `endOfTurn` then gives the disk one write
 * for the turn. Calls made while a step is being obeyed (a listener that submits) wait until it is done.
 */
import { assert, failpoint, type Logger, limits } from '../../base/index.js';
import type { Applied, ChatState } from '../../chat/index.js';
import type { Effects, Input, Now, PaxosMessage, Persist, Replica, StandingChange } from '../../paxos/index.js';
import type { Checkpointer, LogReader, Retention, SlotIndex, StateSets, StateStore, Wal } from '../../storage/index.js';
import type { Incarnation, ServerId, Slot } from '../../wire/index.js';
import { Checkpoints } from './checkpoints.js';
import { DriverFigures } from './driver-figures.js';
import { DurableGate } from './gate.js';
import { LearnSender } from './learn-sender.js';
import type { Roster } from './roster.js';
import { StateFetcher, type StateFetcherParts } from './state-fetcher.js';
import { RecentHashes } from './state-hashes.js';
import { StateSender, type StateSenderParts } from './state-sender.js';

/** Frames to other servers. Neither call blocks or calls back. */
export interface Transport {
  /** Queues a frame, or drops it. */
  send(to: ServerId, message: PaxosMessage): void;
  /** What is queued for a server leaves now, and not only at the end of the turn. */
  flush(to: ServerId): void;
}

/** The clients' side of a server. Calls may come back into the driver; they are taken up after the current step. */
export interface Listener {
  /** A slot was applied: answers, registrations, groups. */
  applied(applied: Applied): void;
  /** The places of these batches were applied, or the batches were lost: submit again what is unanswered. */
  settled(batches: readonly number[]): void;
  /** These batches were not taken: "busy". */
  refused(batches: readonly number[]): void;
  standing(change: StandingChange): void;
  /**
   * A peer's state, applied through `slot`, took the place of this one: events, answers and sessions were passed over.
   */
  installed(slot: Slot): void;
  /** A read asked for with `read` may be served now; not `fresh`: no quorum confirmed it. */
  read(id: number, fresh: boolean): void;
  /** The hand-over asked for with `stop` is over. */
  stopped(): void;
}

export interface DriverParts {
  readonly replica: Replica;
  readonly roster: Roster;
  readonly wal: Pick<Wal, 'append' | 'flush' | 'saturated'> & StateFetcherParts['wal'];
  readonly chat: ChatState;
  /** Knows already where the recovered values above the commit index stand. */
  readonly index: Pick<SlotIndex, 'logged' | 'appliedSlot' | 'firstKept' | 'installed'>;
  readonly reader: Pick<LogReader, 'read' | 'remember' | 'forget'>;
  readonly checkpointer: Pick<Checkpointer, 'write' | 'install' | 'onDurable' | 'busy' | 'overdue' | 'last'>;
  readonly store: Pick<StateStore, 'snapshot'>;
  readonly sets: StateSets;
  readonly retention: Pick<Retention, 'pin'>;
  readonly chunkBytes: StateSenderParts['chunkBytes'];
  /** For a state that comes from a peer: an empty one, and how rows get into it. */
  readonly newChat: StateFetcherParts['newChat'];
  readonly loadChat: StateFetcherParts['loadChat'];
  readonly transport: Transport;
  readonly listener: Listener;
  readonly logger: Logger;
  /** Handed in: the monotonic clock never falls, the wall clock is only shown. */
  readonly now: () => Now;
  /** A change of the members was applied, or governs from now on: see the roster. */
  readonly onMembers: () => void;
  /** The disk failed or an invariant broke: stop the process. Called once; nothing is sent afterwards. */
  readonly onFatal: (error: Error) => void;
}

export class Driver {
  /** Counted since this process began. */
  readonly figures = new DriverFigures();
  readonly #parts: DriverParts;
  readonly #self: ServerId;
  readonly #replica: Replica;
  readonly #gate: DurableGate;
  readonly #hashes = new RecentHashes();
  /** Inputs that came while a step was being obeyed. */
  #waiting: Input[] = [];
  #stepping = false;
  /** Batches that the step being obeyed settles: nobody need tell the replica that they are answered. */
  #settling: readonly number[] = [];
  /** Records appended in this process life. */
  #appended = 0;
  readonly #checkpoints: Checkpoints;
  readonly #learns: LearnSender;
  readonly #sender: StateSender;
  readonly #fetcher: StateFetcher;
  /** A peer's state is being installed: nothing may happen to the replica until that is over. */
  #held = false;
  /** What the log reported meanwhile. */
  #heldRecords = 0;
  /** As the listener last heard. */
  #leading = false;
  #halted = false;
  /** The step being obeyed applied a change of the members. */
  #membersChanged = false;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    this.#self = parts.roster.self;
    this.#replica = parts.replica;
    this.#gate = new DurableGate((to, message) => parts.transport.send(to, message), limits.gateWaitingMax);
    if (parts.chat.applied > 0) this.#hashes.add(parts.chat.applied, parts.chat.hash);
    const nowMs = (): number => parts.now().monotonicMs;
    const onFatal = (error: Error): void => this.onFatal(error);
    // Neither a request nor a chunk nor a chosen value vouches for a record of ours (PAXOS.md, Catch-up).
    const send = (to: ServerId, message: PaxosMessage): void => this.#gate.push({ to, after: 0, message });
    this.#checkpoints = new Checkpoints({ ...parts, nowMs, onFatal });
    const onIgnored = (): void => void this.figures.ignored++;
    this.#learns = new LearnSender({ ...parts, send, onIgnored, onFatal });
    this.#sender = new StateSender({ ...parts, promised: () => this.#replica.view.promised, send, nowMs });
    this.#fetcher = new StateFetcher({
      ...parts,
      send,
      nowMs,
      hold: () => {
        this.#held = true;
      },
      release: () => this.#release([]),
      installed: (slot) => this.#installed(slot),
      givenUp: () => this.#give({ kind: 'installed', slot: 0 }),
    });
  }

  /** The replica's read-only facts. */
  get view(): Replica['view'] {
    return this.#replica.view;
  }

  /** What was last heard of each peer's commit index; nothing of those that are not heard now. */
  get heardCommits(): Replica['heardCommits'] {
    return this.#replica.heardCommits;
  }

  /** Frames lawfully ignored: by the replica, and before it. */
  get framesIgnored(): number {
    return this.#replica.framesIgnored + this.figures.ignored;
  }

  /** Frames dropped because too many waited for the disk. */
  get gateDropped(): number {
    return this.#gate.dropped;
  }

  /** Frames that wait for the disk. */
  get gateWaiting(): number {
    return this.#gate.waiting;
  }

  /** Records on disk and records appended, counted in this process life. */
  get records(): { readonly durable: number; readonly appended: number } {
    return { durable: this.#gate.durable, appended: this.#appended };
  }

  /** This server was away for longer than the log is kept, and takes over a peer's state. */
  get fetchesState(): boolean {
    return this.#fetcher.active;
  }

  /** Recent state hashes, for `verify`. */
  get hashes(): Pick<RecentHashes, 'at' | 'nearest'> {
    return this.#hashes;
  }

  /** The server stops and its log is about to be closed: what the disk still reports moves nothing any more. */
  end(): void {
    this.#halt();
    this.#sender.end();
  }

  /** True after a fatal error or the end: nothing is sent, applied or written any more. */
  get halted(): boolean {
    return this.#halted;
  }

  /** `limits.tickMs` have passed. */
  tick(): void {
    if (!this.#held) this.#give({ kind: 'tick' });
    if (this.#halted) return;
    this.#checkpoints.consider();
    this.#sender.tick();
    this.#fetcher.tick();
  }

  /** A frame from a peer that passed hello. */
  message(from: ServerId, message: PaxosMessage): void {
    if (this.#halted) return;
    const { wal, logger } = this.#parts;
    if (wal.saturated && (message.type === 'accept' || message.type === 'learnReply')) {
      // A slow disk must not fill the memory; whoever sent it sends it again.
      this.figures.ignored++;
      logger.debug('ignored', { what: message.type, why: 'the log waits for the disk', from });
      return;
    }
    if (this.#held) {
      // As on a bad link: nothing piles up, and everything is sent again.
      this.figures.ignored++;
      logger.debug('ignored', { what: message.type, why: 'a state is being installed', from });
      return;
    }
    if (message.type === 'stateRequest') {
      this.#sender.onRequest(from, message);
      return;
    }
    this.#give({ kind: 'message', from, message });
    if (message.type === 'stateChunk' && !this.#halted) this.#fetcher.onChunk(from, message);
  }

  peerUp(peer: ServerId, incarnation: Incarnation): void {
    this.#give({ kind: 'peerUp', peer, incarnation });
  }

  peerDown(peer: ServerId): void {
    this.#give({ kind: 'peerDown', peer });
  }

  /** Wants `bytes` (concatenated items) logged; `batch` rises by one with each call. */
  submit(batch: number, bytes: Uint8Array): void {
    if (this.#parts.wal.saturated) {
      this.#parts.listener.refused([batch]);
      return;
    }
    this.#give({ kind: 'submit', batch, bytes });
  }

  /** Everything in `batch` is answered. */
  answered(batch: number): void {
    if (!this.#settling.includes(batch)) this.#give({ kind: 'answered', batch });
  }

  /** Asks for a read index; answered by {@link Listener.read}. */
  read(id: number): void {
    this.#give({ kind: 'read', id });
  }

  /** Whether any client is connected: nobody else waits for commits to be told at once. */
  serves(serves: boolean): void {
    this.#give({ kind: 'serves', serves });
  }

  /** SIGTERM: hands leadership over, then {@link Listener.stopped}. */
  stop(): void {
    this.#give({ kind: 'stop' });
  }

  /** The log has synced the first `records` records of this process life. */
  onDurable(records: number): void {
    if (this.#halted) return;
    assert(records <= this.#appended, `${records} records durable, ${this.#appended} appended`);
    if (this.#held) this.#heldRecords = records;
    else this.#durable(records);
    this.#parts.checkpointer.onDurable(records);
  }

  #durable(records: number): void {
    // The replica first, so that what it sends about these records finds the gate open in the order of its own
    // thinking.
    this.#give({ kind: 'durable', records });
    if (!this.#halted) this.#gate.release(records);
  }

  /** The disk is full, or has space again. */
  onFull(full: boolean): void {
    this.#give({ kind: 'disk', full });
  }

  /** The disk failed. The first call closes the gate and passes the error on; later ones are ignored. */
  onFatal(error: Error): void {
    if (this.#halted) return;
    this.#halt();
    this.#parts.logger.error('driver-halted', { error: error.message });
    this.#parts.onFatal(error);
  }

  #halt(): void {
    this.#halted = true;
    this.#gate.close();
    this.#checkpoints.end();
    this.#waiting = [];
  }

  /** End of a turn of the event loop: everything appended in it goes to the disk in one write. */
  endOfTurn(): void {
    if (!this.#halted) this.#parts.wal.flush();
  }

  #give(input: Input): void {
    if (this.#halted) return;
    if (this.#stepping || this.#held) {
      this.#waiting.push(input);
      return;
    }
    this.#stepping = true;
    try {
      this.#step(input);
      while (this.#waiting.length > 0) {
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const next of waiting) if (!this.#halted) this.#step(next);
      }
    } catch (error) {
      // Whatever was half done stays inside: nothing leaves any more, and the caller stops the process.
      this.#halt();
      throw error;
    } finally {
      this.#stepping = false;
    }
  }

  #step(input: Input): void {
    const { wal, index } = this.#parts;
    failpoint('step.before');
    const now = this.#parts.now();
    const effects = this.#replica.step(input, now);
    failpoint('step.after-replica');
    for (const record of effects.persist) {
      if (record.kind === 'promise') failpoint('election.promise');
      this.#count(record, now.monotonicMs);
      const location = wal.append(record);
      this.#appended++;
      if (record.kind !== 'accept' && record.kind !== 'chosen') continue;
      assert(location !== undefined, 'a logged value has a place');
      index.logged(record.slot, location);
    }
    if (effects.persist.length > 0) failpoint('step.after-append');
    for (const send of effects.sends) {
      if (send.message.type === 'prepare') failpoint('election.campaign');
      this.#gate.push(send);
    }
    failpoint('step.after-sends');
    if (effects.commits.length > 0 && this.#replica.leadsIdly) this.#hurry(effects.sends);
    this.#settling = effects.settled;
    for (const { slot, value } of effects.commits) {
      this.figures.chosen(slot, now.monotonicMs);
      this.#apply(slot, value);
    }
    this.#tell(effects);
    this.#settling = [];
    for (const learn of effects.learns) this.#learns.answer(learn);
    if (effects.commits.length > 0) this.#checkpoints.consider();
  }

  /**
   * Somebody at another server waits for this commit: it leaves before this server's own apply takes its time. While
   * more is in flight it had better leave with the next accept, which a follower takes up before the commit.
   */
  #hurry(sends: Effects['sends']): void {
    for (const { to } of sends) this.#parts.transport.flush(to);
  }

  /** A promise of its own ballot is how this server campaigns, a vote for it how it proposes. */
  #count(record: Persist, nowMs: number): void {
    if (record.kind !== 'accept' && record.kind !== 'promise') return;
    if (record.ballot.server !== this.#self) return;
    if (record.kind === 'promise') this.figures.campaigns++;
    else this.figures.proposed(record.slot, nowMs);
  }

  /** Tells the clients' side what the step brought about, apart from what was applied. */
  #tell(effects: Effects): void {
    const { listener } = this.#parts;
    if (effects.settled.length > 0) listener.settled(effects.settled);
    if (effects.refused.length > 0) listener.refused(effects.refused);
    for (const { id, fresh } of effects.reads) listener.read(id, fresh);
    for (const peer of effects.fetchState) this.#fetcher.begin(peer);
    if (effects.members || this.#membersChanged) this.#parts.onMembers();
    this.#membersChanged = false;
    if (effects.standing !== undefined) this.#tellStanding(effects.standing);
    if (effects.stopped) listener.stopped();
  }

  #tellStanding(change: StandingChange): void {
    this.figures.standing(change.leader, change.leading, this.#leading);
    if (change.leading !== this.#leading) failpoint(change.leading ? 'election.won' : 'election.lost');
    this.#leading = change.leading;
    this.#parts.listener.standing(change);
  }

  #apply(slot: Slot, value: Uint8Array): void {
    const { chat, index, reader, listener } = this.#parts;
    failpoint('apply.before');
    index.appliedSlot(slot);
    reader.remember(slot, value);
    const applied = chat.apply(slot, value);
    failpoint('apply.after');
    const hash = chat.hash;
    this.#hashes.add(slot, hash);
    if (slot % limits.hashEverySlots === 0) this.#replica.setHash(slot, hash);
    const change = applied.members === undefined ? undefined : this.#parts.roster.apply(applied.members);
    if (change !== undefined) {
      this.#replica.configure(change);
      this.#membersChanged = true;
    }
    this.figures.applied(slot, applied.answers);
    listener.applied(applied);
    failpoint('apply.told');
  }

  /** The switch is over, one way or the other: what waited for it happens now, `first` before all. */
  #release(first: Input[]): void {
    this.#held = false;
    const inputs = [...first, ...this.#waiting];
    this.#waiting = [];
    for (const input of inputs) this.#give(input);
    const records = this.#heldRecords;
    this.#heldRecords = 0;
    if (records > 0 && !this.#halted) this.#durable(records);
    this.endOfTurn();
  }

  /** The parts hold the new state already; the replica hears of it before anything else. */
  #installed(slot: Slot): void {
    if (this.#halted) return;
    const { chat, listener, roster } = this.#parts;
    this.#checkpoints.passed(slot);
    this.#hashes.add(slot, chat.hash);
    if (slot % limits.hashEverySlots === 0) this.#replica.setHash(slot, chat.hash);
    listener.installed(slot);
    const { epoch } = roster.latest;
    roster.reset(chat.members);
    const changed = roster.latest.epoch !== epoch;
    this.#release([{ kind: 'installed', slot, ...(changed && { configurations: roster.configurations }) }]);
  }
}
