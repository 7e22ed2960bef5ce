/**
 * Writing a run piece by piece into memory that the caller owns: the sending client's hot path (the reader is in
 * run.ts).
 */
import { assert, writeU16, writeU32, writeU53 } from '../base/index.js';
import { ID_BYTES } from './fields.js';
import { eventKinds } from './kinds.js';
import type { EventKind } from './messages/rooms.js';
import { RUN_HEADER_BYTES, type RunHeader } from './run.js';

/** kind, room length, text length: what a message adds besides its room and text. */
export const RUN_MESSAGE_OVERHEAD_BYTES = 1 + 1 + 2;

/** Writes the header at `offset`; the messages follow at the offset returned. */
export function writeRunHeader(target: Uint8Array, offset: number, header: RunHeader): number {
  assert(header.nonce.length === ID_BYTES, `nonce of ${header.nonce.length} bytes`);
  assert(header.count >= 1 && header.count <= 0xffff, `run of ${header.count} messages`);
  assert(header.answeredBelow <= header.firstSeq, `answered below ${header.answeredBelow}, first ${header.firstSeq}`);
  writeU53(target, offset, header.session.slot);
  writeU32(target, offset + 8, header.session.index);
  target.set(header.nonce, offset + 12);
  writeU53(target, offset + 12 + ID_BYTES, header.firstSeq);
  writeU53(target, offset + 20 + ID_BYTES, header.answeredBelow);
  writeU16(target, offset + 28 + ID_BYTES, header.count);
  return offset + RUN_HEADER_BYTES;
}

/**
 * Writes one message at `offset` and gives the offset behind it. The caller has made room for
 * RUN_MESSAGE_OVERHEAD_BYTES + room + text (three bytes for each UTF-16 unit are always enough).
 */
export function writeRunMessage(
  target: Buffer,
  offset: number,
  kind: EventKind,
  room: Uint8Array,
  text: string | Uint8Array,
): number {
  assert(room.length <= 0xff, 'a room above 255 bytes');
  target[offset] = eventKinds.code(kind);
  target[offset + 1] = room.length;
  target.set(room, offset + 2);
  const textAt = offset + 4 + room.length;
  let textBytes = text.length;
  if (typeof text === 'string') textBytes = target.write(text, textAt, 'utf8');
  else target.set(text, textAt);
  assert(textBytes <= 0xffff, 'a text above 65,535 bytes');
  writeU16(target, textAt - 2, textBytes);
  return textAt + textBytes;
}
