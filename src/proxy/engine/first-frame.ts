/** Tells from the first bytes of a connection whether it speaks this protocol: every caller begins with hello. */
import { readU32 } from '../../base/index.js';
import { FRAME_HEADER_BYTES, FRAME_VERSION, frameBytesMax, registry } from '../../wire/index.js';
import { framePrefixBytes } from './read-frame.js';

/** The bytes of a frame up to its type. */
export const frameStartBytes = 10;

/** `more`: what is there could still be a hello. */
export type FirstBytes = 'hello' | 'other' | 'more';

export function judgeFirstBytes(bytes: Uint8Array): FirstBytes {
  const helloBytesMax = frameBytesMax(registry.hello.limitClass);
  // The length of a hello is small: its upper bytes are zero, which a text protocol's first byte never is.
  if (bytes.length >= 1 && bytes[0] !== 0) return 'other';
  if (bytes.length >= 2 && bytes[1] !== 0) return 'other';
  if (bytes.length >= 4) {
    const frameBytes = readU32(bytes, 0) + framePrefixBytes;
    if (frameBytes < FRAME_HEADER_BYTES || frameBytes > helloBytesMax) return 'other';
  }
  if (bytes.length >= 9 && bytes[8] !== FRAME_VERSION) return 'other';
  if (bytes.length >= frameStartBytes) return bytes[9] === registry.hello.code ? 'hello' : 'other';
  return 'more';
}
