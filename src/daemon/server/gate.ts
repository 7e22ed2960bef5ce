/**
 * The durable gate: the one way out for frames between servers; each waits there for the records that it vouches for.
 */
import { assert, failpoint } from '../../base/index.js';
import type { PaxosMessage, Send } from '../../paxos/index.js';
import type { ServerId } from '../../wire/index.js';

/** Where frames go once they may leave. Never called again after {@link DurableGate.close}. */
export type GateOutput = (to: ServerId, message: PaxosMessage) => void;

/**
 * Holds every {@link Send} until the first `after` records of this process life are on disk (PAXOS.md, "What must be on
 * disk before which frame leaves"). There is no second way out, so a resend waits exactly as the first send did.
 *
 * Frames that wait leave in the order of what they wait for, equal ones in the order given. A frame that waits for
 * nothing overtakes those that do: a heartbeat must not stand behind a slow disk.
 */
export class DurableGate {
  readonly #output: GateOutput;
  readonly #waitingMax: number;
  /** Rising by `after`; entries below `#head` have left. */
  #waiting: Send[] = [];
  #head = 0;
  #durable = 0;
  #dropped = 0;
  #closed = false;

  /** `waitingMax` bounds the queue: past it a frame is dropped, as a network may do; whoever sent it sends it again. */
  constructor(output: GateOutput, waitingMax: number) {
    this.#output = output;
    this.#waitingMax = waitingMax;
  }

  /** Frames that wait for the disk. */
  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** Frames dropped because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Records known to be on disk, counted from 1 in this process life. */
  get durable(): number {
    return this.#durable;
  }

  /** Sends now or when the disk has caught up. */
  push(send: Send): void {
    if (this.#closed) return;
    if (send.after <= this.#durable) {
      this.#send(send);
      return;
    }
    failpoint('gate.hold');
    if (this.waiting >= this.#waitingMax) {
      this.#dropped++;
      return;
    }
    const queue = this.#waiting;
    let at = queue.length;
    while (at > this.#head && (queue[at - 1] as Send).after > send.after) at--;
    if (at === queue.length) queue.push(send);
    else queue.splice(at, 0, send);
  }

  /** The first `records` records are on disk: whatever waited for no more leaves, in order. */
  release(records: number): void {
    assert(records >= this.#durable, `durable records fell from ${this.#durable} to ${records}`);
    this.#durable = records;
    if (this.waiting > 0) failpoint('gate.release');
    while (!this.#closed && this.#head < this.#waiting.length) {
      const send = this.#waiting[this.#head] as Send;
      if (send.after > records) break;
      this.#head++;
      this.#send(send);
    }
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }

  #send({ to, message }: Send): void {
    failpoint('gate.before-send');
    if (message.type === 'promise') failpoint('election.promised');
    this.#output(to, message);
    failpoint('gate.after-send');
  }

  /** The disk failed or the process ends: what waits is dropped and nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.#waiting = [];
    this.#head = 0;
  }
}
