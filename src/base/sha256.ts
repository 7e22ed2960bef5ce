/**
 * SHA-256 (FIPS 180-4) without Node's crypto, for the few short hashes that the pure folders need. Not for bulk data.
 */
import { readU32, writeU32 } from './bytes.js';

const BLOCK_BYTES = 64;
const ROUNDS = 64;

/**
 * The first 32 bits of the fractional parts of the `root`-th roots of the first `count` primes (FIPS 180-4, 4.2.2,
 * 5.3.3).
 */
function primeRoots(count: number, root: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let candidate = 2, found = 0; found < count; candidate++) {
    let prime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) prime = false;
    if (prime) {
      const value = candidate ** (1 / root);
      words[found++] = Math.floor((value - Math.floor(value)) * 0x1_0000_0000);
    }
  }
  return words;
}

const ROUND_CONSTANTS = primeRoots(ROUNDS, 3);
const INITIAL_STATE = primeRoots(8, 2);

function rotateRight(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

/** The 32-byte digest of `data`. */
export function sha256(data: Uint8Array): Buffer {
  const padded = Buffer.alloc(Math.ceil((data.length + 9) / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(data);
  padded[data.length] = 0x80;
  writeU32(padded, padded.length - 8, Math.floor(data.length / 0x2000_0000));
  writeU32(padded, padded.length - 4, (data.length << 3) >>> 0);

  const state = INITIAL_STATE.slice();
  const schedule = new Uint32Array(ROUNDS);
  for (let block = 0; block < padded.length; block += BLOCK_BYTES) mixBlock(state, schedule, padded, block);

  const digest = Buffer.allocUnsafe(32);
  for (let i = 0; i < 8; i++) writeU32(digest, i * 4, state[i] as number);
  return digest;
}

function mixBlock(state: Uint32Array, schedule: Uint32Array, bytes: Uint8Array, offset: number): void {
  for (let i = 0; i < 16; i++) schedule[i] = readU32(bytes, offset + i * 4);
  for (let i = 16; i < ROUNDS; i++) {
    const early = schedule[i - 15] as number;
    const late = schedule[i - 2] as number;
    const s0 = rotateRight(early, 7) ^ rotateRight(early, 18) ^ (early >>> 3);
    const s1 = rotateRight(late, 17) ^ rotateRight(late, 19) ^ (late >>> 10);
    schedule[i] = (schedule[i - 16] as number) + s0 + (schedule[i - 7] as number) + s1;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25);
    const choice = (e & f) ^ (~e & g);
    const t1 = (h + s1 + choice + (ROUND_CONSTANTS[i] as number) + (schedule[i] as number)) | 0;
    const s0 = rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + s0 + majority) | 0;
  }
  const mixed = [a, b, c, d, e, f, g, h];
  for (let i = 0; i < 8; i++) state[i] = (state[i] as number) + (mixed[i] as number);
}
