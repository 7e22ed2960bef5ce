/**
 * A checksum over all live rows, kept up row by row and written with them: a row that a damaged store has lost, or
 * holds in an older version, is well-formed by itself and would quietly make this server another one than its peers.
 */
import { crc32 } from '../base/index.js';
import type { Row } from './types.js';

export class RowSum {
  /** Checksum of each row by its key. */
  readonly #rows = new Map<string, number>();
  #sum = 0;

  /** How many rows, and all their checksums together, whatever their order. */
  get value(): { readonly rows: number; readonly sum: number } {
    return { rows: this.#rows.size, sum: this.#sum >>> 0 };
  }

  put({ key, value }: Row): void {
    const sum = crc32(value, crc32(key));
    const name = nameOf(key);
    this.#sum ^= (this.#rows.get(name) ?? 0) ^ sum;
    this.#rows.set(name, sum);
  }

  delete(key: Uint8Array): void {
    const name = nameOf(key);
    this.#sum ^= this.#rows.get(name) ?? 0;
    this.#rows.delete(name);
  }
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}
