/**
 * The real disk: one directory, descriptors kept open, syncs in libuv's threads, small writes straight into the page
 * cache.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { assert } from '../base/index.js';
import { type Disk, type Done, errorCode, type ReadDone } from './disk.js';

/** Writes up to this size are made in place: 5 µs into the page cache against 20 µs of a round through a thread. */
const DIRECT_BYTES = 128 * 1024;
/** Old segments are read through at most this many descriptors; the ones that are written come on top. */
const OPEN_FILES_MAX = 32;

export interface FileDiskOptions {
  /** False answers every sync at once (`--fsync never`): a power failure may then lose what was acknowledged. */
  readonly fsync?: boolean;
}

type OpenDone = (error: Error | undefined, fd: number) => void;

export class FileDisk implements Disk {
  readonly #directory: string;
  readonly #fsync: boolean;
  /** Kept open, so that a new segment's name can be synced when no descriptor is left. */
  readonly #directoryFd: number;
  #directorySyncs = 0;
  /** Name → descriptor, least recently used first. */
  readonly #files = new Map<string, number>();
  /** Operations under way per descriptor: such a one is not closed. */
  readonly #users = new Map<number, number>();
  /** Given up when the process has no descriptor left, so that the log can always roll (RELIABILITY.md, pitfall 38). */
  #reserve: number | undefined;
  #closed = false;

  /** Creates the directory if it is missing. Throws what the system says. */
  constructor(directory: string, options: FileDiskOptions = {}) {
    this.#directory = directory;
    this.#fsync = options.fsync ?? true;
    fs.mkdirSync(directory, { recursive: true });
    this.#directoryFd = fs.openSync(directory, fs.constants.O_RDONLY);
    this.#takeReserve();
  }

  list(): string[] {
    const entries = fs.readdirSync(this.#directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  }

  size(name: string): number | undefined {
    return fs.statSync(this.#path(name), { throwIfNoEntry: false })?.size;
  }

  readSync(name: string, offset: number, target: Buffer): number {
    const fd = fs.openSync(this.#path(name), 'r');
    try {
      let filled = 0;
      while (filled < target.length) {
        const count = fs.readSync(fd, target, filled, target.length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      return filled;
    } finally {
      fs.closeSync(fd);
    }
  }

  read(name: string, offset: number, length: number, done: ReadDone): void {
    this.#open(name, false, (openError, fd) => {
      if (openError !== undefined) return done(openError, Buffer.alloc(0));
      const target = Buffer.allocUnsafe(length);
      const more = (filled: number): void => {
        fs.read(fd, target, filled, length - filled, offset + filled, (error, count) => {
          if (error === null && count > 0 && filled + count < length) return more(filled + count);
          this.#release(fd);
          if (error !== null) done(error, Buffer.alloc(0));
          else done(undefined, target.subarray(0, filled + count));
        });
      };
      more(0);
    });
  }

  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void {
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length;
    if (bytes <= DIRECT_BYTES) {
      done(this.#writeDirectly(name, offset, buffers, bytes));
      return;
    }
    this.#open(name, true, (openError, fd) => {
      if (openError !== undefined) return done(openError);
      this.#writeAll(fd, offset, buffers.slice(), (error) => {
        this.#release(fd);
        done(error);
      });
    });
  }

  #writeDirectly(name: string, offset: number, buffers: readonly Uint8Array[], bytes: number): Error | undefined {
    try {
      const fd = this.#openSync(name);
      let rest = buffers.slice();
      for (let written = 0; written < bytes; ) {
        const count = fs.writevSync(fd, rest, offset + written);
        written += count;
        rest = behind(rest, count);
      }
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }

  /** A short write is gone on with; the disk then says why, if there is a reason. */
  #writeAll(fd: number, offset: number, buffers: Uint8Array[], done: Done): void {
    fs.writev(fd, buffers, offset, (error, count) => {
      if (error !== null) return done(error);
      const rest = behind(buffers, count);
      if (rest.length === 0) done(undefined);
      else this.#writeAll(fd, offset + count, rest, done);
    });
  }

  sync(name: string, done: Done): void {
    if (!this.#fsync) {
      done(undefined);
      return;
    }
    this.#open(name, false, (openError, fd) => {
      if (openError !== undefined) return done(openError);
      fs.fdatasync(fd, (error) => {
        this.#release(fd);
        done(error ?? undefined);
      });
    });
  }

  truncate(name: string, length: number, done: Done): void {
    fs.truncate(this.#path(name), length, (error) => done(error ?? undefined));
  }

  rename(from: string, to: string, done: Done): void {
    fs.rename(this.#path(from), this.#path(to), (error) => {
      if (error === null) {
        this.#forget(to);
        const fd = this.#files.get(from);
        this.#files.delete(from);
        if (fd !== undefined) this.#files.set(to, fd);
      }
      done(error ?? undefined);
    });
  }

  remove(name: string, done: Done): void {
    this.#forget(name);
    fs.unlink(this.#path(name), (error) => done(error ?? undefined));
  }

  syncDirectory(done: Done): void {
    if (!this.#fsync) {
      setImmediate(done, undefined);
      return;
    }
    if (this.#closed) {
      done(new Error('the directory is synced after the disk was closed'));
      return;
    }
    this.#directorySyncs++;
    fs.fsync(this.#directoryFd, (error) => {
      this.#directorySyncs--;
      if (this.#closed && this.#directorySyncs === 0) fs.closeSync(this.#directoryFd);
      done(error ?? undefined);
    });
  }

  close(): void {
    this.#closed = true;
    // A descriptor that an operation still uses is closed when that ends: its number must not be given to another file.
    for (const fd of this.#files.values()) if (!this.#users.has(fd)) fs.closeSync(fd);
    this.#files.clear();
    if (this.#reserve !== undefined) fs.closeSync(this.#reserve);
    this.#reserve = undefined;
    if (this.#directorySyncs === 0) fs.closeSync(this.#directoryFd);
  }

  #path(name: string): string {
    assert(!name.includes('/') && name !== '..', `${name} is no plain file name`);
    return path.join(this.#directory, name);
  }

  /** Calls back with a descriptor that stays open until `#release`. Opening an open file calls back at once. */
  #open(name: string, create: boolean, done: OpenDone): void {
    const held = this.#files.get(name);
    if (held !== undefined) {
      this.#use(name, held);
      done(undefined, held);
      return;
    }
    try {
      const fd = this.#openSync(name, create);
      this.#use(name, fd);
      done(undefined, fd);
    } catch (error) {
      done(error as Error, -1);
    }
  }

  #openSync(name: string, create = true): number {
    const held = this.#files.get(name);
    if (held !== undefined) return held;
    if (this.#closed) throw new Error(`${name} is asked for after the disk was closed`);
    const flags = create ? fs.constants.O_RDWR | fs.constants.O_CREAT : fs.constants.O_RDWR;
    const fd = this.#openPath(this.#path(name), flags);
    this.#files.set(name, fd);
    this.#closeUnused(fd);
    if (this.#reserve === undefined) this.#takeReserve();
    return fd;
  }

  /**
   * Opens a path; where the process has no descriptor left, one of ours that nobody uses just now is given up for it.
   */
  #openPath(path: string, flags: number): number {
    for (;;) {
      try {
        return fs.openSync(path, flags, 0o600);
      } catch (error) {
        if (!isOutOfDescriptors(error as Error) || !this.#giveUpOne()) throw error;
      }
    }
  }

  #giveUpOne(): boolean {
    if (this.#reserve !== undefined) {
      fs.closeSync(this.#reserve);
      this.#reserve = undefined;
      return true;
    }
    for (const [name, fd] of this.#files) {
      if (this.#users.has(fd)) continue;
      this.#forget(name);
      return true;
    }
    return false;
  }

  #use(name: string, fd: number): void {
    this.#files.delete(name);
    this.#files.set(name, fd);
    this.#users.set(fd, (this.#users.get(fd) ?? 0) + 1);
  }

  #release(fd: number): void {
    const users = (this.#users.get(fd) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(fd, users);
      return;
    }
    this.#users.delete(fd);
    if (!this.#isNamed(fd)) fs.closeSync(fd);
  }

  #isNamed(fd: number): boolean {
    for (const named of this.#files.values()) if (named === fd) return true;
    return false;
  }

  /** The name is gone; its descriptor is closed now, or when the last operation on it ends. */
  #forget(name: string): void {
    const fd = this.#files.get(name);
    if (fd === undefined) return;
    this.#files.delete(name);
    if (!this.#users.has(fd)) fs.closeSync(fd);
  }

  /** Least recently used first; never `opened`, which its opener has not begun to use. */
  #closeUnused(opened: number): void {
    for (const [name, fd] of this.#files) {
      if (this.#files.size <= OPEN_FILES_MAX) return;
      if (fd !== opened && !this.#users.has(fd)) this.#forget(name);
    }
  }

  #takeReserve(): void {
    try {
      this.#reserve = fs.openSync('/dev/null', 'r');
    } catch (error) {
      if (!isOutOfDescriptors(error as Error)) throw error;
      this.#reserve = undefined;
    }
  }
}

function isOutOfDescriptors(error: Error): boolean {
  const code = errorCode(error);
  return code === 'EMFILE' || code === 'ENFILE';
}

/** What remains of `buffers` behind the first `bytes`. */
function behind(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skipped = bytes;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skipped >= buffer.length) skipped -= buffer.length;
    else {
      rest.push(skipped === 0 ? buffer : buffer.subarray(skipped));
      skipped = 0;
    }
  }
  return rest;
}
