/** Damage to a frame's bytes; what comes out is a copy. */
import { FRAME_HEADER_BYTES } from '../../wire/index.js';
import type { Damage } from '../plan/fate.js';

/** A copy of the frame with one bit of its body flipped, a length that lies, or its end missing. */
export function damaged(frame: Uint8Array, { what, place }: Damage): Uint8Array {
  const copy = Buffer.from(frame);
  switch (what) {
    case 'payload': {
      // A frame without a body has its type flipped instead: any bit after the checksum is covered by it.
      const first = copy.length > FRAME_HEADER_BYTES ? FRAME_HEADER_BYTES : FRAME_HEADER_BYTES - 2;
      const bit = Math.floor(place * (copy.length - first) * 8);
      const at = first + (bit >> 3);
      copy[at] = (copy[at] as number) ^ (1 << (bit & 7));
      return copy;
    }
    case 'length': {
      // Off by one to 256, upwards: the receiver takes bytes of the next frame for this one's.
      const length = copy.readUInt32BE(0);
      copy.writeUInt32BE(length + 1 + Math.floor(place * 256), 0);
      return copy;
    }
    case 'truncate':
      return copy.subarray(0, Math.max(1, Math.floor(place * copy.length)));
  }
}
