/** The fingerprint of a membership that every hello carries: ids, birth ids and epoch, never addresses (PAXOS.md). */
import { createHash } from 'node:crypto';
import { equalBytes } from '../base/index.js';
import type { Member } from '../wire/index.js';

/** 16 bytes of zero: "no cluster", "no membership", "no birth id". */
export const zero16: Uint8Array = new Uint8Array(16);

/** The first 16 bytes of SHA-256 over epoch, then (id, birth id) in rising order of id. */
export function membershipHash(epoch: number, members: readonly Member[]): Uint8Array {
  const hash = createHash('sha256');
  const head = Buffer.alloc(8);
  head.writeUIntBE(epoch, 2, 6);
  hash.update(head);
  for (const member of [...members].sort((a, b) => a.id - b.id)) {
    const id = Buffer.alloc(2);
    id.writeUInt16BE(member.id);
    hash.update(id).update(member.birthId);
  }
  return hash.digest().subarray(0, 16);
}

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
