/** What stands in the queue of a session until it is answered: its runs, in the order of their seqs. Pure. */
import type { SessionId } from '../../wire/index.js';

/** One connection's claim on one session. Opaque to callers. */
export interface SubmissionHandle<C> {
  readonly session: SessionId;
  readonly nonce: Uint8Array;
  /** The connection that gets the answers; undefined once it closed. */
  readonly connection: C | undefined;
  /** Messages taken and not answered. */
  readonly unanswered: number;
}

/** When the first run of a batch arrived; shared by all of them, so that a run costs no number of its own. */
export interface Moment {
  readonly atMs: number;
}

/** Something to be logged: a run of messages, or another item, which stands in no queue. */
export interface Entry<C> {
  readonly queue: SessionQueue<C> | undefined;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** The first of its messages that has no answer. */
  nextSeq: number;
  /** Messages that no run before it in the queue holds: what it takes of the window. */
  readonly added: number;
  /** The whole item as it stands in a batch. */
  item: Uint8Array;
  /** The outstanding batch that holds it; 0: none. */
  batch: number;
  /** Answered, or given up. */
  done: boolean;
  /** How often it was submitted again. */
  retries: number;
  /** When it arrived; only of runs, and only with `timing`. */
  readonly taken: Moment | undefined;
  /** Only for other items: does it still have to be logged? */
  readonly isPending: (() => boolean) | undefined;
}

export class SessionQueue<C> implements SubmissionHandle<C> {
  connection: C | undefined;
  window: number;
  /** Not done, in seq order; runs may overlap when a client cuts its resend differently. */
  runs: Entry<C>[] = [];
  unanswered = 0;
  closedAtMs = 0;

  constructor(
    readonly session: SessionId,
    readonly nonce: Uint8Array,
    connection: C,
    window: number,
  ) {
    this.connection = connection;
    this.window = window;
  }

  /** Nothing waits for an answer, and nobody is here to ask for more. */
  get isOver(): boolean {
    return this.runs.length === 0 && this.connection === undefined;
  }

  removeDone(): void {
    let done = 0;
    while (this.runs[done]?.done === true) done++;
    this.runs.splice(0, done);
    if (this.runs.some((run) => run.done)) this.runs = this.runs.filter((run) => !run.done);
  }
}

export function newEntry<C>(
  queue: SessionQueue<C> | undefined,
  seqs: { readonly firstSeq: number; readonly lastSeq: number; readonly added: number },
  item: Uint8Array,
  taken: Moment | undefined,
  isPending: (() => boolean) | undefined,
): Entry<C> {
  return { queue, ...seqs, nextSeq: seqs.firstSeq, item, batch: 0, done: false, retries: 0, taken, isPending };
}

/** Under which maps hold what belongs to a session. */
export function sessionKey(session: SessionId): string {
  return `${session.slot}.${session.index}`;
}
