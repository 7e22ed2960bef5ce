/**
 * How a running server stands, as others are told: operators, its pages, its metrics, its log. Nothing here is on a
 * slot's way.
 */
import type { BucketHistogram, Logger } from '../../base/index.js';
import type { ChatState } from '../../chat/index.js';
import type { Wal } from '../../storage/index.js';
import type { MembersItem, Message, Seats, ServerId, Status } from '../../wire/index.js';
import type { Clients } from './clients.js';
import type { Driver } from './driver.js';
import { bestCommit, type Measured } from './figures.js';
import type { Self } from './hello.js';
import { noteOf } from './note.js';
import { answerOperator, type OperatorParts, statusOf } from './operators.js';
import type { Peers } from './peers.js';
import { missingOf } from './readiness.js';
import type { Roster } from './roster.js';

export interface ReportParts {
  readonly self: Self;
  readonly clusterId: Uint8Array;
  readonly driver: Driver;
  readonly wal: Wal;
  readonly chat: ChatState;
  readonly roster: Roster;
  readonly clients: Clients;
  readonly peers: Peers;
  /** How late the event loop comes to its ticks, in seconds. */
  readonly loopDelay: BucketHistogram;
  /** The other members. */
  readonly others: () => readonly ServerId[];
  readonly seats: (request: number) => Seats;
  readonly governing: () => boolean;
  readonly propose: (item: MembersItem) => void;
  /** Where the HTTP pages are, "" for none. */
  readonly http: string;
  /** Faults on the links to other servers, "" for none. */
  readonly faults: string;
  /** Nothing is on disk (`--memory`). */
  readonly keepsNothing: boolean;
}

export class Report {
  /** What its metrics are read from. */
  readonly measured: Measured;
  readonly #parts: ReportParts;
  readonly #forOperators: OperatorParts;
  /** It was where the others were, once in this life: under load a follower is recovering for moments ever after. */
  #caughtUp = false;
  /** What was last logged. */
  #noted = '';
  #wasFull = false;

  constructor(parts: ReportParts) {
    const { driver, wal, chat, clients, peers, loopDelay, others } = parts;
    this.#parts = parts;
    this.measured = { driver, wal, chat, clients, peers, loopDelay, others };
    this.#forOperators = { ...parts, clients: () => clients.links.count, note: () => this.note() };
  }

  /** How this server stands, as its operators are told. */
  status(): Status {
    return statusOf({ request: 0 }, this.#forOperators);
  }

  /** The answer to an operator's question, undefined for what is none. */
  answer(message: Message): Message | undefined {
    return answerOperator(message, this.#forOperators);
  }

  /** What it lacks before it does its work; "" if nothing. */
  missing(): string {
    const { driver, wal, chat, others } = this.#parts;
    const { happy, role, heard } = driver.view;
    this.#caughtUp ||= role !== 'recovering';
    return missingOf({
      isFull: wal.full,
      fetchesState: driver.fetchesState,
      happy,
      caughtUp: this.#caughtUp,
      lag: Math.max(0, bestCommit({ driver }) - chat.applied),
      heard,
      others: others(),
    });
  }

  /** What an operator should know of this server; "" if all is well. */
  note(): string {
    const { driver, wal, roster, self, peers, keepsNothing } = this.#parts;
    const { votes, leader, happy } = driver.view;
    return noteOf({
      isFull: wal.full,
      fetchesState: driver.fetchesState,
      latest: roster.latest,
      self,
      votes,
      leader: happy ? leader : 0,
      newcomers: peers.newcomers.map(({ id }) => id),
      keepsNothing,
    });
  }

  /** About every second. */
  logChanges(logger: Logger): void {
    const note = this.note();
    if (note !== this.#noted && note !== '') logger.warn('needs-attention', { note });
    this.#noted = note;
    const { full } = this.#parts.wal;
    if (full === this.#wasFull) return;
    this.#wasFull = full;
    if (full) logger.error('disk-full', { text: 'the disk is full: this server only reads; free some space' });
    else logger.info('disk-has-space', {});
  }
}
