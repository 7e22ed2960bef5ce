/** Somebody who chats through the client library, and what the checker needs to know of it. */

import type { Prng } from '../../src/base/index.js';
import { ChatClient, type ClientEvent, type FinalCode } from '../../src/client/index.js';
import type { Delivery, FreshRead, Send, Stream } from '../checkers/history.js';
import { nowMs } from '../support/until.js';

export const room = '#lobby';

interface Said {
  readonly text: string;
  readonly invokeMs: number;
  outcome: 'open' | 'ok' | 'no' | 'unknown';
  ackMs: number;
  position: number;
  slot: number;
}

export class Person {
  readonly name: string;
  readonly client: ChatClient;
  readonly #said: Said[] = [];
  readonly #shown: Delivery[] = [];
  settled = 0;

  /** Routed by the balancer; `server` pins it to one, to read what that one holds. */
  constructor(name: string, where: { readonly balancer: string } | { readonly server: string }, random: Prng) {
    this.name = name;
    const isReader = 'server' in where;
    this.client = new ChatClient({
      ...(isReader ? { server: where.server } : { name, balancers: [where.balancer] }),
      token: Uint8Array.from({ length: 32 }, () => random.below(256)),
    });
    this.client.on('any', (event) => this.#on(event));
    this.client.subscribe(room, 'all');
    this.client.connect();
  }

  get inFlight(): number {
    return this.#said.length - this.settled;
  }

  get lastShown(): number {
    return this.#shown.at(-1)?.position ?? 0;
  }

  /** The furthest position that it was told of. */
  get lastAcknowledged(): number {
    return this.#said.reduce((last, { position }) => Math.max(last, position), 0);
  }

  /** A line that nobody else says, with so many bytes more. */
  say(moreBytes: number): void {
    const text = `${this.name}-${this.#said.length + 1}${' ...'.repeat(moreBytes / 4)}`;
    const said: Said = { text, invokeMs: nowMs(), outcome: 'open', ackMs: Infinity, position: 0, slot: 0 };
    this.#said.push(said);
    this.client.post(room, text, (code, slot, n) => this.#onOutcome(said, code, slot, n));
  }

  /** Undefined when no quorum confirmed it. */
  async readFresh(timeoutMs: number): Promise<FreshRead | undefined> {
    const invokeMs = nowMs();
    const asked = await this.client.history({ room, fresh: true, limit: 1 }, timeoutMs);
    if (!asked.ok || asked.answer.code !== 'ok') return undefined;
    return { client: this.name, invokeMs, returnMs: nowMs(), length: asked.answer.headN };
  }

  sends(): Send[] {
    return this.#said.map(({ outcome, ...said }, index) => ({
      ...said,
      session: this.name,
      seq: index + 1,
      author: this.name,
      outcome: outcome === 'open' ? 'unknown' : outcome,
    }));
  }

  stream(reachesEnd: boolean): Stream {
    return { client: this.name, from: 1, deliveries: this.#shown, reachesEnd };
  }

  #on(event: ClientEvent): void {
    if (event.event === 'message' && event.room === room) {
      const { n, slot, from, text } = event;
      this.#shown.push({ position: n, slot, author: from, text, atMs: nowMs() });
    }
  }

  #onOutcome(said: Said, code: FinalCode, slot: number, n: number): void {
    this.settled++;
    if (code === 'ok') {
      said.outcome = 'ok';
      said.ackMs = nowMs();
      said.position = n;
      said.slot = slot;
    } else said.outcome = code === 'UNKNOWN' ? 'unknown' : 'no';
  }
}
