/**
 * A chat client in this very process, through the client library: where dozens are wanted, each a process of its own
 * would leave the servers no processor.
 */
import { randomBytes } from 'node:crypto';
import { ChatClient, type ClientEvent, type MessageEvent } from '../../src/client/index.js';
import type { Delivery, Entry, Send, Stream } from '../checkers/history.js';
import type { Talker } from './talker.js';
import { busyMs, nowMs, until } from './until.js';

/** A room as clients of this process were shown it: what two of them were shown alike is kept once. */
export class SharedRoom {
  readonly #entries: Entry[] = [];

  keep({ n, slot, from, text }: MessageEvent): Entry {
    const known = this.#entries[n];
    if (known !== undefined && known.slot === slot && known.author === from && known.text === text) return known;
    const entry = { position: n, slot, author: from, text };
    this.#entries[n] ??= entry;
    return entry;
  }
}

interface Said {
  readonly text: string;
  readonly invokeMs: number;
  ackMs: number;
  /** `ok`, why not, or "" while nothing is known. */
  code: string;
  slot: number;
  n: number;
}

const eventsKept = 20;
const drainMs = 15_000;

export class LibraryClient implements Talker {
  readonly name: string;
  readonly strangeLines: readonly string[] = [];
  readonly #room: string;
  readonly #client: ChatClient;
  readonly #shared: SharedRoom;
  readonly #said: Said[] = [];
  readonly #shown: Entry[] = [];
  readonly #shownMs: number[] = [];
  readonly #events: { readonly atMs: number; readonly event: ClientEvent }[] = [];
  #settled = 0;

  constructor(options: { readonly name: string; readonly balancer: string; readonly shared: SharedRoom }) {
    const { name, balancer, shared } = options;
    this.name = name;
    this.#room = '#lobby';
    this.#shared = shared;
    this.#client = new ChatClient({ name, token: randomBytes(32), balancers: [balancer] });
    this.#client.on('message', (event) => {
      this.#shown.push(this.#shared.keep(event));
      this.#shownMs.push(nowMs());
    });
    this.#client.on('any', (event) => {
      if (event.event === 'message' || event.event === 'state' || event.event === 'group') return;
      this.#events.push({ atMs: nowMs(), event });
      if (this.#events.length > eventsKept) this.#events.shift();
    });
    this.#client.subscribe(this.#room, 'all');
    this.#client.connect();
  }

  get linesSaid(): number {
    return this.#said.length;
  }

  get linesSettled(): number {
    return this.#settled;
  }

  get lastShown(): number {
    return this.#shown.at(-1)?.position ?? 0;
  }

  say(text: string): number {
    const said: Said = { text, invokeMs: nowMs(), ackMs: Number.POSITIVE_INFINITY, code: '', slot: 0, n: 0 };
    this.#said.push(said);
    this.#client.post(this.#room, text, (code, slot, n) => {
      this.#settled += 1;
      said.code = code;
      if (code === 'ok') Object.assign(said, { ackMs: nowMs(), slot, n });
    });
    return this.#said.length;
  }

  async waitForConnected(deadlineMs = busyMs): Promise<void> {
    const isConnected = (): boolean => this.#client.server !== undefined;
    await until(`${this.name} to be connected`, deadlineMs, isConnected, () => this.describe());
  }

  async finish(deadlineMs = drainMs): Promise<number> {
    await this.#client.close(deadlineMs);
    return this.#said.every(({ code }) => code === 'ok') ? 0 : 1;
  }

  sends(): Send[] {
    return this.#said.map(({ text, invokeMs, ackMs, code, slot, n }, index) => {
      const outcome = code === 'ok' ? 'ok' : code === '' || code === 'UNKNOWN' ? 'unknown' : 'no';
      const base = { session: `${this.name}/library`, seq: index + 1, author: this.name, text, invokeMs };
      return { ...base, outcome, ackMs, position: n, slot };
    });
  }

  stream(room: string, reachesEnd: boolean): Stream {
    const deliveries =
      room === this.#room
        ? this.#shown.map((entry, index): Delivery => ({ ...entry, atMs: this.#shownMs[index] ?? 0 }))
        : [];
    return { client: this.name, from: 1, deliveries, reachesEnd };
  }

  describe(): string {
    const events = this.#events.map(({ atMs, event }) => `  ${atMs.toFixed(0)} ${JSON.stringify(event)}`);
    const said = `${this.#settled} of ${this.#said.length} lines settled`;
    return [`--- ${this.name} (in this process), ${said}; last events:`, ...events].join('\n');
  }
}
