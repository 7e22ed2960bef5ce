/** Small helpers on byte arrays: big-endian numbers at an offset without DataView or BigInt, comparing, hexadecimal. */

/** The largest number on the wire and on disk: 2^53 - 1. */
export const U53_MAX = Number.MAX_SAFE_INTEGER;

const TWO_32 = 0x1_0000_0000;

/** Two bytes big-endian. The caller has checked that they are there. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** Four bytes big-endian, unsigned. The caller has checked that they are there. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return (
    (((bytes[offset] as number) << 24) |
      ((bytes[offset + 1] as number) << 16) |
      ((bytes[offset + 2] as number) << 8) |
      (bytes[offset + 3] as number)) >>>
    0
  );
}

/**
 * Eight bytes big-endian. Above 2^53 - 1 the result is inexact: compare it with {@link U53_MAX} where it is a peer's.
 */
export function readU64(bytes: Uint8Array, offset: number): number {
  return readU32(bytes, offset) * TWO_32 + readU32(bytes, offset + 4);
}

export function writeU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeU32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** A number of 0..2^53-1 as eight bytes big-endian. */
export function writeU53(bytes: Uint8Array, offset: number, value: number): void {
  writeU32(bytes, offset, Math.floor(value / TWO_32));
  writeU32(bytes, offset + 4, value >>> 0);
}

/** Same length and same bytes. Not for secrets: it stops at the first difference. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Byte by byte as unsigned numbers; a prefix comes before what it begins. Negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Every byte is zero; true for an empty array. */
export function isAllZero(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** The bytes of a hexadecimal text, or undefined if it is none. */
export function fromHex(text: string): Buffer | undefined {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? Buffer.from(text, 'hex') : undefined;
}

/** The same memory as a Buffer; never a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
