/**
 * Looks for a server that has a leader while the client's own has none (BEHAVIOUR.md 3.6). A server that hears a happy
 * neighbour asks its clients to do so; one that hears nobody cannot know, so they do it by themselves after a second.
 */
import { limits, type Timer } from '../base/index.js';
import type { Dialling } from '../net/index.js';
import type { Message, Status } from '../wire/index.js';
import { Backoff } from './backoff.js';
import { clusterOf } from './cluster.js';
import type { Environment } from './environment.js';
import { askQuestion } from './question.js';

/** From one server asked to the next: at first short enough to find a leader in time past one that knows of none. */
const firstPauseMs = limits.moveMs / 4;

export interface ScoutOptions {
  /** For reaching a server and its answer together. */
  readonly timeoutMs: number;
  /** The servers known now. */
  readonly known: () => readonly string[];
  /** Whether a server of this cluster may be gone to. */
  readonly isOurs: (cluster: string) => boolean;
  /** Called at most once per search: this server has a leader. */
  readonly found: (address: string) => void;
  /** A server of this other cluster has a leader. Called as often as one is met. */
  readonly metElsewhere: (cluster: string) => void;
}

export class Scout {
  readonly #options: ScoutOptions;
  readonly #environment: Environment;
  readonly #pauses: Backoff;
  #timer: Timer | undefined;
  /** Servers still to be asked in this round. */
  #next: string[] = [];
  readonly #asking = new Set<Dialling>();
  #request = 0;

  constructor(options: ScoutOptions, environment: Environment) {
    this.#options = options;
    this.#environment = environment;
    this.#pauses = new Backoff(firstPauseMs, 16 * limits.moveMs, environment.random);
  }

  /** The server at `own` has no leader: from `waitMs` on, the others are asked, one after the other, until `end`. */
  begin(own: string, waitMs: number): void {
    if (this.#timer !== undefined) return;
    this.#pauses.reset();
    this.#askIn(waitMs, own);
  }

  end(): void {
    if (this.#timer !== undefined) this.#environment.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#next = [];
    for (const asking of this.#asking) asking.cancel();
    this.#asking.clear();
  }

  /** Nobody's silence is waited for: whoever answers first is the one. */
  #askIn(delayMs: number, own: string): void {
    this.#timer = this.#environment.clock.setTimeout(() => {
      this.#askIn(this.#pauses.next(), own);
      if (this.#next.length === 0) {
        this.#next = this.#environment.random.shuffle(this.#options.known().filter((address) => address !== own));
      }
      const address = this.#next.pop();
      if (address !== undefined) this.#ask(address);
    }, delayMs);
  }

  #ask(address: string): void {
    const request = ++this.#request;
    const asking = askQuestion(
      {
        greeting: { address, role: 'operator', token: undefined, timeoutMs: this.#options.timeoutMs },
        message: { type: 'statusRequest', request },
        isAnswer: (message: Message): message is Status => message.type === 'status' && message.request === request,
      },
      this.#environment,
      (result) => {
        this.#asking.delete(asking);
        if (!result.ok || result.answer.leader === 0) return;
        const cluster = clusterOf(result.welcome);
        if (!this.#options.isOurs(cluster)) return this.#options.metElsewhere(cluster);
        this.end();
        this.#options.found(address);
      },
    );
    this.#asking.add(asking);
  }
}
