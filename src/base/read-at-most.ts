/** What a descriptor still gives, where its length cannot be asked for: a pipe, a device. */
import { readSync } from 'node:fs';

/** Reads on to the end, or to `bytesMax` bytes. */
export function readAtMost(descriptor: number, bytesMax: number): Buffer {
  const bytes = Buffer.alloc(bytesMax);
  let length = 0;
  for (;;) {
    const read = readSync(descriptor, bytes, length, bytes.length - length, null);
    length += read;
    if (read === 0 || length === bytes.length) return bytes.subarray(0, length);
  }
}
