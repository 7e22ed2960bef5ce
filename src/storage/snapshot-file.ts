/**
 * A snapshot as one file: who and what it is, the pieces of a state as a peer would get them, and an end, without which
 * it is none. Each frame's checksum goes on from the one before, so that nothing can be missing, doubled or moved.
 *
 *     "synod snapshot 1\n", then frames: u32 length · u32 crc32 · bytes
 *     the first is the header, JSON; then pieces (wire/state-items.ts); the last one is empty
 */
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { crc32, ExitError, exitCodes, limits } from '../base/index.js';

export interface SnapshotHeader {
  /** The cluster that it was taken of, hexadecimal. */
  readonly cluster: string;
  /** The server whose directory it was taken from. */
  readonly server: number;
  /** The state is applied through this slot, and hashes to this. */
  readonly slot: number;
  readonly hash: string;
  /** Values of the log come from this slot on. */
  readonly firstKept: number;
  /** When it was taken, ISO 8601. */
  readonly time: string;
}

const magic = Buffer.from('synod snapshot 1\n');
const frameHeadBytes = 8;
/** A piece is about a chunk, and above it by one item at most. */
const frameBytesMax = limits.stateChunkBytes + limits.frameBytesMaxServer;

/** Writes beside the file, which appears when all of it is on disk. */
export class SnapshotWriter {
  readonly #path: string;
  readonly #file: number;
  #sum = 0;
  bytes = 0;

  private constructor(target: string, file: number) {
    this.#path = target;
    this.#file = file;
  }

  /** Throws an ExitError (3) when the file is there already or cannot be made. */
  static create(target: string, header: SnapshotHeader): SnapshotWriter {
    if (existsSync(target)) throw unusable(target, 'it is there already: choose another name');
    try {
      const writer = new SnapshotWriter(target, openSync(partOf(target), 'w', 0o600));
      writer.#put(magic);
      writer.add(Buffer.from(JSON.stringify(header)));
      return writer;
    } catch (error) {
      throw unusable(target, (error as Error).message, error);
    }
  }

  add(bytes: Uint8Array): void {
    this.#sum = crc32(bytes, this.#sum);
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32BE(bytes.length, 0);
    head.writeUInt32BE(this.#sum, 4);
    this.#put(head);
    this.#put(bytes);
  }

  finish(): void {
    this.add(new Uint8Array(0));
    fsyncSync(this.#file);
    closeSync(this.#file);
    renameSync(partOf(this.#path), this.#path);
    const folder = openSync(path.dirname(path.resolve(this.#path)), 'r');
    fsyncSync(folder);
    closeSync(folder);
  }

  /** It came to nothing. */
  abandon(): void {
    closeSync(this.#file);
    rmSync(partOf(this.#path), { force: true });
  }

  #put(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    this.bytes += bytes.length;
  }
}

/**
 * Reads header and pieces, each checked before it is given; ends only behind the end mark. Throws an ExitError: 3 when
 * it cannot be read, 7 when it is damaged or cut off.
 */
export class SnapshotReader {
  readonly header: SnapshotHeader;
  readonly #path: string;
  readonly #file: number;
  #at = 0;
  #sum = 0;

  constructor(source: string) {
    this.#path = source;
    try {
      this.#file = openSync(source, 'r');
    } catch (error) {
      throw unusable(source, (error as Error).message, error);
    }
    if (!this.#take(magic.length).equals(magic)) throw this.#damaged('it does not begin as a snapshot does');
    this.header = readHeader(this.#frame()) ?? this.#fail('its header says nothing that is known');
  }

  get bytes(): number {
    return this.#at;
  }

  *pieces(): Generator<Buffer> {
    for (let piece = this.#frame(); piece.length > 0; piece = this.#frame()) yield piece;
    if (readSync(this.#file, Buffer.alloc(1), 0, 1, this.#at) > 0) throw this.#damaged('something follows its end');
  }

  close(): void {
    closeSync(this.#file);
  }

  #frame(): Buffer {
    const head = this.#take(frameHeadBytes);
    const length = head.readUInt32BE(0);
    if (length > frameBytesMax) throw this.#damaged(`a frame of ${length} bytes`);
    const bytes = this.#take(length);
    this.#sum = crc32(bytes, this.#sum);
    if (this.#sum !== head.readUInt32BE(4)) throw this.#damaged('a checksum does not match');
    return bytes;
  }

  #take(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let got = 0; got < length; ) {
      const more = readSync(this.#file, bytes, got, length - got, this.#at + got);
      if (more === 0) throw this.#damaged('it ends too early');
      got += more;
    }
    this.#at += length;
    return bytes;
  }

  #fail(why: string): never {
    throw this.#damaged(why);
  }

  #damaged(why: string): ExitError {
    return damagedSnapshot(this.#path, `${why} (byte ${this.#at})`);
  }
}

/** Exit code 7. */
export function damagedSnapshot(source: string, why: string): ExitError {
  const text = `the snapshot ${source} is damaged: ${why}. Use another one, or save it anew`;
  return new ExitError(exitCodes.damaged, 'SNAPSHOT_DAMAGED', text);
}

function readHeader(bytes: Buffer): SnapshotHeader | undefined {
  let header: Partial<SnapshotHeader>;
  try {
    header = JSON.parse(bytes.toString('utf8')) as Partial<SnapshotHeader>;
  } catch {
    return undefined;
  }
  const { cluster, server, slot, hash, firstKept, time } = header;
  const isWhole =
    /^[0-9a-f]{32}$/.test(cluster ?? '') &&
    /^[0-9a-f]{16}$/.test(hash ?? '') &&
    typeof time === 'string' &&
    [server, slot, firstKept].every((number) => Number.isSafeInteger(number) && (number as number) >= 1);
  return isWhole ? (header as SnapshotHeader) : undefined;
}

function partOf(target: string): string {
  return `${target}.part`;
}

function unusable(file: string, why: string, cause?: unknown): ExitError {
  return new ExitError(exitCodes.refused, 'BAD_SNAPSHOT_FILE', `${file} cannot be used: ${why}`, { cause });
}
