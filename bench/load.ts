/** Closed-loop load through the client library: each client keeps a number of lines in flight; every end is counted. */

import { randomBytes } from 'node:crypto';
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { ChatClient } from '../src/client/index.js';

export interface LoadOptions {
  readonly clients: number;
  readonly inFlight: number;
  readonly sizeBytes: number;
  readonly room: string;
  /** Where to connect; a client is pinned to `servers[i % length]` when given. */
  readonly balancer: string;
  readonly servers?: readonly string[];
  /** Ends by itself after so many lines in all; without it `stop` ends it. */
  readonly linesMax?: number;
}

export interface Counts {
  ok: number;
  failed: number;
  unknown: number;
}

/** How long in-flight lines may take to come home after the window (CONTRACT.md: bench). */
const drainMs = 5000;

/** One client with its lines in flight. Answers of a session come in order, so that a ring of start times is enough. */
class Loop {
  readonly client: ChatClient;
  readonly counts: Counts = { ok: 0, failed: 0, unknown: 0 };
  /** When this client last heard of a committed line, in ms. */
  lastOkMs = 0;
  readonly #room: string;
  readonly #text: Buffer;
  readonly #startMs: Float64Array;
  readonly #onEnd: (ok: boolean, tookMs: number, nowMs: number) => boolean;
  #linesLeft: number;

  constructor(
    client: ChatClient,
    options: LoadOptions,
    lines: number,
    onEnd: (ok: boolean, tookMs: number, nowMs: number) => boolean,
  ) {
    this.client = client;
    this.#room = options.room;
    this.#text = Buffer.alloc(options.sizeBytes, 'abcdefghijklmnopqrstuvwxyz ');
    this.#startMs = new Float64Array(options.inFlight);
    this.#linesLeft = lines;
    this.#onEnd = onEnd;
  }

  start(): void {
    for (let i = 0; i < this.#startMs.length; i++) this.#fire();
  }

  #fire(): void {
    if (this.#linesLeft === 0) return;
    this.#linesLeft -= 1;
    const nowMs = performance.now();
    const id = this.client.post(this.#room, this.#text, this.#onOutcome);
    this.#startMs[id % this.#startMs.length] = nowMs;
  }

  readonly #onOutcome = (code: string, _slot: number, _n: number, id: number): void => {
    const nowMs = performance.now();
    if (code === 'ok') {
      this.counts.ok += 1;
      this.lastOkMs = nowMs;
    } else if (code === 'UNKNOWN') this.counts.unknown += 1;
    else this.counts.failed += 1;
    const goOn = this.#onEnd(code === 'ok', nowMs - (this.#startMs[id % this.#startMs.length] ?? nowMs), nowMs);
    if (goOn) this.#fire();
  };
}

export class Load {
  readonly #loops: Loop[];
  readonly #options: LoadOptions;
  #histogram: RecordableHistogram = createHistogram();
  #okInWindow = 0;
  #windowStartMs = 0;
  #stopped = false;
  /** Told of every acknowledgement. */
  onAck: ((nowMs: number, client: number) => void) | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    // A name belongs to the first token that claims it: a second load on the same cluster needs names of its own.
    const prefix = `bench${randomBytes(4).toString('hex')}`;
    this.#loops = Array.from({ length: options.clients }, (_, index) => {
      const server = options.servers?.[index % options.servers.length];
      const client = new ChatClient({
        name: `${prefix}-${index}`,
        token: randomBytes(32),
        window: options.inFlight,
        ...(server === undefined ? { balancers: [options.balancer] } : { server }),
      });
      const lines =
        options.linesMax === undefined ? Number.POSITIVE_INFINITY : Math.floor(options.linesMax / options.clients);
      return new Loop(client, options, lines, (ok, tookMs, nowMs) => {
        if (ok) {
          this.#okInWindow += 1;
          this.#histogram.record(Math.max(1, Math.round(tookMs * 1000)));
          this.onAck?.(nowMs, index);
        }
        return !this.#stopped;
      });
    });
  }

  /** Connects all clients and commits one line of each, so that sessions are open; then the load runs. */
  async start(): Promise<void> {
    await Promise.all(this.#loops.map(({ client }) => Promise.race([this.#open(client), refusal(client)])));
    for (const loop of this.#loops) loop.start();
  }

  async #open(client: ChatClient): Promise<void> {
    const connected = new Promise<void>((resolve) => {
      client.on('connected', () => resolve());
    });
    client.connect();
    await connected;
    await new Promise<void>((resolve, reject) => {
      client.post(this.#options.room, 'first', (code) => (code === 'ok' ? resolve() : reject(new Error(code))));
    });
  }

  /** Forgets what was measured so far: what follows is the window. */
  openWindow(): void {
    this.#histogram = createHistogram();
    this.#okInWindow = 0;
    this.#windowStartMs = performance.now();
  }

  /** Figures of the window so far. */
  window(): { seconds: number; ok: number; perSecond: number; p50Us: number; p99Us: number; maxUs: number } {
    const seconds = (performance.now() - this.#windowStartMs) / 1000;
    const histogram = this.#histogram;
    return {
      seconds,
      ok: this.#okInWindow,
      perSecond: this.#okInWindow / seconds,
      p50Us: histogram.percentile(50),
      p99Us: histogram.percentile(99),
      maxUs: histogram.max,
    };
  }

  /** Lines committed so far; the first one of each client is not counted. */
  get ok(): number {
    return this.#loops.reduce((sum, loop) => sum + loop.counts.ok, 0);
  }

  /** Resolves when `linesMax` lines have come to their end. */
  async finished(): Promise<void> {
    await Promise.all(this.#loops.map(({ client }) => client.drain(3_600_000)));
  }

  /** Sends nothing more, lets what is in flight come home, and says what became of every line. */
  async stop(): Promise<Counts> {
    this.#stopped = true;
    await Promise.all(this.#loops.map(({ client }) => client.close(drainMs)));
    const sum = (pick: (counts: Counts) => number): number =>
      this.#loops.reduce((total, loop) => total + pick(loop.counts), 0);
    return { ok: sum((c) => c.ok), failed: sum((c) => c.failed), unknown: sum((c) => c.unknown) };
  }
}

/** Rejects when the client is told of an error: a name that another token holds is never answered otherwise. */
function refusal(client: ChatClient): Promise<never> {
  return new Promise((_, reject) => {
    client.on('error', ({ code, text }) => reject(new Error(`${code}: ${text}`)));
  });
}
