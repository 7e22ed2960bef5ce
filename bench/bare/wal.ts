/**
 * The bare pipeline's log: one zero-filled file, written from its beginning again when it is full; the next batch
 * collects while one is being synced.
 */
import * as fs from 'node:fs';
import { crc32, writeU32 } from '../../src/base/index.js';

const fileBytes = 64 * 2 ** 20;
const zeroBytes = 4 * 2 ** 20;
/** u32 length, u32 crc32 of the value. */
const recordHeaderBytes = 8;

export class BareWal {
  readonly #fd: number;
  readonly #fsync: boolean;
  readonly #onDurable: (slot: number) => void;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #lastSlot = 0;
  #offset = 0;
  #isSyncing = false;

  /** `onDurable` is told the highest slot on the disk, or only written when `fsync` is false. */
  constructor(file: string, fsync: boolean, onDurable: (slot: number) => void) {
    this.#fd = fs.openSync(file, 'w+');
    this.#fsync = fsync;
    this.#onDurable = onDurable;
    const zeros = Buffer.alloc(zeroBytes);
    for (let at = 0; at < fileBytes; at += zeroBytes) fs.writeSync(this.#fd, zeros, 0, zeroBytes, at);
    fs.fsyncSync(this.#fd);
  }

  /** The value must not change any more. Nothing is written before `flush`. */
  append(slot: number, value: Uint8Array): void {
    const header = Buffer.allocUnsafe(recordHeaderBytes);
    writeU32(header, 0, value.length);
    writeU32(header, 4, crc32(value));
    this.#pending.push(header, value);
    this.#pendingBytes += header.length + value.length;
    this.#lastSlot = slot;
  }

  /** Writes what was appended, unless a batch is being synced: then it goes as soon as that is done. */
  flush(): void {
    if (this.#isSyncing || this.#pendingBytes === 0) return;
    if (this.#offset + this.#pendingBytes > fileBytes) this.#offset = 0;
    const [batch, bytes, slot] = [this.#pending, this.#pendingBytes, this.#lastSlot];
    this.#pending = [];
    this.#pendingBytes = 0;
    if (fs.writevSync(this.#fd, batch, this.#offset) !== bytes) throw new Error('a short write');
    this.#offset += bytes;
    if (!this.#fsync) {
      this.#onDurable(slot);
      return;
    }
    this.#isSyncing = true;
    fs.fdatasync(this.#fd, (error) => {
      if (error !== null) throw error;
      this.#isSyncing = false;
      this.flush();
      this.#onDurable(slot);
    });
  }
}
