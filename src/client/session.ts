/**
 * The client's session: registered through the log under one nonce, resumed after every reroute (PAXOS.md, Sessions).
 */
import { assert } from '../base/index.js';
import type { Register, Registered, Resume, SessionId } from '../wire/index.js';

const NONCE_BYTES = 16;

/**
 * none: nobody asked yet. opening: register or resume is on its way or waits for a connection. open: submits may go out
 * on this connection. refused: the log refused the name; nothing happens until another one is chosen.
 */
export type SessionState = 'none' | 'opening' | 'open' | 'refused';

/** Pure: no connection, no clock. A session that exists is kept across connections; a nonce across retries. */
export class ClientSession {
  readonly #secretBytes: (count: number) => Uint8Array;
  readonly #windowWanted: number;
  #name: string;
  #nonce: Uint8Array;
  #id: SessionId | undefined;
  #window = 0;
  #state: SessionState = 'none';
  #request = 0;

  constructor(name: string, window: number, secretBytes: (count: number) => Uint8Array) {
    this.#name = name;
    this.#windowWanted = window;
    this.#secretBytes = secretBytes;
    this.#nonce = secretBytes(NONCE_BYTES);
  }

  get state(): SessionState {
    return this.#state;
  }

  get name(): string {
    return this.#name;
  }

  /** The session, once the log has given one; undefined before and after expiry. */
  get id(): SessionId | undefined {
    return this.#id;
  }

  get nonce(): Uint8Array {
    return this.#nonce;
  }

  get window(): number {
    return this.#window;
  }

  /** The number of the register or resume that is waited for. */
  get request(): number {
    return this.#request;
  }

  is(session: SessionId): boolean {
    return this.#id !== undefined && this.#id.slot === session.slot && this.#id.index === session.index;
  }

  /** The frame that opens the session on a new connection, or once more when no answer came; undefined when refused. */
  open(request: number): Register | Resume | undefined {
    if (this.#state === 'refused') return undefined;
    this.#state = 'opening';
    this.#request = request;
    if (this.#id !== undefined) return { type: 'resume', request, session: this.#id, nonce: this.#nonce };
    return { type: 'register', request, nonce: this.#nonce, name: this.#name, window: this.#windowWanted };
  }

  /** The connection is gone; the session is not. */
  disconnected(): void {
    if (this.#state !== 'refused') this.#state = 'none';
    this.#request = 0;
  }

  /** The answer is ok: submits may go out. True if the session is a new one. */
  opened(answer: Registered): boolean {
    assert(answer.code === 'ok', 'a refused session opens nothing');
    const isNew = !this.is(answer.session);
    this.#id = answer.session;
    this.#window = Math.max(1, answer.window);
    this.#name = answer.name;
    this.#state = 'open';
    return isNew;
  }

  /** The log refused to make a session under this name. */
  refuse(): void {
    this.#state = 'refused';
  }

  /**
   * The session is gone for ever; the next one is another one, under a new secret. A name that was refused is tried
   * again.
   */
  expire(): void {
    this.#id = undefined;
    this.#nonce = this.#secretBytes(NONCE_BYTES);
    this.#state = 'none';
    this.#request = 0;
  }

  /** Another name for the next register, after a refusal or a nick that was applied. */
  rename(name: string): void {
    this.#name = name;
    if (this.#state !== 'refused') return;
    this.#state = 'none';
    // The refused register may still be retried somewhere under the old nonce: a new attempt must not meet it.
    this.#nonce = this.#secretBytes(NONCE_BYTES);
  }
}
