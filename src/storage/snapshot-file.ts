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
import type { Slot } from '../wire/index.js';
import { pathError } from './path-error.js';
import { syncPath } from './sync-tree.js';

export interface SnapshotHeader {
  /** The cluster that it was taken of, hexadecimal. */
  readonly cluster: string;
  /** The server whose directory it was taken from. */
  readonly server: number;
  /** The state is applied through this slot, … */
  readonly slot: Slot;
  /** … and hashes to this, hexadecimal. */
  readonly hash: string;
  /** Values of the log come from this slot on; above `slot`: there are none. */
  readonly firstKept: Slot;
  /** When it was taken, ISO 8601. */
  readonly time: string;
}

const format = 1;
const magicWord = 'synod snapshot ';
const magic = Buffer.from(`${magicWord}${format}\n`);
const frameHeadBytes = 8;
/** A piece is about a chunk, and above it by one item at most. */
const frameBytesMax = limits.stateChunkBytes + limits.frameBytesMaxServer;

/** Writes beside the file, which appears when all of it is on disk. */
export class SnapshotWriter {
  readonly #path: string;
  readonly #file: number;
  #sum = 0;

  private constructor(target: string, file: number) {
    this.#path = target;
    this.#file = file;
  }

  /** Throws an ExitError (3) when the file is there already or cannot be made. */
  static create(target: string, header: SnapshotHeader): SnapshotWriter {
    checkAbsent(target);
    let file: number;
    try {
      // What an earlier one left, or somebody put there; never written through.
      rmSync(partOf(target), { force: true });
      file = openSync(partOf(target), 'wx', 0o600);
    } catch (error) {
      throw pathError('write', target, error);
    }
    const writer = new SnapshotWriter(target, file);
    try {
      writer.#put(magic);
      writer.add(Buffer.from(JSON.stringify(header)));
    } catch (error) {
      writer.abandon();
      throw error;
    }
    return writer;
  }

  /** Throws an ExitError when it cannot be written; {@link SnapshotWriter.abandon} it then. */
  add(bytes: Uint8Array): void {
    this.#sum = crc32(bytes, this.#sum);
    const head = Buffer.alloc(frameHeadBytes);
    head.writeUInt32BE(bytes.length, 0);
    head.writeUInt32BE(this.#sum, 4);
    this.#put(head);
    this.#put(bytes);
  }

  /** As `add`; behind it the file is there, and nothing is left to be abandoned. */
  finish(): void {
    this.add(new Uint8Array(0));
    checkAbsent(this.#path);
    try {
      fsyncSync(this.#file);
      renameSync(partOf(this.#path), this.#path);
      syncPath(path.dirname(path.resolve(this.#path)));
    } catch (error) {
      throw pathError('write', this.#path, error);
    }
    closeSync(this.#file);
  }

  /** It came to nothing. */
  abandon(): void {
    closeSync(this.#file);
    rmSync(partOf(this.#path), { force: true });
  }

  #put(bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      throw pathError('write', this.#path, error);
    }
  }
}

/**
 * Reads header and pieces, each checked before it is given; ends only behind the end mark. Throws an ExitError: 3 when
 * it cannot be read, 7 when it is damaged, cut off, or of another version.
 */
export class SnapshotReader {
  readonly header: SnapshotHeader;
  /** Its name. */
  readonly file: string;
  readonly #fd: number;
  /** Byte and checksum behind the header. */
  readonly #begin: { readonly at: number; readonly sum: number };
  #at = 0;
  #sum = 0;
  /** The checksum of all of it, once it was read to its end. */
  #whole: number | undefined;

  private constructor(source: string, fd: number) {
    this.file = source;
    this.#fd = fd;
    this.#checkMagic();
    this.header = readHeader(this.#frame()) ?? this.#fail('its header says nothing that is known');
    this.#begin = { at: this.#at, sum: this.#sum };
  }

  /** Reads the header; {@link SnapshotReader.close} it. */
  static open(source: string): SnapshotReader {
    let fd: number;
    try {
      fd = openSync(source, 'r');
    } catch (error) {
      throw pathError('read', source, error);
    }
    try {
      return new SnapshotReader(source, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Bytes read so far. */
  get bytes(): number {
    return this.#at;
  }

  /** From the first piece on, each time; a file that has changed since it was read to its end is damaged. */
  *pieces(): Generator<Buffer> {
    this.#at = this.#begin.at;
    this.#sum = this.#begin.sum;
    for (let piece = this.#frame(); piece.length > 0; piece = this.#frame()) yield piece;
    if (this.#read(Buffer.alloc(1), 0) > 0) throw this.#damaged('something follows its end');
    this.#whole ??= this.#sum;
    if (this.#whole !== this.#sum) throw this.#damaged('it was changed while it was read');
  }

  #checkMagic(): void {
    const found = this.#take(magic.length);
    if (found.equals(magic)) return;
    const text = found.toString('latin1');
    const known = /^(\d+)\n?$/.exec(text.slice(magicWord.length));
    if (!text.startsWith(magicWord) || known === null) throw this.#damaged('it does not begin as a snapshot does');
    throw new ExitError(
      exitCodes.damaged,
      'SNAPSHOT_VERSION',
      `the snapshot ${this.file} has format ${known[1]}, this program knows ${format}: use the newer program that ` +
        'wrote it; if none did, the file is damaged',
    );
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
      const more = this.#read(bytes, got);
      if (more === 0) throw this.#damaged('it is cut off');
      got += more;
    }
    this.#at += length;
    return bytes;
  }

  #read(target: Buffer, from: number): number {
    try {
      return readSync(this.#fd, target, from, target.length - from, this.#at + from);
    } catch (error) {
      throw pathError('read', this.file, error);
    }
  }

  #fail(why: string): never {
    throw this.#damaged(why);
  }

  #damaged(why: string): ExitError {
    return damagedSnapshot(this.file, `${why} (byte ${this.#at})`);
  }
}

/** Exit code 7. */
export function damagedSnapshot(source: string, why: string): ExitError {
  const text = `the snapshot ${source} is damaged: ${why}. Use another copy, or save it anew`;
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
    /^[0-9TZ:.-]{20,30}$/.test(time ?? '') &&
    [server, slot, firstKept].every((number) => Number.isSafeInteger(number) && (number as number) >= 1);
  return isWhole ? (header as SnapshotHeader) : undefined;
}

function partOf(target: string): string {
  return `${target}.part`;
}

function checkAbsent(target: string): void {
  if (!existsSync(target)) return;
  throw new ExitError(exitCodes.refused, 'BAD_PATH', `${target} is there already: choose another name`);
}
