/** What each server has to itself and can be changed while it runs: its disk and its clocks. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProgramOptions } from '../support/program.js';
import { SmallDisk } from '../support/small-disk.js';
import { onSmallDisks } from './plan.js';
import { faketimeLibrary } from './tools.js';

/** Enough for a run: without retention a log only grows. */
const enoughKib = 4 * 1024 * 1024;

export class Surroundings {
  readonly #servers: readonly number[];
  readonly #hasSmallDisks: boolean;
  readonly #clocks = mkdtempSync(path.join(tmpdir(), 'synod-clocks-'));
  readonly #disks = new Map<number, SmallDisk>();
  readonly #monotonicAhead = new Map<number, number>();

  constructor(servers: readonly number[], hasSmallDisks: boolean) {
    this.#servers = servers;
    this.#hasSmallDisks = hasSmallDisks;
    for (const id of servers) this.setWallClock(id, 0);
  }

  /** Mounts the small disks below the cluster's folder. */
  mount(root: string): void {
    if (!this.#hasSmallDisks) return;
    for (const id of onSmallDisks(this.#servers)) {
      this.#disks.set(id, new SmallDisk(path.dirname(this.dataDir(id, root)), enoughKib));
    }
  }

  dataDir(id: number, root: string): string {
    return path.join(root, `disk-${id}`, 'data');
  }

  /** How a server is started from now on. */
  options(id: number): ProgramOptions {
    const ahead = this.#monotonicAhead.get(id);
    return {
      ...(faketimeLibrary === undefined ? {} : { env: clockEnvironment(faketimeLibrary, this.#clockFile(id)) }),
      ...(ahead === undefined ? {} : { through: ['unshare', '--time', '--monotonic', `${ahead}`] }),
    };
  }

  /** Within a second, also in a process that runs. */
  setWallClock(id: number, seconds: number): void {
    const next = `${this.#clockFile(id)}.next`;
    writeFileSync(next, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(next, this.#clockFile(id));
  }

  /** From its next start on. */
  setMonotonicClock(id: number, seconds: number): void {
    this.#monotonicAhead.set(id, seconds);
  }

  /** So much is free now. */
  leave(id: number, kibibytes: number): void {
    this.#disk(id).leave(kibibytes);
  }

  /** No more than so much is free from now on, whatever the server gives back; the result ends it. */
  keepTight(id: number, kibibytes: number): () => void {
    const disk = this.#disk(id);
    const timer = setInterval(() => {
      if (disk.freeKib > kibibytes) this.leave(id, kibibytes);
    }, 1);
    return () => clearInterval(timer);
  }

  free(id: number): void {
    this.#disk(id).resize(enoughKib);
  }

  end(): void {
    for (const disk of this.#disks.values()) disk.unmount();
    rmSync(this.#clocks, { recursive: true, force: true });
  }

  #disk(id: number): SmallDisk {
    const disk = this.#disks.get(id);
    if (disk === undefined) throw new Error(`server ${id} has no disk of its own`);
    return disk;
  }

  #clockFile(id: number): string {
    return path.join(this.#clocks, `${id}`);
  }
}

/** The wall clock follows the file; the monotonic one stays as it is. */
function clockEnvironment(library: string, file: string): Readonly<Record<string, string>> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}
