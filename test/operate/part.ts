/** One part of an installation: a daemon on one of its hosts, which may be killed and started again. */
import type { Program } from '../support/program.js';
import { nowMs } from '../support/until.js';

/** What a part runs, ours or another's. */
export interface Daemon {
  readonly isUp: boolean;
  /** Resolves when it serves. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves when it is gone. */
  stop(): Promise<void>;
  /** Its last words. */
  describe(): string;
}

const exitDeadlineMs = 20_000;

/** One of our programs: a process for each of its lives. */
export class OwnDaemon implements Daemon {
  readonly #spawn: () => Promise<Program>;
  #program: Program | undefined;

  /** `spawn` resolves when it has said READY. */
  constructor(spawn: () => Promise<Program>) {
    this.#spawn = spawn;
  }

  get isUp(): boolean {
    return this.#program !== undefined && this.#program.exit === undefined;
  }

  async start(): Promise<void> {
    this.#program = await this.#spawn();
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
  }

  async stop(): Promise<void> {
    this.#program?.signal('SIGTERM');
    const exit = await this.#program?.waitForExit(exitDeadlineMs);
    if (exit !== undefined && exit.code !== 0)
      throw new Error(`SIGTERM ended it with ${exit.code}\n${this.describe()}`);
  }

  /** SIGSTOP, until `resume`. */
  pause(): void {
    this.#program?.signal('SIGSTOP');
  }

  resume(): void {
    this.#program?.signal('SIGCONT');
  }

  describe(): string {
    return this.#program?.describe() ?? 'never started';
  }
}

/** A daemon with a name and a place; whoever ends it says so here, so that any other end is noticed. */
export class Part<D extends Daemon = Daemon> {
  readonly name: string;
  /** On which host it runs, from 0. */
  readonly host: number;
  readonly daemon: D;
  #isWanted = false;

  constructor(name: string, host: number, daemon: D) {
    this.name = name;
    this.host = host;
    this.daemon = daemon;
  }

  /** Starts it, for the first time or again; resolves to how long it took until it served, in ms. */
  async start(): Promise<number> {
    const startMs = nowMs();
    await this.daemon.start();
    this.#isWanted = true;
    return nowMs() - startMs;
  }

  async kill(): Promise<void> {
    this.#isWanted = false;
    await this.daemon.kill();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.daemon.stop();
  }

  /** @throws Error when it ended and nobody had asked it to. */
  expectAlive(): void {
    if (this.#isWanted && !this.daemon.isUp) throw new Error(`${this.name} ended by itself\n${this.describe()}`);
  }

  describe(): string {
    return `=== ${this.name}\n${this.daemon.describe()}`;
  }
}
