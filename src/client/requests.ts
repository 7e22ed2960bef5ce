/** Questions that have one answer (history, status): asked again after a reroute until their own deadline. */
import type { Timer } from '../base/index.js';
import type { Kept, Message, OutcomeCode, Page, RoomList, Status } from '../wire/index.js';
import type { Environment } from './environment.js';

/** Questions waiting at once: a person scrolling asks one at a time, a program some. */
const WAITING_MAX = 256;

export type Answer = Page | RoomList | Status;
export type Asked<T> =
  /** `kept`, of a page: what was asked for begins before what the room still has. */
  | { readonly ok: true; readonly answer: T; readonly kept?: Kept }
  | { readonly ok: false; readonly code: AskedFailure; readonly text: string };

/** Why there is no answer. OTHER_CLUSTER: it was asked of a cluster whose place another one has taken. */
export type AskedFailure = OutcomeCode | 'TIMEOUT' | 'CLOSED' | 'QUEUE_FULL' | 'OTHER_CLUSTER';

interface Waiting {
  readonly build: (request: number) => Message;
  readonly done: (asked: Asked<Answer>) => void;
  readonly timer: Timer;
  kept: Kept | undefined;
}

export class Requests {
  readonly #environment: Environment;
  readonly #send: (message: Message) => void;
  readonly #nextRequest: () => number;
  readonly #waiting = new Map<number, Waiting>();

  /** `send` may drop the message when there is no connection: `resend` comes with the next one. */
  constructor(environment: Environment, nextRequest: () => number, send: (message: Message) => void) {
    this.#environment = environment;
    this.#nextRequest = nextRequest;
    this.#send = send;
  }

  /** Asks; the promise never rejects. */
  ask<T extends Answer>(type: T['type'], timeoutMs: number, build: (request: number) => Message): Promise<Asked<T>> {
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.resolve({
        ok: false,
        code: 'QUEUE_FULL',
        text: `${WAITING_MAX} questions wait already; wait for one`,
      });
    }
    const request = this.#nextRequest();
    return new Promise((resolve) => {
      const timer = this.#environment.clock.setTimeout(() => {
        this.#settle(request, {
          ok: false,
          code: 'TIMEOUT',
          text: `No answer within ${timeoutMs} ms; try again later`,
        });
      }, timeoutMs);
      const done = (asked: Asked<Answer>): void => {
        if (asked.ok && asked.answer.type !== type) {
          resolve({ ok: false, code: 'UNKNOWN_COMMAND', text: `The server answered with ${asked.answer.type}` });
        } else resolve(asked as Asked<T>);
      };
      this.#waiting.set(request, { build, done, timer, kept: undefined });
      this.#send(build(request));
    });
  }

  /** A new connection: every question is asked once more. */
  resend(): void {
    for (const [request, { build }] of this.#waiting) this.#send(build(request));
  }

  onAnswer(answer: Answer): void {
    const kept = this.#waiting.get(answer.request)?.kept;
    this.#settle(answer.request, { ok: true, answer, ...(kept !== undefined && { kept }) });
  }

  /** Comes before the page it is about. */
  onKept(kept: Kept): void {
    const waiting = this.#waiting.get(kept.request);
    if (waiting !== undefined) waiting.kept = kept;
  }

  /** True if the refused request was one of ours. */
  onReject(request: number, code: OutcomeCode, text: string): boolean {
    return this.#settle(request, { ok: false, code, text });
  }

  /** Whatever waits ends without an answer. */
  end(code: AskedFailure, text: string): void {
    for (const request of [...this.#waiting.keys()]) this.#settle(request, { ok: false, code, text });
  }

  #settle(request: number, asked: Asked<Answer>): boolean {
    const waiting = this.#waiting.get(request);
    if (waiting === undefined) return false;
    this.#waiting.delete(request);
    this.#environment.clock.clearTimeout(waiting.timer);
    waiting.done(asked);
    return true;
  }
}
