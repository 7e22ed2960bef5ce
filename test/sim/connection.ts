/** One simulated client connection: frames arrive in order after a short while, or not at all once it is broken. */
import type { Prng } from '../../src/base/index.js';
import type { Answer } from '../../src/chat/index.js';
import type { BusyReason } from '../../src/daemon/server/submissions.js';
import type { EventGroup, OutcomeCode, SessionId } from '../../src/wire/index.js';
import { type Kernel, tags } from './kernel.js';

/** What a client sends: the frames of wire/messages/client.ts, as far as the simulator needs them. */
export type ToServer =
  | {
      readonly type: 'register';
      readonly nonce: Uint8Array;
      readonly name: string;
      readonly tokenHash: Uint8Array;
      readonly window: number;
    }
  | { readonly type: 'resume'; readonly session: SessionId; readonly nonce: Uint8Array }
  | { readonly type: 'submit'; readonly run: Uint8Array }
  | { readonly type: 'subscribe'; readonly room: string; readonly fromEvent: number };

/** What a server sends. */
export type ToClient =
  | { readonly type: 'registered'; readonly code: OutcomeCode; readonly session: SessionId; readonly lastSeq: number }
  | { readonly type: 'ack'; readonly answer: Answer }
  | { readonly type: 'busy'; readonly fromSeq: number; readonly reason: BusyReason }
  | { readonly type: 'deliver'; readonly room: string; readonly group: EventGroup }
  | { readonly type: 'move' }
  /** Events below `nextEvent` are no longer kept. */
  | { readonly type: 'jump'; readonly room: string; readonly nextEvent: number };

const latencyUs: readonly [number, number] = [50, 1500];

/** `Far` handles what arrives; `closed` is told once, some time after the connection broke. */
export interface ServerEnd {
  received(connection: Connection, frame: ToServer): void;
  closed(connection: Connection): void;
}

export interface ClientEnd {
  readonly name: string;
  received(connection: Connection, frame: ToClient): void;
  closed(connection: Connection): void;
}

export class Connection {
  readonly #kernel: Kernel;
  readonly #random: Prng;
  readonly #client: ClientEnd;
  readonly #server: ServerEnd;
  readonly #lastUs = { up: 0, down: 0 };
  open = true;

  constructor(kernel: Kernel, random: Prng, client: ClientEnd, server: ServerEnd) {
    this.#kernel = kernel;
    this.#random = random;
    this.#client = client;
    this.#server = server;
  }

  toServer(frame: ToServer): void {
    this.#send('up', () => this.#server.received(this, frame));
  }

  toClient(frame: ToClient): void {
    this.#send('down', () => this.#client.received(this, frame));
  }

  /** Breaks it. What is under way is lost; each end that lives hears of it a moment later. */
  close(): void {
    if (!this.open) return;
    this.open = false;
    this.#kernel.after(this.#random.between(...latencyUs), tags.client, () => this.#client.closed(this));
    this.#kernel.after(this.#random.between(...latencyUs), tags.client, () => this.#server.closed(this));
  }

  #send(way: 'up' | 'down', arrive: () => void): void {
    if (!this.open) return;
    const atUs = Math.max(this.#kernel.nowUs + this.#random.between(...latencyUs), this.#lastUs[way]);
    this.#lastUs[way] = atUs;
    this.#kernel.at(atUs, tags.client, () => {
      if (this.open) arrive();
    });
  }
}
