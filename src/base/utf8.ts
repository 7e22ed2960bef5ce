/** Is this valid UTF-8: the one check through which every text from outside passes. */
import { isUtf8 as nodeIsUtf8 } from 'node:buffer';

/** Below this many bytes a loop is faster than making a view and calling native code. */
const LOOP_BYTES_MAX = 192;

/** True if bytes[start, end) are valid UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF). */
export function isUtf8(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
  if (end - start > LOOP_BYTES_MAX) return nodeIsUtf8(bytes.subarray(start, end));
  let seen = 0;
  for (let i = start; i < end; i++) seen |= bytes[i] as number;
  return seen < 0x80 || nodeIsUtf8(bytes.subarray(start, end));
}
