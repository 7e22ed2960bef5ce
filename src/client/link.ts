/** What the parts of one client share: the connection in use, numbers for questions, and a voice to the user. */
import type { FrameConnection } from '../net/index.js';
import type { Emitter } from './emitter.js';
import type { Environment } from './environment.js';
import type { ClientErrorCode, ClientEvents } from './events.js';

/**
 * The connection in use. A callback that belongs to another one than the present does nothing (STYLE.md, trap list).
 */
export interface Link {
  readonly connection: FrameConnection;
  readonly server: number;
  readonly address: string;
  readonly openedAtMs: number;
  /** What the server can do besides; see the wire's `features`. */
  readonly features: number;
  /** `connected` was told. */
  ready: boolean;
}

export class Shared {
  readonly environment: Environment;
  readonly emitter: Emitter<ClientEvents>;
  /** The present connection; undefined while there is none. */
  link: Link | undefined;
  #lastRequest = 0;

  constructor(environment: Environment, emitter: Emitter<ClientEvents>) {
    this.environment = environment;
    this.emitter = emitter;
  }

  /** Questions are numbered through all connections, so that a late answer meets nobody else's question. */
  nextRequest(): number {
    return ++this.#lastRequest;
  }

  tellError(code: ClientErrorCode, text: string): void {
    this.emitter.emit('error', { event: 'error', code, text });
  }
}
