/** The item that changes the members: what it holds, and what is wrong with one that no honest server proposes. */
import { assert, readU16, readU64, U53_MAX, writeU16, writeU53 } from '../base/index.js';
import { ITEM_HEADER_BYTES, ITEM_MEMBERS, startItem } from './entry.js';
import { ProtocolError } from './errors.js';
import { ID_BYTES } from './fields.js';
import type { Seat } from './types.js';

/** All members after a change. */
export interface MembersItem {
  /** One more than that of the members before; an item with any other has no effect. */
  readonly epoch: number;
  readonly seats: readonly Seat[];
}

/** u53 epoch · u16 count. */
const HEAD_BYTES = 8 + 2;
/** u16 id · 16 B birth id · u8 votes · u16 takes. */
const SEAT_BYTES = 2 + ID_BYTES + 1 + 2;

export function membersItem({ epoch, seats }: MembersItem): Buffer {
  const fault = faultOf(epoch, seats);
  assert(fault === undefined, `members: ${fault}`);
  const item = startItem(ITEM_MEMBERS, HEAD_BYTES + seats.length * SEAT_BYTES);
  writeU53(item, ITEM_HEADER_BYTES, epoch);
  writeU16(item, ITEM_HEADER_BYTES + 8, seats.length);
  seats.forEach(({ id, birthId, votes, takes }, i) => {
    const at = ITEM_HEADER_BYTES + HEAD_BYTES + i * SEAT_BYTES;
    writeU16(item, at, id);
    item.set(birthId, at + 2);
    item[at + 2 + ID_BYTES] = votes ? 1 : 0;
    writeU16(item, at + 3 + ID_BYTES, takes);
  });
  return item;
}

/** Birth ids are views. Throws {@link ProtocolError}. */
export function readMembers(bytes: Uint8Array, offset: number, length: number): MembersItem {
  if (length < HEAD_BYTES) throw new ProtocolError('truncated', `members of ${length} bytes`);
  const epoch = readU64(bytes, offset);
  const count = readU16(bytes, offset + 8);
  if (length !== HEAD_BYTES + count * SEAT_BYTES)
    throw new ProtocolError('count', `${count} members in ${length} bytes`);
  const seats: Seat[] = [];
  for (let at = offset + HEAD_BYTES; at < offset + length; at += SEAT_BYTES) {
    const votes = bytes[at + 2 + ID_BYTES] as number;
    if (votes > 1) throw new ProtocolError('unknownValue', `votes ${votes}`);
    seats.push({
      id: readU16(bytes, at),
      birthId: bytes.subarray(at + 2, at + 2 + ID_BYTES),
      votes: votes === 1,
      takes: readU16(bytes, at + 3 + ID_BYTES),
    });
  }
  const fault = faultOf(epoch, seats);
  if (fault !== undefined) throw new ProtocolError('outOfRange', `members: ${fault}`);
  return { epoch, seats };
}

/** What no membership may be; undefined if it is a lawful one. */
function faultOf(epoch: number, seats: readonly Seat[]): string | undefined {
  const ids = new Set(seats.map(({ id }) => id));
  const own = seats.filter(({ takes }) => takes === 0);
  if (epoch < 2 || epoch > U53_MAX) return `epoch ${epoch}`;
  if (ids.has(0) || ids.size !== seats.length) return 'ids that are not distinct numbers from 1 on';
  if (own.length % 2 === 0) return `${own.length} seats, which is no odd number`;
  if (!own.some(({ votes }) => votes)) return 'nobody votes';
  const taken = seats.filter(({ takes }) => takes !== 0);
  if (taken.some(({ votes, takes }) => votes || !own.some(({ id }) => id === takes))) return 'a seat that nobody has';
  if (new Set(taken.map(({ takes }) => takes)).size !== taken.length) return 'a seat that two would take';
  return undefined;
}
