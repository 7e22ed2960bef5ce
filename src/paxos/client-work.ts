/** What clients of this and other servers want of the replica: batches on their way to a slot, and fresh reads. */
import type { Forward, ForwardOk, ReadIndex, ReadIndexOk, ServerId, Slot } from '../wire/index.js';
import type { Context } from './context.js';
import type { Forwarding, Target } from './forwarding.js';
import type { Intake } from './intake.js';
import type { Reads } from './reads.js';
import type { SlotLog } from './slot-log.js';
import type { Standing } from './standing.js';

export class ClientWork {
  readonly #context: Context;
  readonly #log: SlotLog;
  readonly #standing: Standing;
  readonly #forwarding: Forwarding;
  readonly #intake: Intake;
  readonly #reads: Reads;

  constructor(parts: {
    context: Context;
    log: SlotLog;
    standing: Standing;
    forwarding: Forwarding;
    intake: Intake;
    reads: Reads;
  }) {
    this.#context = parts.context;
    this.#log = parts.log;
    this.#standing = parts.standing;
    this.#forwarding = parts.forwarding;
    this.#intake = parts.intake;
    this.#reads = parts.reads;
  }

  onForward(from: ServerId, message: Forward): void {
    if (this.#standing.fitLeader === undefined) {
      return this.#context.ignore('forward', 'not a leader in good standing', from);
    }
    this.#intake.add(from, message.batch, message.bytes);
  }

  onForwardOk(from: ServerId, message: ForwardOk): void {
    this.#forwarding.onForwardOk(from, message, this.#log.commit);
  }

  onReadIndex(from: ServerId, message: ReadIndex): void {
    const leader = this.#standing.fitLeader;
    if (leader === undefined) return this.#context.ignore('readIndex', 'not a leader in good standing', from);
    this.#reads.confirm(leader, this.#log.commit, from, message.request);
  }

  onReadIndexOk(message: ReadIndexOk): void {
    this.#reads.onReply(message.request, message.index);
  }

  /** After every input: settles what was applied since `commitBefore`. */
  settle(commitBefore: Slot): void {
    if (this.#log.commit > commitBefore) this.#forwarding.onApplied(commitBefore, this.#log.commit);
  }

  /** After every input: batches move on towards `target`, reads are served, asked for or given up. */
  pump(target: Target | undefined): void {
    const { self } = this.#context;
    this.#forwarding.pump(target, (to, batch, bytes) => {
      if (to.server === self) this.#intake.add(self, batch, bytes);
      else this.#context.send(to.server, { type: 'forward', batch, bytes });
    });
    const leader = this.#standing.fitLeader;
    if (leader !== undefined) {
      this.#intake.drain(leader, (origin, batch, slot) => {
        if (origin === self) this.#forwarding.placed(batch, slot, this.#log.commit);
        else this.#context.send(origin, { type: 'forwardOk', ballot: leader.ballot, batch, slot });
      });
    }
    this.#reads.pump(this.#standing.fitLeader, target?.server, this.#log.commit);
  }
}
