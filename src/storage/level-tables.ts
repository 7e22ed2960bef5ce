/**
 * Looks LevelDB's tables through before LevelDB does. Its own checksums are in them, but it does not check them unless
 * it is told to, which classic-level cannot; and a rotten block may end the whole process in an assertion of its C++.
 * The format: https://github.com/google/leveldb/blob/main/doc/table_format.md
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { crc32c } from '../base/index.js';

const TABLE_NAME = /^\d+\.(ldb|sst)$/;
const FOOTER_BYTES = 48;
const MAGIC = Buffer.from('57fb808b247547db', 'hex');
/** Behind each block: how it is packed, and a checksum. */
const TRAILER_BYTES = 5;
const PLAIN = 0;
const MASK_DELTA = 0xa282ead8;

interface Block {
  readonly offset: number;
  readonly bytes: number;
}

/** The first table in `directory` that is not as it was written, with the reason; undefined if all are. */
export function findDamagedTable(directory: string): string | undefined {
  for (const name of fs.readdirSync(directory)) {
    if (!TABLE_NAME.test(name)) continue;
    const damage = damageOf(fs.readFileSync(path.join(directory, name)));
    if (damage !== undefined) return `table ${name} ${damage}`;
  }
  return undefined;
}

function damageOf(table: Buffer): string | undefined {
  try {
    checkTable(table);
    return undefined;
  } catch (error) {
    if (error instanceof Rotten) return error.message;
    throw error;
  }
}

class Rotten extends Error {}

/** Every byte of a table is in a block, in a trailer or in the footer, so all of them are checked. */
function checkTable(table: Buffer): void {
  const end = table.length - FOOTER_BYTES;
  if (end < 0 || !table.subarray(-MAGIC.length).equals(MAGIC)) throw new Rotten('has lost its end');
  const footer = new Cursor(table, end, table.length - MAGIC.length);
  const roots = [footer.block(), footer.block()];
  if (!footer.restIsZero) throw new Rotten('has a footer that was not written so');
  const blocks: Block[] = [...roots];
  for (const root of roots) {
    checkBlock(table, root, end);
    if (table[root.offset + root.bytes] === PLAIN) blocks.push(...blocksIn(table, root));
    else throw new Rotten('is packed, as before synod 0.4');
  }
  blocks.sort((a, b) => a.offset - b.offset);
  let at = 0;
  for (const block of blocks) {
    if (block.offset !== at) throw new Rotten(`has bytes at ${at} that belong to no block`);
    checkBlock(table, block, end);
    at += block.bytes + TRAILER_BYTES;
  }
  if (at !== end) throw new Rotten(`has bytes at ${at} that belong to no block`);
}

function checkBlock(table: Buffer, { offset, bytes }: Block, end: number): void {
  const trailer = offset + bytes;
  if (trailer + TRAILER_BYTES > end) throw new Rotten(`has no block at ${offset}`);
  const masked = table.readUInt32LE(trailer + 1);
  const crc = crc32c(table, offset, trailer + 1);
  const expected = (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
  if (masked !== expected) throw new Rotten(`fails the checksum of its block at ${offset}`);
}

/** The blocks that an index or a meta index, whose checksum is right, points to. */
function blocksIn(table: Buffer, { offset, bytes }: Block): Block[] {
  const restarts = table.readUInt32LE(offset + bytes - 4);
  const entries = new Cursor(table, offset, offset + bytes - 4 * (restarts + 1));
  const blocks: Block[] = [];
  while (!entries.done) {
    entries.varint();
    const keyBytes = entries.varint();
    entries.varint();
    entries.skip(keyBytes);
    blocks.push(entries.block());
  }
  return blocks;
}

class Cursor {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Buffer, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  get restIsZero(): boolean {
    return this.#bytes.subarray(this.#at, this.#end).every((byte) => byte === 0);
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; this.#at < this.#end && scale < 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new Rotten(`has no number at ${this.#at}`);
  }

  block(): Block {
    return { offset: this.varint(), bytes: this.varint() };
  }
}
