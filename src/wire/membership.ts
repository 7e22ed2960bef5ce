/**
 * The hash by which two processes see that they mean the same cluster members: ids, birth ids and epoch, never
 * addresses.
 */
import { assert, sha256, writeU16, writeU53 } from '../base/index.js';
import { ID_BYTES } from './fields.js';
import type { Member } from './types.js';

const TAG = Buffer.from('synod membership', 'latin1');
const MEMBER_BYTES = 2 + ID_BYTES;

/**
 * The first 16 bytes of the SHA-256 over: the 16 ASCII bytes "synod membership", u53 epoch, u16 number of members, then
 * for each member by rising id: u16 id, 16 B birth id. The order in which members are given does not matter.
 */
export function membershipHash(epoch: number, members: readonly Member[]): Buffer {
  const sorted = members.slice().sort((a, b) => a.id - b.id);
  const bytes = Buffer.alloc(TAG.length + 8 + 2 + sorted.length * MEMBER_BYTES);
  bytes.set(TAG);
  writeU53(bytes, TAG.length, epoch);
  writeU16(bytes, TAG.length + 8, sorted.length);
  sorted.forEach((member, i) => {
    assert(member.id >= 1 && member.id <= 0xffff && member.birthId.length === ID_BYTES, `member ${member.id}`);
    assert(i === 0 || (sorted[i - 1] as Member).id !== member.id, `member ${member.id} is there twice`);
    const at = TAG.length + 10 + i * MEMBER_BYTES;
    writeU16(bytes, at, member.id);
    bytes.set(member.birthId, at + 2);
  });
  return sha256(bytes).subarray(0, ID_BYTES);
}
