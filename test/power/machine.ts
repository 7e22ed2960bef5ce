/** One machine with a real server in this process, life after life, on a disk that loses what was not synced. */
import type { LogFields, Logger } from '../../src/base/index.js';
import { Prng } from '../../src/base/index.js';
import { type ServerHandle, startServer } from '../../src/daemon/index.js';
import type { SimDisk } from '../support/sim-disk.js';
import { Power } from './power.js';
import { type Lie, newPlatter, PowerDisk } from './power-disk.js';
import { PowerHome, StoreRows } from './power-store.js';

/** Small enough that a log rolls every few hundred lines. */
const segmentBytes = 48 * 1024;
const markAfterMs = 20;

export interface MachineOptions {
  readonly id: number;
  readonly balancer: string;
  /** For the lock file and the addresses only: what must last is on the machine's own disk. */
  readonly directory: string;
  readonly seed: number;
  readonly lie: Lie;
}

/** How a life ends: the whole machine's, or the process's only, whose writes stay in the page cache. */
export type Ending = 'power' | 'process';

/** What a run counts of a machine. */
export interface MachineCounts {
  lives: number;
  /** Ends at which something was written and not synced. */
  unsyncedAtCut: number;
  unsyncedBytes: number;
  tornTails: number;
}

interface Life {
  readonly power: Power;
  readonly started: Promise<ServerHandle>;
  handle: ServerHandle | undefined;
}

export class Machine {
  readonly id: number;
  readonly counts: MachineCounts = { lives: 0, unsyncedAtCut: 0, unsyncedBytes: 0, tornTails: 0 };
  readonly #options: MachineOptions;
  readonly #random: Prng;
  readonly #rows = new StoreRows();
  #platter: SimDisk;
  #life: Life | undefined;
  /** The last end; the next life begins behind it. */
  #ended: Promise<void> = Promise.resolve();
  #strikeIn = 0;
  #strike: (() => void) | undefined;
  /** The latest lines of its log, for whoever has to find out what happened. */
  readonly log: string[] = [];

  constructor(options: MachineOptions) {
    this.id = options.id;
    this.#options = options;
    this.#random = new Prng(options.seed);
    this.#platter = newPlatter(options.seed + 1);
  }

  get address(): string {
    const address = this.#life?.handle?.address;
    if (address === undefined) throw new Error(`server ${this.id} is not up`);
    return address;
  }

  /** Why the server ended, should it have ended by itself. */
  get closed(): ServerHandle['closed'] | undefined {
    return this.#life?.handle?.closed;
  }

  /** Resolves when it is READY, and rejects with what keeps it from starting. */
  async start(): Promise<void> {
    await this.#ended;
    const { id, balancer, directory, lie } = this.#options;
    const power = new Power();
    this.counts.lives++;
    const started = startServer(
      {
        id,
        listen: '127.0.0.1:0',
        balancers: [balancer],
        dataDir: directory,
        fsync: 'always',
        logger: this.#logger(),
      },
      {
        makeDisk: () => new PowerDisk(this.#platter, power, { lie, onOperation: () => this.#onOperation() }),
        storeHome: () => new PowerHome(this.#rows, power, this.#random),
        wal: { segmentBytes, firstSegmentBytes: segmentBytes, markAfterMs },
      },
    );
    const life: Life = { power, started, handle: undefined };
    this.#life = life;
    life.handle = await started;
  }

  /** Calls `strike` as the `count`-th disk operation from now on begins, before anything else runs. */
  strikeAt(count: number, strike: () => void): void {
    this.#strikeIn = count;
    this.#strike = strike;
  }

  /** The strike that has not fallen does not fall any more. */
  disarm(): void {
    this.#strike = undefined;
  }

  /** Ends the life, ready or still starting, at this very moment. Resolves when nothing of it is left. */
  end(ending: Ending): Promise<void> {
    const life = this.#life;
    if (life === undefined) return this.#ended;
    this.#life = undefined;
    this.#strike = undefined;
    this.#countUnsynced();
    life.power.cut();
    this.#rows.cut(this.#random);
    this.#platter = ending === 'power' ? this.#platter.crash() : this.#platter.kill();
    const isGone = life.handle?.destroy() ?? life.started.then((handle) => handle.destroy()).catch(() => undefined);
    this.#ended = isGone;
    return isGone;
  }

  /** SIGTERM. */
  async stop(): Promise<number> {
    const handle = this.#life?.handle;
    if (handle === undefined) throw new Error(`server ${this.id} is not up`);
    const { exitCode } = await handle.stop();
    return exitCode;
  }

  #onOperation(): void {
    if (this.#strike === undefined || --this.#strikeIn > 0) return;
    const strike = this.#strike;
    this.#strike = undefined;
    queueMicrotask(strike);
  }

  #countUnsynced(): void {
    const bytes = this.#platter.unsyncedBytes;
    if (bytes > 0) this.counts.unsyncedAtCut++;
    this.counts.unsyncedBytes += bytes;
  }

  #logger(): Logger {
    const keep = (level: string) => (event: string, fields?: LogFields) => {
      if (event === 'log-tail-torn') this.counts.tornTails++;
      this.log.push(`${level} ${event} ${JSON.stringify(fields ?? {})}`);
      if (this.log.length > 200) this.log.shift();
    };
    const logger: Logger = {
      debug() {},
      info: keep('info'),
      warn: keep('warn'),
      error: keep('error'),
      child: () => logger,
    };
    return logger;
  }
}
