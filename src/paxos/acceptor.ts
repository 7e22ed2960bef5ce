/**
 * The acceptor: the promise, the votes, and what is answered to prepare and accept. The only writer of voting state.
 */
import { assert, equalBytes, limits } from '../base/index.js';
import type { Accept, Ballot, Prepare, PromiseEntry, ServerId, Slot } from '../wire/index.js';
import { ballotText, compareBallots, sameBallot } from './ballot.js';
import type { Context } from './context.js';
import type { SlotLog } from './slot-log.js';

export class Acceptor {
  readonly #context: Context;
  readonly #log: SlotLog;
  #promised: Ballot;
  #promisedRecord = 0;
  /** A promise of an earlier life was made long ago. */
  #promisedTick = Number.NEGATIVE_INFINITY;
  /** Promises on their way to the disk, oldest first, and the newest that has arrived there. */
  readonly #pending: { readonly record: number; readonly ballot: Ballot }[] = [];
  #durablePromise: Ballot;
  /** What was promised with the current ballot. */
  #answer:
    | {
        readonly ballot: Ballot;
        readonly commit: Slot;
        readonly parts: readonly PromiseEntry[][];
        readonly after: number;
      }
    | undefined;

  constructor(context: Context, log: SlotLog, promised: Ballot) {
    this.#context = context;
    this.#log = log;
    this.#promised = promised;
    this.#durablePromise = promised;
    context.sawRound(promised);
  }

  /** No ballot below this one gets a vote from us any more. */
  get promised(): Ballot {
    return this.#promised;
  }

  /** The promise as it stands on disk: what heartbeats report. */
  get durablePromise(): Ballot {
    return this.#durablePromise;
  }

  /** Number of the record that holds the promise. */
  get promisedRecord(): number {
    return this.#promisedRecord;
  }

  /** When the promise was made, in ticks; long ago if whoever it was made to is gone. */
  get promisedTick(): number {
    return this.#promisedTick;
  }

  /** Raises the promise. Whoever leads or campaigns at a lower ballot here must have stopped before. */
  promise(ballot: Ballot): void {
    assert(compareBallots(ballot, this.#promised) > 0, 'a promise never falls');
    this.#promised = ballot;
    this.#promisedTick = this.#context.tick;
    this.#context.sawRound(ballot);
    if (this.#context.plants.ballotReused) {
      this.#durablePromise = ballot;
      return;
    }
    this.#promisedRecord = this.#context.persist(
      this.#context.plants.promiseForgotten ? { kind: 'commit', upto: this.#log.commit } : { kind: 'promise', ballot },
    );
    this.#pending.push({ record: this.#promisedRecord, ballot });
  }

  /**
   * The link to `peer` closed. If we promised it, nobody waits any longer for what it may still do: a process that died
   * right after its election would otherwise cost everybody its whole patience.
   */
  onDown(peer: ServerId): void {
    if (this.#promised.server === peer) this.#promisedTick = Number.NEGATIVE_INFINITY;
  }

  /** Records have reached the disk. */
  onDurable(): void {
    while (this.#pending[0] !== undefined && this.#pending[0].record <= this.#context.durable) {
      this.#durablePromise = this.#pending[0].ballot;
      this.#pending.shift();
    }
  }

  /**
   * Answers a prepare of the promised ballot. The same ballot always gets the same answer, so that parts of two answers
   * cannot be mixed into one that lacks an entry; whatever was voted for since was at this very ballot.
   */
  answerPrepare(from: ServerId, message: Prepare): void {
    assert(sameBallot(message.ballot, this.#promised), 'a promise is given for the promised ballot');
    if (this.#answer === undefined || !sameBallot(this.#answer.ballot, message.ballot)) {
      this.#log.hint();
      this.#answer = {
        ballot: message.ballot,
        commit: this.#log.commit,
        parts: splitByBytes(this.#log.entriesAbove()),
        after: this.#context.persisted,
      };
    }
    const { ballot, commit, parts, after } = this.#answer;
    const { incarnation } = this.#context;
    parts.forEach((entries, part) => {
      this.#context.send(
        from,
        { type: 'promise', ballot, incarnation, commit, part, parts: parts.length, entries },
        after,
      );
    });
  }

  /** Refuses `refused`, naming the promise that forbids it. */
  nack(to: ServerId, refused: Ballot): void {
    this.#context.logger.debug('nack', { to, refused: ballotText(refused), promised: ballotText(this.#promised) });
    this.#context.send(to, { type: 'nack', refused, promised: this.#promised }, this.#promisedRecord);
  }

  /** Votes for an accept whose ballot equals the promise and whose slot lies above the commit index. */
  vote(from: ServerId, message: Accept): void {
    const { slot, ballot, value } = message;
    const held = this.#log.get(slot);
    let record: number;
    if (held !== undefined && (held.chosen || sameBallot(held.ballot, ballot))) {
      assert(equalBytes(held.value, value), `two values for slot ${slot}`);
      record = held.record;
    } else {
      record = this.#log.accept(slot, ballot, value);
    }
    const after = this.#context.plants.ackBeforeSync ? 0 : Math.max(record, this.#promisedRecord);
    this.#context.send(
      from,
      { type: 'accepted', ballot, incarnation: this.#context.incarnation, slot, count: 1 },
      after,
    );
  }
}

/** Cuts a promise into parts that stay below the frame limit; at least one part, possibly empty. */
function splitByBytes(entries: readonly PromiseEntry[]): PromiseEntry[][] {
  const parts: PromiseEntry[][] = [[]];
  let bytes = 0;
  for (const entry of entries) {
    const part = parts[parts.length - 1] as PromiseEntry[];
    if (part.length > 0 && bytes + entry.value.length > limits.promisePartBytes) {
      parts.push([entry]);
      bytes = entry.value.length;
      continue;
    }
    part.push(entry);
    bytes += entry.value.length;
  }
  return parts;
}
