/**
 * Questions and wishes to one given server or balancer: status, verify, members, seats, pages, decisions; each with a
 * time-out, none in a session.
 */
import type { Timer } from '../base/index.js';
import type { FrameConnection } from '../net/index.js';
import {
  type Decide,
  type DecideAnswer,
  features,
  type History,
  type Kept,
  type Members,
  type Message,
  type MessageType,
  type Names,
  type OutcomeCode,
  type Page,
  type RefusalCode,
  type ReplaceAnswer,
  type Seats,
  type ServerId,
  type Status,
  type VerifyReply,
  type Welcome,
} from '../wire/index.js';
import { clusterOf } from './cluster.js';
import { defaultEnvironment, type Environment } from './environment.js';
import { type GreetFailure, greet } from './greet.js';

/** Why there is no answer. `rejected` codes are the server's own; all others mean that it could not be asked. */
export type AskFailure = GreetFailure | RefusalCode | OutcomeCode | 'CLOSED';

export type Answered<T> =
  | {
      readonly ok: true;
      readonly answer: T;
      readonly rttMs: number;
      /** Of a page: what was asked for begins before what the room still has. */
      readonly kept?: Kept;
    }
  | { readonly ok: false; readonly code: AskFailure; readonly text: string };

export type PageQuery = Omit<History, 'type' | 'request'>;

export interface OperatorOptions {
  /** `host:port` of a server or, for `members`, a balancer. */
  readonly address: string;
  /** For connecting, and again for each answer. */
  readonly timeoutMs: number;
  /**
   * The user's secret: needed to read direct messages. With it the connection is a client's, without it an operator's.
   */
  readonly token?: Uint8Array;
  readonly environment?: Partial<Environment>;
}

interface Pending {
  readonly type: MessageType;
  readonly request: number;
  readonly askedAtMs: number;
  readonly timer: Timer;
  kept: Kept | undefined;
  readonly done: (answered: Answered<Message>) => void;
}

/**
 * An open connection for questions, any number at once. Nothing rejects; after `close` or a loss everything answers
 * CLOSED.
 */
export class Operator {
  /** The server's id; 0 for a balancer. */
  readonly serverId: number;
  /** The cluster that it is of, 32 hexadecimal digits. */
  readonly cluster: string;
  /** The server knows what operators decide (0.7). */
  readonly knowsDecisions: boolean;
  readonly #connection: FrameConnection;
  readonly #environment: Environment;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #lastRequest = 0;

  /** Use {@link openOperator}. */
  constructor(connection: FrameConnection, welcome: Welcome, timeoutMs: number, environment: Environment) {
    this.serverId = welcome.serverId;
    this.cluster = clusterOf(welcome);
    this.knowsDecisions = (welcome.features & features.decisions) !== 0;
    this.#connection = connection;
    this.#environment = environment;
    this.#timeoutMs = timeoutMs;
    connection.attach({
      onMessage: (message) => this.#onMessage(message),
      onClose: (reason) => {
        for (const pending of [...this.#pending.values()])
          this.#settle(pending, { ok: false, code: 'CLOSED', text: reason.text });
      },
    });
  }

  status(): Promise<Answered<Status>> {
    return this.#ask<Status>('status', (request) => ({ type: 'statusRequest', request }));
  }

  /** The state hash as applied through `slot`; 0 asks at the server's applied slot. */
  verify(slot: number): Promise<Answered<VerifyReply>> {
    return this.#ask<VerifyReply>('verifyReply', (request) => ({ type: 'verifyRequest', request, slot }));
  }

  members(): Promise<Answered<Members>> {
    return this.#ask<Members>('members', (request) => ({ type: 'membersRequest', request }));
  }

  /** Who votes, who learns, and who takes whose seat, as the server has applied it. */
  seats(): Promise<Answered<Seats>> {
    return this.#ask<Seats>('seats', (request) => ({ type: 'seatsRequest', request }));
  }

  /** Wishes that `invited` takes the seat of `replaced`. */
  replaceServer(replaced: ServerId, invited: ServerId): Promise<Answered<ReplaceAnswer>> {
    return this.#ask<ReplaceAnswer>('replaceAnswer', (request) => ({
      type: 'replaceServer',
      request,
      replaced,
      invited,
    }));
  }

  /** Puts a decision into the log; answered when the server has applied it. Only if it `knowsDecisions`. */
  decide(wish: Omit<Decide, 'type' | 'request'>): Promise<Answered<DecideAnswer>> {
    return this.#ask<DecideAnswer>('decideAnswer', (request) => ({ type: 'decide', request, ...wish }));
  }

  /** The names behind `after` that are claimed or blocked. Only if the server `knowsDecisions`. */
  names(after: string, blocked: boolean): Promise<Answered<Names>> {
    return this.#ask<Names>('names', (request) => ({ type: 'namesRequest', request, blocked, after }));
  }

  /**
   * A page of a room. With `fresh` it is read after a read index; `answer.fresh` tells whether a quorum confirmed it.
   */
  page(query: PageQuery): Promise<Answered<Page>> {
    return this.#ask<Page>('page', (request) => ({ type: 'history', request, ...query }));
  }

  close(): void {
    this.#connection.goodbye('SHUTTING_DOWN', 'no more questions');
  }

  #ask<T extends Message>(type: T['type'], build: (request: number) => Message): Promise<Answered<T>> {
    const closed = this.#connection.closed;
    if (closed !== undefined) return Promise.resolve({ ok: false, code: 'CLOSED', text: closed.text });
    const { clock } = this.#environment;
    const request = ++this.#lastRequest;
    return new Promise((resolve) => {
      const timer = clock.setTimeout(() => {
        const text = `${this.#connection.remoteAddress}: no answer within ${this.#timeoutMs} ms`;
        this.#settle(pending, { ok: false, code: 'TIMEOUT', text });
      }, this.#timeoutMs);
      const done = (answered: Answered<Message>): void => resolve(answered as Answered<T>);
      const pending: Pending = { type, request, askedAtMs: clock.monotonicMs(), timer, kept: undefined, done };
      this.#pending.set(request, pending);
      this.#connection.send(build(request));
    });
  }

  #onMessage(message: Message): void {
    if (!('request' in message) || typeof message.request !== 'number') return;
    const pending = this.#pending.get(message.request);
    if (pending === undefined) return;
    if (message.type === 'kept') pending.kept = message;
    else if (message.type === 'reject') this.#settle(pending, { ok: false, code: message.code, text: message.text });
    else if (message.type === pending.type) {
      const rttMs = this.#environment.clock.monotonicMs() - pending.askedAtMs;
      const { kept } = pending;
      this.#settle(pending, { ok: true, answer: message, rttMs, ...(kept !== undefined && { kept }) });
    }
  }

  #settle(pending: Pending, answered: Answered<Message>): void {
    if (!this.#pending.delete(pending.request)) return;
    this.#environment.clock.clearTimeout(pending.timer);
    pending.done(answered);
  }
}

/** Connects and greets. Never rejects: a failure says why in one line. */
export function openOperator(options: OperatorOptions): Promise<Answered<Operator>> {
  const environment = { ...defaultEnvironment(), ...options.environment };
  const { address, timeoutMs, token } = options;
  const startMs = environment.clock.monotonicMs();
  return new Promise((resolve) => {
    greet({ address, role: token === undefined ? 'operator' : 'client', token, timeoutMs }, environment, (result) => {
      if (!result.ok) return resolve({ ok: false, code: result.code, text: result.text });
      const operator = new Operator(result.connection, result.welcome, timeoutMs, environment);
      resolve({ ok: true, answer: operator, rttMs: environment.clock.monotonicMs() - startMs });
    });
  });
}

/** Opens, asks one question, closes. */
export async function askOnce<T>(
  options: OperatorOptions,
  question: (operator: Operator) => Promise<Answered<T>>,
): Promise<Answered<T>> {
  const opened = await openOperator(options);
  if (!opened.ok) return opened;
  try {
    return await question(opened.answer);
  } finally {
    opened.answer.close();
  }
}
