/** Constant load of several chat clients, a busy chat and not a benchmark; says when each of them goes on. */
import type { ChatClient } from './chat-client.js';
import { until } from './until.js';

export interface LoadOptions {
  /** Lines that each client says in a second, while none too many of them wait. */
  readonly linesPerSecond: number;
  readonly inFlightMax: number;
  /** The state of things, for the error of a wait in vain. */
  readonly explain: () => string;
}

export class Load {
  readonly #clients: readonly ChatClient[];
  readonly #options: LoadOptions;
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(clients: readonly ChatClient[], options: LoadOptions) {
    this.#clients = clients;
    this.#options = options;
    this.#timers = clients.map((client, index) =>
      setInterval(() => {
        if (client.linesSaid - client.linesSettled >= options.inFlightMax) return;
        client.say(`c${index}-${client.linesSaid + 1}`);
      }, 1000 / options.linesPerSecond),
    );
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
    for (const timer of this.#timers) clearInterval(timer);
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
