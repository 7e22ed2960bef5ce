/**
 * The disk of a machine that may lose its power, beneath a real server: what was not synced is in memory only, and
 * after a cut it is gone, torn, or there in part. Names too: a file that was made, renamed or removed since the
 * directory's last sync may stand as before.
 */
import { Prng } from '../../src/base/index.js';
import { type Disk, type Done, type ReadDone, segmentNumber } from '../../src/storage/index.js';
import { SimDisk, type SimDiskOptions } from '../support/sim-disk.js';
import { type Power, powerError } from './power.js';

/** As a small machine's: most syncs take a millisecond or two, so that many cuts fall into one. */
const latencies = { syncUs: [200, 4000], directoryUs: [100, 1500], readUs: [0, 300] } as const;

/** A disk of a new machine, and the options of every later life of it. */
export function newPlatter(seed: number): SimDisk {
  return new SimDisk(platterOptions(new Prng(seed)));
}

function platterOptions(random: Prng): SimDiskOptions {
  return {
    random,
    ...latencies,
    schedule: (delayUs, act) => {
      if (delayUs < 1000) setImmediate(act);
      else setTimeout(act, delayUs / 1000);
    },
  };
}

/**
 * What a disk says is synced without having done anything; `late`: it does sync the log's segments,
 * but 40 ms after it said so. Disks must not, and some do.
 */
export type Lie = 'nothing' | 'bytes' | 'names' | 'late';

const lateMs = 40;

export interface PowerDiskOptions {
  readonly lie: Lie;
  /** Sees each operation as it begins. */
  readonly onOperation: () => void;
}

export class PowerDisk implements Disk {
  readonly #platter: SimDisk;
  readonly #power: Power;
  readonly #options: PowerDiskOptions;

  constructor(platter: SimDisk, power: Power, options: PowerDiskOptions) {
    this.#platter = platter;
    this.#power = power;
    this.#options = options;
  }

  list(): string[] {
    this.#demandPower();
    return this.#platter.list();
  }

  size(name: string): number | undefined {
    return this.#power.isOff ? undefined : this.#platter.size(name);
  }

  readSync(name: string, offset: number, target: Buffer): number {
    this.#demandPower();
    return this.#platter.readSync(name, offset, target);
  }

  read(name: string, offset: number, length: number, done: ReadDone): void {
    this.#begin(this.#power.answer(done, Buffer.alloc(0)), (answer) =>
      this.#platter.read(name, offset, length, answer),
    );
  }

  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => this.#platter.write(name, offset, buffers, answer));
  }

  sync(name: string, done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => {
      const { lie } = this.#options;
      const isLate = lie === 'late' && segmentNumber(name) !== undefined;
      if (lie === 'bytes' || isLate) setImmediate(answer, undefined);
      else this.#platter.sync(name, answer);
      if (isLate) setTimeout(() => this.#syncLate(name), lateMs);
    });
  }

  truncate(name: string, length: number, done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => this.#platter.truncate(name, length, answer));
  }

  rename(from: string, to: string, done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => this.#platter.rename(from, to, answer));
  }

  remove(name: string, done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => this.#platter.remove(name, answer));
  }

  syncDirectory(done: Done): void {
    this.#begin(this.#power.answer(done), (answer) => {
      if (this.#options.lie === 'names') setImmediate(answer, undefined);
      else this.#platter.syncDirectory(answer);
    });
  }

  /** An orderly end of a process leaves the platter as it is: the page cache is the machine's. */
  close(): void {}

  #syncLate(name: string): void {
    if (!this.#power.isOff && this.#platter.size(name) !== undefined) this.#platter.sync(name, () => undefined);
  }

  #begin<Answer>(answer: Answer, act: (answer: Answer) => void): void {
    if (this.#power.isOff) return;
    this.#options.onOperation();
    act(answer);
  }

  #demandPower(): void {
    if (this.#power.isOff) throw powerError();
  }
}
