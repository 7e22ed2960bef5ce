/** Changes bytes without knowing what they mean: flips, boundary values, cuts, copies, splices, words. */
import type { Prng } from '../../src/base/index.js';

/** Longer inputs only cost time: limits of readers are met by length fields, and by seeds of their own. */
const inputBytesMax = 64 * 1024;

/** What length fields, counts and numbers break at. */
const boundaries: readonly bigint[] = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** What a mutation may draw from. */
export interface Material {
  /** Other inputs, for splices. */
  readonly pool: readonly Buffer[];
  readonly words: readonly Buffer[];
}

/** A changed copy of `input`: usually a few changes, sometimes many, now and then nothing but chance. */
export function mutate(random: Prng, input: Buffer, material: Material): Buffer {
  if (random.chance(1, 40)) return randomBytes(random, random.below(200));
  let bytes: Buffer = Buffer.from(input);
  const changes = random.chance(1, 8) ? random.between(5, 40) : random.between(1, 4);
  for (let i = 0; i < changes; i++) bytes = random.pick(mutations)(random, bytes, material);
  return bytes.length > inputBytesMax ? bytes.subarray(0, inputBytesMax) : bytes;
}

type Mutation = (random: Prng, bytes: Buffer, material: Material) => Buffer;

const mutations: readonly Mutation[] = [
  flipBit,
  flipBit,
  setByte,
  setByte,
  nudgeByte,
  setNumber,
  setNumber,
  cut,
  remove,
  duplicate,
  insertRandom,
  insertWord,
  insertWord,
  splice,
  swapStretches,
  fill,
];

/** `count` uniform bytes. */
export function randomBytes(random: Prng, count: number): Buffer {
  const bytes = Buffer.allocUnsafe(count);
  for (let i = 0; i < count; i++) bytes[i] = random.below(256);
  return bytes;
}

function flipBit(random: Prng, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  return bytes;
}

function setByte(random: Prng, bytes: Buffer): Buffer {
  if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
  return bytes;
}

function nudgeByte(random: Prng, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.below(bytes.length);
  bytes[at] = ((bytes[at] as number) + random.between(-8, 8)) & 0xff;
  return bytes;
}

/** Writes a boundary value over 1, 2, 4 or 8 bytes. */
function setNumber(random: Prng, bytes: Buffer): Buffer {
  const size = random.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const at = random.below(bytes.length - size + 1);
  const value = random.pick(boundaries);
  for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * (size - 1 - i))) & 0xffn);
  return bytes;
}

function cut(random: Prng, bytes: Buffer): Buffer {
  return bytes.subarray(0, random.below(bytes.length + 1));
}

function remove(random: Prng, bytes: Buffer): Buffer {
  const [from, to] = stretch(random, bytes);
  return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
}

function duplicate(random: Prng, bytes: Buffer): Buffer {
  const [from, to] = stretch(random, bytes);
  const times = random.chance(1, 10) ? random.between(2, 50) : 1;
  const copies = new Array<Buffer>(times).fill(bytes.subarray(from, to));
  return insert(bytes, random.below(bytes.length + 1), Buffer.concat(copies).subarray(0, inputBytesMax));
}

function insertRandom(random: Prng, bytes: Buffer): Buffer {
  return insert(bytes, random.below(bytes.length + 1), randomBytes(random, random.between(1, 16)));
}

function insertWord(random: Prng, bytes: Buffer, { words }: Material): Buffer {
  if (words.length === 0) return setNumber(random, bytes);
  const word = random.pick(words);
  const at = random.below(bytes.length + 1);
  if (random.chance(1, 2)) return insert(bytes, at, word);
  return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(Math.min(bytes.length, at + word.length))]);
}

/** Our beginning and another input's end, or a stretch of it in our middle. */
function splice(random: Prng, bytes: Buffer, { pool }: Material): Buffer {
  const other = random.pick(pool);
  const [from, to] = stretch(random, other);
  const at = random.below(bytes.length + 1);
  if (random.chance(1, 2)) return Buffer.concat([bytes.subarray(0, at), other.subarray(from)]);
  return insert(bytes, at, other.subarray(from, to));
}

function swapStretches(random: Prng, bytes: Buffer): Buffer {
  const [from, to] = stretch(random, bytes);
  const at = random.below(from + 1);
  return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, to), bytes.subarray(at, from), bytes.subarray(to)]);
}

function fill(random: Prng, bytes: Buffer): Buffer {
  const [from, to] = stretch(random, bytes);
  return bytes.fill(random.pick([0, 0xff, random.below(256)]), from, to);
}

/** A random stretch, short ones more often. */
function stretch(random: Prng, bytes: Buffer): readonly [from: number, to: number] {
  const from = random.below(bytes.length + 1);
  const longest = bytes.length - from;
  const length = random.chance(3, 4) ? Math.min(longest, random.below(32)) : random.below(longest + 1);
  return [from, from + length];
}

function insert(bytes: Buffer, at: number, what: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(at)]);
}
