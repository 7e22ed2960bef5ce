/** Closed-loop load on the bare pipeline: each client keeps a number of lines in flight, as `load.ts` does. */
import { Kind, lineBytesOver, newFrame, numberOf, runHeaderBytes, setNumber } from './bare/frames.js';
import { dialBare, type Link, TurnEnd } from './bare/turn.js';
import { Tally } from './tally.js';

export interface BareLoadOptions {
  readonly port: number;
  readonly clients: number;
  readonly inFlight: number;
  readonly sizeBytes: number;
}

/** One connection with its lines in flight. */
interface Client {
  readonly link: Link;
  /** When each submit without an ack left, the oldest first: acks come in the order of submits. */
  readonly sentMs: number[];
  /** Lines that may be sent. */
  free: number;
}

export class BareLoad {
  readonly #options: BareLoadOptions;
  readonly #clients: Client[] = [];
  readonly #lines: Buffer;
  readonly #tally = new Tally();
  readonly #turn = new TurnEnd(() => this.#send());
  #isStopped = false;
  #windowStartMs = 0;

  constructor(options: BareLoadOptions) {
    this.#options = options;
    const oneLine = lineBytesOver + options.sizeBytes;
    this.#lines = Buffer.alloc(options.inFlight * oneLine, 'abcdefghijklmnopqrstuvwxyz ');
  }

  async start(): Promise<void> {
    for (let i = 0; i < this.#options.clients; i++) {
      const link = await dialBare(this.#options.port, (frame) => this.#onAck(client, numberOf(frame)));
      const client: Client = { link, sentMs: [], free: this.#options.inFlight };
      this.#clients.push(client);
    }
    this.#turn.ask();
  }

  /** Forgets what was measured so far: what follows is the window. */
  openWindow(): void {
    this.#tally.reset();
    this.#windowStartMs = performance.now();
  }

  /** Figures of the window so far. */
  window(): { seconds: number; ok: number; perSecond: number; p50Us: number; p99Us: number; maxUs: number } {
    const seconds = (performance.now() - this.#windowStartMs) / 1000;
    const { count, maxUs } = this.#tally;
    const [p50Us, p99Us] = [this.#tally.percentileUs(50), this.#tally.percentileUs(99)];
    return { seconds, ok: count, perSecond: count / seconds, p50Us, p99Us, maxUs };
  }

  stop(): void {
    this.#isStopped = true;
    for (const { link } of this.#clients) link.end();
  }

  #onAck(client: Client, lines: number): void {
    const sentMs = client.sentMs.shift();
    if (sentMs === undefined) throw new Error('an ack without a submit');
    this.#tally.add((performance.now() - sentMs) * 1000, lines);
    client.free += lines;
    this.#turn.ask();
  }

  /** All lines of a client that are free go in one submit. */
  #send(): void {
    if (this.#isStopped) return;
    const oneLine = lineBytesOver + this.#options.sizeBytes;
    for (const client of this.#clients) {
      if (client.free === 0) continue;
      const bytes = client.free * oneLine;
      const submit = newFrame(Kind.submit, runHeaderBytes + bytes);
      setNumber(submit, client.free);
      this.#lines.copy(submit, submit.length - bytes, 0, bytes);
      client.sentMs.push(performance.now());
      client.free = 0;
      client.link.push(submit);
      client.link.flush();
    }
  }
}
