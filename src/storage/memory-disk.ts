/**
 * A directory that is nowhere but in memory, for servers that keep nothing (`--memory`): it ends with its process.
 * Pages that hold only zeros are not held, so that the blank rest of a segment costs nothing.
 */
import type { Disk, Done, ReadDone } from './disk.js';

/** What is written a little at a time fills a page soon; larger ones would waste more at each segment's end. */
const PAGE_BYTES = 64 * 1024;

/** A file's bytes by pages; a page that is missing holds zeros. */
class Pages {
  length = 0;
  readonly #pages = new Map<number, Buffer>();

  get heldBytes(): number {
    return this.#pages.size * PAGE_BYTES;
  }

  write(offset: number, bytes: Uint8Array): void {
    this.length = Math.max(this.length, offset + bytes.length);
    for (const { page, at, from, to } of piecesOf(offset, bytes.length)) {
      const piece = bytes.subarray(from, to);
      const held = this.#pages.get(page);
      if (held !== undefined) held.set(piece, at);
      else if (!isZero(piece)) {
        const fresh = Buffer.alloc(PAGE_BYTES);
        fresh.set(piece, at);
        this.#pages.set(page, fresh);
      }
    }
  }

  /** Fills `target` as far as there are bytes and says how many that were. */
  read(offset: number, target: Buffer): number {
    const length = Math.max(0, Math.min(target.length, this.length - offset));
    for (const { page, at, from, to } of piecesOf(offset, length)) {
      const held = this.#pages.get(page);
      if (held === undefined) target.fill(0, from, to);
      else held.copy(target, from, at, at + to - from);
    }
    return length;
  }

  truncate(length: number): void {
    for (const page of this.#pages.keys()) if (page * PAGE_BYTES >= length) this.#pages.delete(page);
    // Whatever the file grows to later, what was cut off must not come back.
    this.#pages.get(Math.floor(length / PAGE_BYTES))?.fill(0, length % PAGE_BYTES);
    this.length = length;
  }
}

/** A part of a range that lies in one page: at byte `at` of it, and from `from` to `to` in the range. */
interface Piece {
  readonly page: number;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

function* piecesOf(offset: number, length: number): Generator<Piece> {
  for (let from = 0; from < length; ) {
    const at = (offset + from) % PAGE_BYTES;
    const to = Math.min(length, from + PAGE_BYTES - at);
    yield { page: Math.floor((offset + from) / PAGE_BYTES), at, from, to };
    from = to;
  }
}

const zeroPage = Buffer.alloc(PAGE_BYTES);

function isZero(bytes: Uint8Array): boolean {
  return zeroPage.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

/** Answers behind the turn in which it was asked, as a disk does; writes are in place at once. */
export class MemoryDisk implements Disk {
  readonly #files = new Map<string, Pages>();

  /** Memory taken by all files together. */
  get heldBytes(): number {
    let bytes = 0;
    for (const file of this.#files.values()) bytes += file.heldBytes;
    return bytes;
  }

  list(): string[] {
    return [...this.#files.keys()];
  }

  size(name: string): number | undefined {
    return this.#files.get(name)?.length;
  }

  readSync(name: string, offset: number, target: Buffer): number {
    const file = this.#files.get(name);
    if (file === undefined) throw missing(name);
    return file.read(offset, target);
  }

  read(name: string, offset: number, length: number, done: ReadDone): void {
    const file = this.#files.get(name);
    const target = Buffer.alloc(file === undefined ? 0 : length);
    const filled = file?.read(offset, target) ?? 0;
    setImmediate(done, file === undefined ? missing(name) : undefined, target.subarray(0, filled));
  }

  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void {
    const file = this.#files.get(name) ?? new Pages();
    this.#files.set(name, file);
    let at = offset;
    for (const buffer of buffers) {
      file.write(at, buffer);
      at += buffer.length;
    }
    done(undefined);
  }

  /** Nothing is durable here, and nobody was promised that it is (PAXOS.md, Memory-only servers). */
  sync(_name: string, done: Done): void {
    setImmediate(done, undefined);
  }

  truncate(name: string, length: number, done: Done): void {
    const file = this.#files.get(name);
    file?.truncate(length);
    setImmediate(done, file === undefined ? missing(name) : undefined);
  }

  rename(from: string, to: string, done: Done): void {
    const file = this.#files.get(from);
    if (file !== undefined) {
      this.#files.delete(from);
      this.#files.set(to, file);
    }
    setImmediate(done, file === undefined ? missing(from) : undefined);
  }

  remove(name: string, done: Done): void {
    const had = this.#files.delete(name);
    setImmediate(done, had ? undefined : missing(name));
  }

  syncDirectory(done: Done): void {
    setImmediate(done, undefined);
  }

  close(): void {
    this.#files.clear();
  }
}

function missing(name: string): Error {
  return Object.assign(new Error(`ENOENT: there is no file ${name}`), { code: 'ENOENT' });
}
