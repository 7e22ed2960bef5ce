/** Constant load of several chat clients, a busy chat and not a benchmark; says when each of them goes on. */
import type { Talker } from './talker.js';
import { until } from './until.js';

export interface LoadOptions {
  /** Lines that each client says in a second, while none too many of them wait. */
  readonly linesPerSecond: number;
  readonly inFlightMax: number;
  /** The state of things, for the error of a wait in vain. */
  readonly explain: () => string;
}

export class Load {
  /** Characters that every line gets from now on, besides its own words. */
  paddingChars = 0;
  readonly #clients: readonly Talker[];
  readonly #options: LoadOptions;
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  constructor(clients: readonly Talker[], options: LoadOptions) {
    this.#clients = clients;
    this.#options = options;
    // One after the other, so that a crowd does not speak with one voice.
    this.#timer = setInterval(() => this.#say(), 1000 / options.linesPerSecond / clients.length);
  }

  #say(): void {
    const index = this.#next;
    this.#next = (index + 1) % this.#clients.length;
    const client = this.#clients[index];
    if (client === undefined || client.linesSaid - client.linesSettled >= this.#options.inFlightMax) return;
    client.say(`c${index}-${client.linesSaid + 1}${'.'.repeat(this.paddingChars)}`);
  }

  get linesSaid(): number {
    return this.#clients.reduce((sum, client) => sum + client.linesSaid, 0);
  }

  /** Waits until every client has got `more` further lines committed. */
  async progress(what: string, more: number, deadlineMs: number): Promise<void> {
    const goals = this.#clients.map((client) => client.linesSettled + more);
    const isThere = (): boolean => this.#clients.every((client, index) => client.linesSettled >= (goals[index] ?? 0));
    await until(`progress ${what}`, deadlineMs, isThere, () => this.#describe());
  }

  /** Nothing more is said. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Stops, and waits until every line has come to its end. */
  async drain(deadlineMs: number): Promise<void> {
    this.stop();
    const isThere = (): boolean => this.#clients.every((client) => client.linesSettled === client.linesSaid);
    await until('every line to be committed', deadlineMs, isThere, () => this.#describe());
  }

  #describe(): string {
    return [this.#options.explain(), ...this.#clients.map((client) => client.describe())].join('\n');
  }
}
