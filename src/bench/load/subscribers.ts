/** Clients that only read: they follow all rooms and count what is delivered to them. */
import { randomBytes } from 'node:crypto';
import { type Clock, ExitError, exitCodes } from '../../base/index.js';
import { ChatClient } from '../../client/index.js';
import type { Place } from './load.js';

export interface SubscribersOptions {
  readonly count: number;
  readonly rooms: readonly string[];
  readonly place: (subscriber: number) => Place;
  readonly clock: Clock;
}

export class Subscribers {
  readonly #options: SubscribersOptions;
  readonly #clients: ChatClient[];
  #delivered = 0;

  constructor(options: SubscribersOptions) {
    this.#options = options;
    this.#clients = Array.from({ length: options.count }, (_, index) => {
      const client = new ChatClient({ token: randomBytes(32), ...options.place(index) });
      // Groups cost no object per message; in the bench's own rooms there is nothing but posts.
      client.on('group', ({ group, skip }) => {
        this.#delivered += group.events.length - skip;
      });
      return client;
    });
  }

  /** Messages delivered to all of them together. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Resolves when every one follows every room. @throws ExitError (4) when one does not in time. */
  async connect(timeoutMs: number): Promise<void> {
    const { clock, rooms } = this.#options;
    const opened = await Promise.all(
      this.#clients.map((client) => {
        return new Promise<boolean>((resolve) => {
          const timer = clock.setTimeout(() => resolve(false), timeoutMs);
          client.on('connected', () => {
            clock.clearTimeout(timer);
            resolve(true);
          });
          for (const room of rooms) client.subscribe(room, 'now');
          client.connect();
        });
      }),
    );
    const missing = opened.filter((isOpen) => !isOpen).length;
    if (missing === 0) return;
    const text = `${missing} of ${opened.length} subscribers got no subscription within ${timeoutMs / 1_000} s. Is the cluster running? See synod status`;
    throw new ExitError(exitCodes.unreachable, 'NO_SERVER', text);
  }

  /** Waits until so many were delivered, at most `forMs`. */
  async settle(expected: number, forMs: number): Promise<void> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + forMs;
    while (this.#delivered < expected && clock.monotonicMs() < endMs) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, settleLookMs));
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

const settleLookMs = 10;
