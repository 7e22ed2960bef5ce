/** A disk of a chosen size for one server's data: a tmpfs. Needs the right to mount. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const leaveAttemptsMax = 20;
const mounted = new Set<SmallDisk>();

/** First of all: folders that are still mounted can't be removed. */
process.prependListener('exit', () => {
  for (const disk of mounted) disk.unmount();
});

export class SmallDisk {
  readonly folder: string;

  /** @throws Error when it can't be mounted */
  constructor(folder: string, kibibytes: number) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
    this.#mount(`size=${kibibytes}k`);
    mounted.add(this);
  }

  /** Mounts nothing that lasts: says whether it could. */
  static get available(): boolean {
    const folder = mkdtempSync(path.join(tmpdir(), 'synod-mount-'));
    try {
      new SmallDisk(folder, 64).unmount();
      return true;
    } catch {
      return false; // No such right here, or no tmpfs: whoever asks skips by name.
    } finally {
      rmdirSync(folder);
    }
  }

  get usedKib(): number {
    const { bsize, blocks, bfree } = statfsSync(this.folder);
    return Math.ceil(((blocks - bfree) * bsize) / 1024);
  }

  get freeKib(): number {
    const { bsize, bfree } = statfsSync(this.folder);
    return Math.floor((bfree * bsize) / 1024);
  }

  resize(kibibytes: number): void {
    this.#mount(`remount,size=${kibibytes}k`);
  }

  /** Makes it so small that only so much is free. */
  leave(kibibytes: number): void {
    for (let attempt = 1; ; attempt++) {
      try {
        return this.resize(this.usedKib + kibibytes);
      } catch (error) {
        // More was written since we asked: a disk can't be smaller than what it holds.
        if (attempt === leaveAttemptsMax) throw error;
      }
    }
  }

  /** Also when files are still open there. */
  unmount(): void {
    mounted.delete(this);
    spawnSync('umount', ['--lazy', this.folder]);
  }

  #mount(options: string): void {
    const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.folder]);
    if (status !== 0) throw new Error(`mount -o ${options} ${this.folder}: ${String(stderr)}`);
  }
}
