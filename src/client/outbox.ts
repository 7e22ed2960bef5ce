/**
 * The sender's half of exactly-once: lines in order, their seqs, what was sent, what is answered (PAXOS.md, Sessions).
 */
import { assert, InvariantError, limits } from '../base/index.js';
import {
  type EventKind,
  type Outcome,
  type OutcomeCode,
  RUN_HEADER_BYTES,
  RUN_MESSAGE_OVERHEAD_BYTES,
  type SessionId,
  writeRunHeader,
  writeRunMessage,
} from '../wire/index.js';
import type { SlabSpan } from './text-slab.js';
import { TextSlab } from './text-slab.js';

/** UTF-8 needs at most three bytes for one UTF-16 unit. */
const UTF8_BYTES_PER_UNIT = 3;
const COUNT_MAX = 0xffff;
const INITIAL_LINES = 64;

/**
 * How a line ended: what the log answered, or UNKNOWN (it was sent, and nobody can tell any more), or NOT_SENT (it was
 * never submitted). Only `ok` is in the log; UNKNOWN may be; all others certainly are not.
 */
export type FinalCode = OutcomeCode | GivenUpCode;

/** How a line ends that the log did not answer. */
export type GivenUpCode = 'UNKNOWN' | 'NOT_SENT';

/** Why lines are given up and what to do, for those that were submitted and those that were not. */
export type GivenUp = Readonly<Record<GivenUpCode, string>>;

/** Called once per line at its end; `slot` with ok, `n` with ok for posts and `/me`, else 0. */
export type OnOutcome = (code: FinalCode, slot: number, n: number, id: number) => void;

/** One line of the user. */
export interface Line extends SlabSpan {
  readonly id: number;
  readonly kind: EventKind;
  readonly room: string;
  readonly onOutcome: OnOutcome | undefined;
  /** Monotonic ms of the first submit, -1 before. */
  submittedAtMs: number;
  answered: boolean;
}

/** What the outbox reports while it works. */
export interface OutboxSink {
  onSending(line: Line, seq: number): void;
  /** Answered by the log. */
  onAnswered(line: Line, code: OutcomeCode, slot: number, n: number): void;
  /** Ended without an answer: why, and what to do. */
  onGivenUp(line: Line, code: GivenUpCode, reason: string): void;
  onUnconfirmed(line: Line): void;
}

/** How the log says that a session is gone. */
export type SessionEnd = Extract<OutcomeCode, 'SESSION_EXPIRED' | 'BAD_NONCE'>;

/** What an answer meant: the session is gone, or (foreign) it answers what was never sent. */
export type AckVerdict = 'taken' | SessionEnd | 'foreign';

/**
 * A ring of lines. From its head on: `assigned` lines carry seqs headSeq, headSeq + 1 … (they were submitted once, and
 * a resend uses the same seqs and bytes), of which the first `sent` went out on the present connection; the others are
 * queued and may still go under another session. Pure: no clock, no connection.
 */
export class Outbox {
  readonly #sink: OutboxSink;
  readonly #linesMax: number;
  readonly #bytesMax: number;
  readonly #slab = new TextSlab();
  #ring: (Line | undefined)[] = new Array<Line | undefined>(INITIAL_LINES);
  #head = 0;
  #length = 0;
  #bytes = 0;
  #open = 0;
  #headSeq = 1;
  #assigned = 0;
  #sent = 0;
  /** Lines from the head on that need no watching for unconfirmed any more. */
  #watched = 0;

  constructor(sink: OutboxSink, linesMax: number, bytesMax: number) {
    this.#sink = sink;
    this.#linesMax = linesMax;
    this.#bytesMax = bytesMax;
  }

  /** Lines without an end: queued or submitted. */
  get open(): number {
    return this.#open;
  }

  /** Lines submitted at least once and not answered, at most. */
  get inFlight(): number {
    return this.#assigned;
  }

  /** Lines submitted and not answered. */
  get unanswered(): number {
    return this.#open - this.queued;
  }

  /** Lines never submitted. */
  get queued(): number {
    return this.#length - this.#assigned;
  }

  /** The lowest seq without an answer; all answers below are here. */
  get headSeq(): number {
    return this.#headSeq;
  }

  /** Appends a line; undefined when the outbox is full. `text` is copied. */
  push(
    id: number,
    kind: EventKind,
    room: string,
    roomBytes: Uint8Array,
    text: string | Uint8Array,
    onOutcome?: OnOutcome,
  ): Line | undefined {
    if (this.#length >= this.#linesMax || this.#bytes >= this.#bytesMax) return undefined;
    const textBytesMax = typeof text === 'string' ? text.length * UTF8_BYTES_PER_UNIT : text.length;
    const { slab, offset } = this.#slab.reserve(RUN_MESSAGE_OVERHEAD_BYTES + roomBytes.length + textBytesMax);
    const end = writeRunMessage(slab, offset, kind, roomBytes, text);
    this.#slab.take(end - offset);
    const line: Line = { slab, start: offset, end, id, kind, room, onOutcome, submittedAtMs: -1, answered: false };
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = line;
    this.#length++;
    this.#open++;
    this.#bytes += end - offset;
    return line;
  }

  /** A new session whose last applied seq is `lastSeq`: the next line submitted gets the seq behind it. */
  begin(lastSeq: number): void {
    assert(this.#assigned === 0, 'a new session begins with no submitted lines');
    this.#headSeq = lastSeq + 1;
    this.#sent = 0;
    this.#watched = 0;
  }

  /** A new connection, or no answers for long: everything unanswered goes out again, in order, under the same seqs. */
  rewind(): void {
    this.#sent = 0;
  }

  /** The server took nothing from `fromSeq` on. */
  rewindTo(fromSeq: number): void {
    this.#sent = Math.min(this.#sent, Math.max(0, fromSeq - this.#headSeq));
  }

  /** The next run to send: whatever waits, within the window and one run's bytes; undefined when there is nothing. */
  takeRun(session: SessionId, nonce: Uint8Array, window: number, nowMs: number): Buffer | undefined {
    const first = this.#sent;
    const last = Math.min(this.#length, window, first + COUNT_MAX);
    if (first >= last) return undefined;
    let upto = first;
    let runBytes = RUN_HEADER_BYTES;
    while (upto < last) {
      const line = this.#at(upto);
      const lineBytes = line.end - line.start;
      if (runBytes + lineBytes > limits.runBytesMax) break;
      runBytes += lineBytes;
      upto++;
    }
    assert(upto > first, 'a single line fits a run');
    const run = Buffer.allocUnsafe(runBytes);
    const firstSeq = this.#headSeq + first;
    const header = { session, nonce, firstSeq, answeredBelow: this.#headSeq, count: upto - first };
    this.#copyLines(first, upto, run, writeRunHeader(run, 0, header));
    this.#sent = upto;
    while (this.#assigned < upto) {
      const line = this.#at(this.#assigned);
      line.submittedAtMs = nowMs;
      this.#sink.onSending(line, this.#headSeq + this.#assigned);
      this.#assigned++;
    }
    return run;
  }

  /** Messages firstSeq … were applied in `slot`. Answers to what is answered already change nothing. */
  ack(firstSeq: number, slot: number, outcomes: readonly Outcome[]): AckVerdict {
    let index = firstSeq - this.#headSeq;
    for (const { code, count, n } of outcomes) {
      if (code === 'SESSION_EXPIRED' || code === 'BAD_NONCE') return code;
      if (index + count > this.#assigned) return 'foreign';
      for (let i = 0; i < count; i++, index++) {
        if (index < 0) continue;
        const line = this.#at(index);
        if (line.answered) continue;
        this.#end(line);
        this.#sink.onAnswered(line, code, code === 'ok' ? slot : 0, n === 0 ? 0 : n + i);
      }
    }
    this.#dropAnswered();
    return 'taken';
  }

  /** When the next submitted line becomes unconfirmed, in monotonic ms; undefined if none waits. */
  unconfirmedAtMs(afterMs: number): number | undefined {
    while (this.#watched < this.#assigned && this.#at(this.#watched).answered) this.#watched++;
    return this.#watched < this.#assigned ? this.#at(this.#watched).submittedAtMs + afterMs : undefined;
  }

  /** Reports every line that has waited `afterMs` for its answer; it stays here and is still resent. */
  sweepUnconfirmed(nowMs: number, afterMs: number): void {
    for (;;) {
      const dueMs = this.unconfirmedAtMs(afterMs);
      if (dueMs === undefined || dueMs > nowMs) return;
      const line = this.#at(this.#watched);
      this.#watched++;
      this.#sink.onUnconfirmed(line);
    }
  }

  /** The session is gone: what was ever submitted is unknown for good and never sent again; the rest waits on. */
  expire(reason: string): void {
    for (let index = 0; index < this.#assigned; index++) {
      const line = this.#at(index);
      if (!line.answered) this.#giveUp(line, 'UNKNOWN', reason);
    }
    this.#dropAnswered();
    assert(this.#assigned === 0, 'an expired session leaves no submitted lines');
    this.#headSeq = 1;
  }

  /** Takes a line out that was never submitted; undefined when there is none of this id, or it was. */
  cancel(id: number): Line | undefined {
    for (let index = this.#assigned; index < this.#length; index++) {
      const line = this.#at(index);
      if (line.id !== id) continue;
      for (let next = index; next + 1 < this.#length; next++) this.#set(next, this.#at(next + 1));
      this.#length--;
      this.#set(this.#length, undefined);
      this.#open--;
      this.#bytes -= line.end - line.start;
      return line;
    }
    return undefined;
  }

  /**
   * Every line that is here now ends: as UNKNOWN if it was ever submitted, else as NOT_SENT. Nothing of them is sent
   * any more; lines pushed meanwhile, by whoever hears of an end, go under the next session.
   */
  giveUp(reasons: GivenUp): void {
    const lines = [...this.lines()];
    const submitted = this.#assigned;
    this.#ring.fill(undefined);
    this.#head = 0;
    this.#length = 0;
    this.#bytes = 0;
    this.#assigned = 0;
    this.#headSeq = 1;
    this.#sent = 0;
    this.#watched = 0;
    for (const [index, line] of lines.entries()) {
      if (line.answered) continue;
      const code = index < submitted ? 'UNKNOWN' : 'NOT_SENT';
      this.#giveUp(line, code, reasons[code]);
    }
  }

  /** Every line still here, first to last, with its state. */
  *lines(): IterableIterator<Line> {
    for (let index = 0; index < this.#length; index++) yield this.#at(index);
  }

  #at(index: number): Line {
    const line = this.#ring[(this.#head + index) & (this.#ring.length - 1)];
    // Not assert(): its text would be built for every line, whether or not it is needed.
    if (line === undefined || index >= this.#length) throw new InvariantError(`no line at ${index}`);
    return line;
  }

  #set(index: number, line: Line | undefined): void {
    this.#ring[(this.#head + index) & (this.#ring.length - 1)] = line;
  }

  #giveUp(line: Line, code: GivenUpCode, reason: string): void {
    this.#end(line);
    this.#sink.onGivenUp(line, code, reason);
  }

  #end(line: Line): void {
    line.answered = true;
    this.#open--;
  }

  #dropAnswered(): void {
    while (this.#assigned > 0 && this.#at(0).answered) {
      this.#shift();
      this.#headSeq++;
      this.#assigned--;
      if (this.#sent > 0) this.#sent--;
      if (this.#watched > 0) this.#watched--;
    }
  }

  #shift(): void {
    const line = this.#at(0);
    this.#bytes -= line.end - line.start;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
  }

  /** Copies lines first … upto-1; neighbours in one slab go in one copy. */
  #copyLines(first: number, upto: number, run: Buffer, offset: number): void {
    let target = offset;
    for (let index = first; index < upto; ) {
      const { slab, start } = this.#at(index);
      let end = this.#at(index).end;
      index++;
      while (index < upto) {
        const next = this.#at(index);
        if (next.slab !== slab || next.start !== end) break;
        end = next.end;
        index++;
      }
      target += slab.copy(run, target, start, end);
    }
  }

  #grow(): void {
    const wider = new Array<Line | undefined>(this.#ring.length * 2);
    for (let index = 0; index < this.#length; index++) wider[index] = this.#at(index);
    this.#ring = wider;
    this.#head = 0;
  }
}
