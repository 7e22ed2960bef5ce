/** Small facts about memberships that balancer and server share. */
import { equalBytes } from '../base/index.js';
import type { Member } from '../wire/index.js';

/** 16 bytes of zero: "no cluster", "no membership", "no birth id". Never written to. */
export const zero16: Uint8Array = new Uint8Array(16);

/** The same members, each with the same birth id, in whatever order. */
export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return (
    a.length === b.length &&
    a.every((member) => {
      const other = b.find((candidate) => candidate.id === member.id);
      return other !== undefined && equalBytes(other.birthId, member.birthId);
    })
  );
}
