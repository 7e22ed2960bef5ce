/**
 * CRC-32 (IEEE 802.3, reflected, as in zip and Ethernet): finds bit rot and torn writes, no protection against malice.
 */
import { crc32 as zlibCrc32 } from 'node:zlib';

/**
 * The checksum of `data`, as an unsigned 32-bit number. `previous` chains: crc32(b, crc32(a)) equals the checksum of a
 * followed by b. Costs 0.7 µs per 4 KiB (PERFORMANCE.md, choice 9). Needs Node 20.15.
 */
export function crc32(data: Uint8Array, previous = 0): number {
  return zlibCrc32(data, previous);
}
