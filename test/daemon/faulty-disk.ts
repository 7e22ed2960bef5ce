/** The real disk with two switches: full (every write answers ENOSPC) and broken (every sync answers EIO). */
import { type Disk, type Done, FileDisk, type ReadDone } from '../../src/storage/index.js';

export class FaultyDisk implements Disk {
  full = false;
  broken = false;
  /** Syncs under way. */
  syncing = 0;
  readonly #disk: FileDisk;

  constructor(directory: string, fsync: boolean) {
    this.#disk = new FileDisk(directory, { fsync });
  }

  list(): string[] {
    return this.#disk.list();
  }
  size(name: string): number | undefined {
    return this.#disk.size(name);
  }
  readSync(name: string, offset: number, target: Buffer): number {
    return this.#disk.readSync(name, offset, target);
  }
  read(name: string, offset: number, length: number, done: ReadDone): void {
    this.#disk.read(name, offset, length, done);
  }
  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void {
    if (this.full) setImmediate(done, Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
    else this.#disk.write(name, offset, buffers, done);
  }
  sync(name: string, done: Done): void {
    if (this.broken) setImmediate(done, Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    else {
      this.syncing++;
      this.#disk.sync(name, (error) => {
        this.syncing--;
        done(error);
      });
    }
  }
  truncate(name: string, length: number, done: Done): void {
    this.#disk.truncate(name, length, done);
  }
  rename(from: string, to: string, done: Done): void {
    this.#disk.rename(from, to, done);
  }
  remove(name: string, done: Done): void {
    this.#disk.remove(name, done);
  }
  syncDirectory(done: Done): void {
    this.#disk.syncDirectory(done);
  }
  close(): void {
    this.#disk.close();
  }
}
