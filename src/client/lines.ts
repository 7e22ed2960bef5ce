/** The user's own lines: the session they go under, when they are sent and sent again, and what is told of each. */
import { limits, type Timer } from '../base/index.js';
import { Stage } from '../net/index.js';
import type { Ack, Busy, EventKind, OutcomeCode, Registered, Reject, SessionId } from '../wire/index.js';
import type { LineState } from './events.js';
import type { Link, Shared } from './link.js';
import { LINE_BYTES_MAX } from './options.js';
import { type FinalCode, type Line, type OnOutcome, Outbox, type SessionEnd } from './outbox.js';
import { OwnLines } from './own-lines.js';
import type { ClientSession } from './session.js';
import {
  closedReasons,
  type GivenUpLines,
  nameText,
  notSentReasons,
  otherClusterReasons,
  reasonOf,
  sessionOverReason,
  sessionOverText,
  tooLongText,
  tooManyText,
} from './texts.js';

export interface LinesOptions {
  /** Undefined for a client that only reads. */
  readonly session: ClientSession | undefined;
  readonly linesMax: number;
  readonly sendTimeoutMs: number;
}

export interface LinesSink {
  /** A new session took the place of none or of an expired one. */
  onNewSession(): void;
  /** Submits go out on this connection from now on. */
  onSessionOpen(): void;
  onJoined(room: string, slot: number): void;
  /** The server contradicts itself or has forgotten who speaks here: another connection is needed. */
  lose(link: Link, reason: string): void;
}

export class Lines {
  /** Ids of lines sent and not delivered yet. */
  readonly own = new OwnLines();
  readonly #shared: Shared;
  readonly #sink: LinesSink;
  readonly #session: ClientSession | undefined;
  readonly #outbox: Outbox;
  readonly #sendTimeoutMs: number;
  readonly #roomBytes = new Map<string, Uint8Array>();
  #lastRoom: string | undefined;
  #lastRoomBytes: Uint8Array | undefined;
  #listenersVersion = -1;
  #wantsState = false;
  #wantsOwn = false;
  #lastId = 0;
  #closed = false;
  /** Something was answered since the last look: no need to send everything again. */
  #answered = false;
  #pumpDeferred = false;
  #drained: (() => void)[] = [];
  #busyTimer: Timer | undefined;
  #againTimer: Timer | undefined;
  #unconfirmedTimer: Timer | undefined;

  constructor(options: LinesOptions, shared: Shared, sink: LinesSink) {
    this.#shared = shared;
    this.#sink = sink;
    this.#session = options.session;
    this.#sendTimeoutMs = options.sendTimeoutMs;
    this.#outbox = new Outbox(
      {
        onSending: (line, seq) => this.#onSending(line, seq),
        onAnswered: (line, code, slot, n) => this.#onAnswered(line, code, slot, n),
        onGivenUp: (line, code, reason) => this.#onEnd(line, code, 0, 0, reason),
        onUnconfirmed: (line) => this.#tellState(line.id, 'unconfirmed', line.room),
      },
      options.linesMax,
      LINE_BYTES_MAX,
    );
  }

  get open(): number {
    return this.#outbox.open;
  }

  get queued(): number {
    return this.#outbox.queued;
  }

  /** The session's id; undefined before the log gave one, and for a reader. */
  get session(): SessionId | undefined {
    return this.#session?.id;
  }

  /** The session is being opened or resumed on this connection, or will be. */
  get sessionComing(): boolean {
    return this.#session?.state === 'none' || this.#session?.state === 'opening';
  }

  /** Takes a line, whose room is spelt canonically; tells `queued`, or at once why it failed. Returns its id. */
  submit(kind: EventKind, room: string, text: string | Uint8Array, onOutcome: OnOutcome | undefined): number {
    const id = ++this.#lastId;
    const bytes = textBytes(text);
    if (bytes > limits.messageBytesMax) return this.#failAtOnce(id, room, 'TOO_LONG', tooLongText(bytes), onOutcome);
    const roomBytes = this.#bytesOfRoom(room);
    if (roomBytes === undefined) return this.#failAtOnce(id, room, 'BAD_ROOM', reasonOf('BAD_ROOM'), onOutcome);
    if (this.#session === undefined || this.#closed) {
      const why = this.#session === undefined ? notSentReasons.reader : notSentReasons.closed;
      return this.#failAtOnce(id, room, 'NOT_SENT', why, onOutcome);
    }
    const line = this.#outbox.push(id, kind, room, roomBytes, text, onOutcome);
    if (line === undefined) {
      return this.#failAtOnce(id, room, 'NOT_SENT', tooManyText(this.#outbox.open), onOutcome);
    }
    this.#tellState(id, 'queued', room);
    this.deferPump();
    return id;
  }

  /** Takes back a line that was never submitted: it ends as failed. False when it is too late for that. */
  cancel(id: number): boolean {
    const line = this.#outbox.cancel(id);
    if (line === undefined) return false;
    this.#failAtOnce(id, line.room, 'NOT_SENT', notSentReasons.takenBack, line.onOutcome);
    this.#tellDrained();
    return true;
  }

  /** Resolves when no line is open any more (true) or the time is over (false). */
  drain(timeoutMs: number): Promise<boolean> {
    if (this.#outbox.open === 0) return Promise.resolve(true);
    const { clock } = this.#shared.environment;
    return new Promise((resolve) => {
      const finish = (drained: boolean): void => {
        clock.clearTimeout(timer);
        this.#drained = this.#drained.filter((waiting) => waiting !== onDrained);
        resolve(drained);
      };
      const onDrained = (): void => finish(true);
      const timer = clock.setTimeout(() => finish(this.#outbox.open === 0), timeoutMs);
      this.#drained.push(onDrained);
    });
  }

  /** A new connection. */
  opened(): void {
    this.openSession();
    this.#answered = false;
    this.#armAgain();
  }

  disconnected(): void {
    this.#clearLinkTimers();
    this.#session?.disconnected();
  }

  /** Lines still open end as UNKNOWN or NOT_SENT; what a callback posts meanwhile fails at once. */
  close(): void {
    this.#closed = true;
    this.#clearLinkTimers();
    if (this.#unconfirmedTimer !== undefined) this.#shared.environment.clock.clearTimeout(this.#unconfirmedTimer);
    this.#unconfirmedTimer = undefined;
    this.#outbox.giveUp(closedReasons);
  }

  /** Another cluster: the session means nothing there. What it leaves behind is ended by `giveUp`. */
  forgetSession(): void {
    this.own.clear();
    this.#session?.expire();
  }

  /** Another cluster: all lines that are here now end, sent ones as UNKNOWN, the others as NOT_SENT. */
  giveUp(): GivenUpLines {
    const ended = { unconfirmed: this.#outbox.unanswered, notSent: this.#outbox.queued };
    this.#outbox.giveUp(otherClusterReasons);
    return ended;
  }

  /** Registers or resumes on the present connection. */
  openSession(): void {
    const { link } = this.#shared;
    const opening = link === undefined ? undefined : this.#session?.open(this.#shared.nextRequest());
    if (opening !== undefined) link?.connection.send(opening);
  }

  onAck(link: Link, { session, firstSeq, slot, outcomes }: Ack): void {
    if (this.#session?.is(session) !== true) return;
    this.#answered = true;
    const verdict = this.#outbox.ack(firstSeq, slot, outcomes);
    if (verdict === 'SESSION_EXPIRED' || verdict === 'BAD_NONCE') this.#endSession(verdict, '');
    else if (verdict === 'foreign') this.#sink.lose(link, `${link.address} answered lines that were never sent`);
    else this.deferPump();
  }

  onBusy({ session, fromSeq, retryMs }: Busy): void {
    if (this.#session?.is(session) !== true) return;
    this.#outbox.rewindTo(fromSeq);
    this.#pumpIn(Math.max(1, Math.min(retryMs, limits.rerouteMaxMs)));
  }

  onRegistered(answer: Registered): void {
    const session = this.#session;
    if (session === undefined || session.state !== 'opening' || answer.request !== session.request) return;
    if (answer.code !== 'ok') return this.#sessionRefused(answer.code, '');
    const returning = session.id !== undefined;
    if (session.opened(answer) && !returning) {
      this.#outbox.begin(answer.lastSeq);
      this.#sink.onNewSession();
    }
    this.#outbox.rewind();
    this.deferPump();
    this.#sink.onSessionOpen();
  }

  /** A refusal that is no answer to one of the client's questions. */
  onReject({ request, session: rejected, code, text }: Reject): void {
    const session = this.#session;
    const ours = session !== undefined && ((request !== 0 && request === session.request) || session.is(rejected));
    const { link } = this.#shared;
    if (ours && request === 0 && code === 'BAD_NONCE' && link !== undefined) {
      // The server forgot who speaks here; the log has not said that the session is gone. Resume, with the usual pause.
      this.#sink.lose(link, `${link.address}: ${text}`);
    } else if (ours) this.#sessionRefused(code, text);
    else if (code !== 'ok') this.#shared.tellError(code, text);
  }

  deferPump(): void {
    if (this.#pumpDeferred) return;
    this.#pumpDeferred = true;
    this.#shared.environment.turn.defer(this.#pump, Stage.submit);
  }

  /** `said`: the server's words for it, '' for none. */
  #sessionRefused(code: OutcomeCode, said: string): void {
    const session = this.#session;
    if (session === undefined) return;
    if (code === 'SESSION_EXPIRED' || code === 'BAD_NONCE') return this.#endSession(code, said);
    if (session.id === undefined) session.refuse();
    this.#shared.tellError(code, nameText(code, session.name));
  }

  /** The session is gone: what was sent stays unconfirmed for ever, what was not goes under a new session. */
  #endSession(code: SessionEnd, said: string): void {
    const { unanswered } = this.#outbox;
    this.#outbox.expire(sessionOverReason(code, said));
    this.own.clear();
    this.#session?.expire();
    this.#shared.tellError(code, sessionOverText(code, said, unanswered));
    this.openSession();
  }

  #failAtOnce(id: number, room: string, code: FinalCode, reason: string, onOutcome: OnOutcome | undefined): number {
    const { emitter } = this.#shared;
    if (emitter.wants('state')) emitter.emit('state', { event: 'state', id, state: 'failed', room, reason });
    onOutcome?.(code, 0, 0, id);
    return id;
  }

  /** UTF-8 of a room's name, cached: a client speaks to few rooms. Undefined if it cannot be a room at all. */
  #bytesOfRoom(room: string): Uint8Array | undefined {
    if (room === this.#lastRoom) return this.#lastRoomBytes;
    const bytes = this.#roomBytes.get(room) ?? this.#encodeRoom(room);
    if (bytes === undefined) return undefined;
    this.#lastRoom = room;
    this.#lastRoomBytes = bytes;
    return bytes;
  }

  #encodeRoom(room: string): Uint8Array | undefined {
    const bytes = Buffer.from(room);
    if (bytes.length > 0xff) return undefined;
    if (this.#roomBytes.size >= limits.subscriptionsMax) this.#roomBytes.clear();
    this.#roomBytes.set(room, bytes);
    return bytes;
  }

  /** One run per turn, unless it is above what one frame may hold. */
  readonly #pump = (): void => {
    this.#pumpDeferred = false;
    const session = this.#session;
    const { link } = this.#shared;
    if (session?.id === undefined || session.state !== 'open' || link === undefined || this.#busyTimer !== undefined)
      return;
    const nowMs = this.#shared.environment.clock.monotonicMs();
    while (link.connection.writable) {
      const run = this.#outbox.takeRun(session.id, session.nonce, session.window, nowMs);
      if (run === undefined) break;
      link.connection.send({ type: 'submit', run });
    }
    this.#armUnconfirmed();
  };

  #pumpIn(delayMs: number): void {
    if (this.#busyTimer !== undefined) return;
    this.#busyTimer = this.#shared.environment.clock.setTimeout(() => {
      this.#busyTimer = undefined;
      this.deferPump();
    }, delayMs);
  }

  /** An answer can be lost with the server's memory of whom to give it: what stays unanswered is sent again. */
  #armAgain(): void {
    this.#againTimer = this.#shared.environment.clock.setTimeout(() => {
      const { link } = this.#shared;
      if (link === undefined) return;
      const session = this.#session;
      if (session?.state === 'opening') {
        const opening = session.open(session.request);
        if (opening !== undefined) link.connection.send(opening);
      } else if (!this.#answered && this.#outbox.inFlight > 0) {
        this.#outbox.rewind();
        this.deferPump();
      }
      this.#answered = false;
      this.#armAgain();
    }, this.#sendTimeoutMs);
  }

  #armUnconfirmed(): void {
    if (this.#unconfirmedTimer !== undefined) return;
    const dueMs = this.#outbox.unconfirmedAtMs(this.#sendTimeoutMs);
    if (dueMs === undefined) return;
    const { clock } = this.#shared.environment;
    this.#unconfirmedTimer = clock.setTimeout(
      () => {
        this.#unconfirmedTimer = undefined;
        this.#outbox.sweepUnconfirmed(clock.monotonicMs(), this.#sendTimeoutMs);
        this.#armUnconfirmed();
      },
      Math.max(1, Math.ceil(dueMs - clock.monotonicMs())),
    );
  }

  /** What listeners want, looked up anew only when one came or went: lines pass by the hundred thousand a second. */
  #hearListeners(): void {
    const { emitter } = this.#shared;
    if (emitter.version === this.#listenersVersion) return;
    this.#listenersVersion = emitter.version;
    this.#wantsState = emitter.wants('state');
    this.#wantsOwn = emitter.wants('message') || emitter.wants('group');
  }

  #onSending(line: Line, seq: number): void {
    this.#hearListeners();
    if (this.#wantsOwn) this.own.sent(seq, line.id);
    this.#tellState(line.id, 'sending', line.room);
  }

  #onAnswered(line: Line, code: OutcomeCode, slot: number, n: number): void {
    if (code === 'ok') {
      if (line.kind === 'join') this.#sink.onJoined(line.room, slot);
      else if (line.kind === 'nick') this.#session?.rename(line.slab.toString('utf8', line.start + 4, line.end));
    }
    this.#onEnd(line, code, slot, n, code === 'ok' ? '' : reasonOf(code));
  }

  #onEnd(line: Line, code: FinalCode, slot: number, n: number, reason: string): void {
    this.#hearListeners();
    if (this.#wantsState) this.#tellFinal(line, code, slot, n, reason);
    line.onOutcome?.(code, slot, n, line.id);
    this.#tellDrained();
  }

  #tellDrained(): void {
    if (this.#outbox.open === 0) for (const waiting of [...this.#drained]) waiting();
  }

  #tellState(id: number, state: LineState, room: string): void {
    this.#hearListeners();
    if (this.#wantsState) this.#shared.emitter.emit('state', { event: 'state', id, state, room });
  }

  #tellFinal({ id, room }: Line, code: FinalCode, slot: number, n: number, reason: string): void {
    const { emitter } = this.#shared;
    if (code !== 'ok') {
      const state = code === 'UNKNOWN' ? 'unconfirmed' : 'failed';
      emitter.emit('state', { event: 'state', id, state, room, reason });
    } else if (n === 0) emitter.emit('state', { event: 'state', id, state: 'committed', room, slot });
    else emitter.emit('state', { event: 'state', id, state: 'committed', room, slot, n });
  }

  #clearLinkTimers(): void {
    const { clock } = this.#shared.environment;
    for (const timer of [this.#busyTimer, this.#againTimer]) if (timer !== undefined) clock.clearTimeout(timer);
    this.#busyTimer = undefined;
    this.#againTimer = undefined;
  }
}

function textBytes(text: string | Uint8Array): number {
  if (typeof text !== 'string') return text.length;
  // Three bytes per UTF-16 unit at most: short lines need no count.
  return text.length * 3 <= limits.messageBytesMax ? text.length : Buffer.byteLength(text);
}
