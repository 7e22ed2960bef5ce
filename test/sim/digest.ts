/** Names values by a checksum, computed once for each Buffer. */
import { crc32 } from '../../src/base/index.js';

const known = new WeakMap<Uint8Array, string>();

/** Equal values have equal digests; two values of one run with equal digests are taken to be equal. */
export function digestOf(value: Uint8Array): string {
  let digest = known.get(value);
  if (digest === undefined) {
    digest = `${crc32(value).toString(16)}/${value.length}`;
    known.set(value, digest);
  }
  return digest;
}
