/**
 * The load of all measurements: clients of the library that post in closed or open loop, each end counted. `synod
 * bench` and the developers' benchmarks in bench/ run this one.
 */
import { randomBytes } from 'node:crypto';
import { type Clock, ExitError, exitCodes, nodeClock, type Prng } from '../../base/index.js';
import { ChatClient, type ChatClientOptions } from '../../client/index.js';
import { Histogram } from '../plan/histogram.js';
import { type Arrivals, schedules } from '../plan/schedule.js';
import type { SeriesBin } from '../plan/series.js';
import { closedPace, OpenPace, Pacer, type Punctuality } from './pace.js';
import { Sender } from './sender.js';
import { type Silence, Tally, type Window } from './tally.js';

/** Where a client connects. */
export type Place = Pick<ChatClientOptions, 'balancers' | 'server'>;

export interface OpenLoop {
  /** Messages per second of all clients together. */
  readonly perSecond: number;
  readonly arrivals: Arrivals;
}

export interface LoadOptions {
  readonly clients: number;
  /** Messages in flight for each client at most. */
  readonly inFlight: number;
  readonly rooms: readonly string[];
  /** A power of two of them (payloads.ts). */
  readonly payloads: readonly Uint8Array[];
  readonly place: (client: number) => Place;
  /** Without it the loop is closed. */
  readonly open?: OpenLoop;
  /** For the schedule of an open loop. */
  readonly random?: Prng;
  /** Ends by itself after so many messages in all; without it `stop` ends it. */
  readonly linesMax?: number;
  /**
   * Before the names of its clients. A name belongs to the token that used it first, so that it must be another one
   * each time; drawn unless it is given.
   */
  readonly namePrefix?: string;
  /** Hits fractions of a millisecond where an open loop is to do so (FineClock). */
  readonly clock?: Clock;
}

export interface Counts {
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
}

/** What the window has shown so far, or all of it. */
export interface WindowFigures {
  readonly seconds: number;
  readonly counts: Counts;
  /** Acknowledgements that arrived within the window, per second of it. */
  readonly perSecond: number;
  /** From sending, in an open loop from the intended time, to the acknowledgement. */
  readonly latencies: Histogram;
}

/** How long in-flight messages may take to come home after the window (CONTRACT.md: bench). */
export const drainMs = 5_000;

export class Load {
  readonly #options: LoadOptions;
  readonly #clock: Clock;
  readonly #tally = new Tally();
  readonly #senders: Sender[];
  readonly #paces: OpenPace[] = [];
  readonly #pacer: Pacer | undefined;
  readonly #namePrefix: string;
  readonly #punctuality: Punctuality = { late: 0, lag: new Histogram() };
  #lost = '';

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#clock = options.clock ?? nodeClock;
    this.#namePrefix = options.namePrefix ?? `bench-${randomBytes(4).toString('hex')}-`;
    const { open, random, clients } = options;
    if (open !== undefined && random !== undefined) {
      const all = schedules(open.arrivals, { clients, perSecond: open.perSecond }, random);
      this.#paces = all.map((schedule) => new OpenPace(schedule, this.#punctuality, () => this.#tally.window));
    }
    this.#senders = Array.from({ length: clients }, (_, index) => this.#sender(index));
    if (this.#paces.length > 0) {
      const paced = this.#paces.map((pace, index) => ({ pace, sender: this.#senders[index] as Sender }));
      this.#pacer = new Pacer(this.#clock, paced);
    }
  }

  #sender(index: number): Sender {
    const { clients, inFlight, rooms, payloads, place, linesMax } = this.#options;
    const client = new ChatClient({
      name: `${this.#namePrefix}${index}`,
      token: randomBytes(32),
      window: inFlight,
      ...place(index),
    });
    client.on('disconnected', (event) => {
      this.#lost = event.reason;
    });
    client.on('error', (event) => {
      this.#lost = event.text;
    });
    return new Sender({
      index,
      client,
      pace: this.#paces[index] ?? closedPace,
      tally: this.#tally,
      clock: this.#clock,
      inFlight,
      rooms,
      payloads,
      linesMax: linesMax === undefined ? Number.POSITIVE_INFINITY : Math.floor(linesMax / clients),
    });
  }

  /** Told of every acknowledgement. */
  set onAck(listener: ((nowMs: number, client: number) => void) | undefined) {
    this.#tally.onAck = listener;
  }

  get clients(): readonly ChatClient[] {
    return this.#senders.map(({ client }) => client);
  }

  /** What was last said of a client that lost its server, or was refused; empty when nothing was. */
  get trouble(): string {
    return this.#lost;
  }

  /**
   * Connects all clients and commits one message of each, so that sessions are open.
   *
   * @throws ExitError (4) when nobody could be reached in time, (5) when nothing was committed, (3) when refused.
   */
  async connect(timeoutMs = 60_000): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + timeoutMs;
    const outcomes = await Promise.all(this.#senders.map(({ client }) => this.#open(client, deadlineMs)));
    const wrong = outcomes.find((outcome) => outcome !== 'ok');
    if (wrong === undefined) return;
    const { clients } = this.#options;
    const opened = outcomes.filter((outcome) => outcome === 'ok').length;
    const reason = this.#lost === '' ? '' : ` (${this.#lost})`;
    const within = `within ${timeoutMs / 1_000} s`;
    if (!outcomes.includes('no answer') && !outcomes.includes('unreachable')) {
      throw new ExitError(exitCodes.refused, 'REFUSED', `${clients - opened} clients were refused: ${wrong}${reason}`);
    }
    if (outcomes.includes('no answer')) {
      const text = `${opened} of ${clients} clients got their first message committed ${within}${reason}: is there a quorum? See synod status`;
      throw new ExitError(exitCodes.unknown, 'NO_QUORUM', text);
    }
    const text = `${opened} of ${clients} clients reached a server ${within}${reason}. Is the cluster running? See synod status`;
    throw new ExitError(exitCodes.unreachable, 'NO_SERVER', text);
  }

  #open(client: ChatClient, deadlineMs: number): Promise<string> {
    let connected = false;
    client.on('connected', () => {
      connected = true;
    });
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(
        () => resolve(connected ? 'no answer' : 'unreachable'),
        deadlineMs - this.#clock.monotonicMs(),
      );
      const settle = (code: string): void => {
        this.#clock.clearTimeout(timer);
        resolve(code);
      };
      // A name that another token holds is never answered otherwise.
      client.on('error', ({ code }) => {
        if (client.sessionState === 'refused') settle(code);
      });
      client.post(this.#options.rooms[0] as string, 'first', settle);
      client.connect();
    });
  }

  /** Begins to send; every client must have been connected. */
  begin(): void {
    const nowMs = this.#clock.monotonicMs();
    // Each client has posted once, to open its session.
    for (const sender of this.#senders) sender.start(1, nowMs);
    this.#pacer?.start(nowMs);
  }

  /** Connects and begins. */
  async start(): Promise<void> {
    await this.connect();
    this.begin();
  }

  /**
   * Forgets what was measured so far: what follows is the window, for so long at most. Returns when it began, by the
   * load's clock.
   */
  openWindow(forMs = Number.POSITIVE_INFINITY, binMs = 1_000): number {
    const startMs = this.#clock.monotonicMs();
    this.#tally.open({ startMs, endMs: startMs + forMs, binMs });
    return startMs;
  }

  /** Ends the window now if it is still open. */
  cutWindow(): void {
    const { startMs, endMs } = this.#tally.window;
    this.#tally.cut(Math.max(startMs, Math.min(endMs, this.#clock.monotonicMs())));
  }

  /** Figures of the window so far. */
  window(): WindowFigures {
    const { startMs, endMs } = this.#tally.window;
    const seconds = (Math.min(endMs, this.#clock.monotonicMs()) - startMs) / 1_000;
    const { series, arrived } = this.#tally;
    const perSecond = arrived / seconds;
    return { seconds, counts: { ...series.counts }, perSecond, latencies: series.latencies() };
  }

  /** The width of the window's bins, ms. */
  get binMs(): number {
    return this.#tally.window.binMs;
  }

  /** What became of all messages since the load began, the first one of each client not counted. */
  get all(): Counts {
    return { ...this.#tally.all };
  }

  /** Messages committed so far; the first one of each client is not counted. */
  get ok(): number {
    return this.#tally.all.ok;
  }

  /** The longest time within the window in which nothing was acknowledged. */
  get silence(): Silence {
    return this.#tally.silence(this.#clock.monotonicMs());
  }

  /** How an open loop kept its schedule within the window; `unsent` once it has stopped. */
  get punctuality(): Punctuality {
    return this.#punctuality;
  }

  /** Resolves when `linesMax` messages have come to their end. */
  async finished(): Promise<void> {
    await Promise.all(this.#senders.map(({ client }) => client.drain(3_600_000)));
  }

  /** Sends what is still meant within the window, and nothing more. */
  halt(): void {
    this.#pacer?.stop(this.#tally.window.endMs);
    for (const sender of this.#senders) sender.stop();
  }

  /** Sends nothing more, lets what is in flight come home, and says what became of every message. */
  async stop(forMs = drainMs): Promise<Counts> {
    this.halt();
    await Promise.all(this.#senders.map(({ client }) => client.close(forMs)));
    return this.all;
  }

  /** The window's acknowledgements over time, and how many messages of an open loop's schedule were never sent. */
  end(): { bins: readonly SeriesBin[]; unsent: number; window: Window } {
    const { window, series } = this.#tally;
    const unsent = this.#paces.reduce((sum, pace) => sum + pace.unsent(), 0);
    return { bins: series.end(window.endMs), unsent, window };
  }
}
