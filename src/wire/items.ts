/** Reading the bodies of items, and the structural check of the batches and entries that other servers send. */
import { asBuffer, limits, readU16, readU32, readU64, U53_MAX } from '../base/index.js';
import { readDecision } from './decision-item.js';
import {
  type AttachItem,
  type DetachItem,
  EntryReader,
  ITEM_ATTACH,
  ITEM_DECISION,
  ITEM_DETACH,
  ITEM_MEMBERS,
  ITEM_REGISTER,
  ITEM_RUN,
  ITEM_TOUCH,
  type RegisterItem,
  readEntryHeader,
  TOKEN_HASH_BYTES,
} from './entry.js';
import { ProtocolError } from './errors.js';
import { ID_BYTES } from './fields.js';
import { readMembers } from './members-item.js';
import { textAt } from './reader.js';
import { walkRun } from './run.js';
import type { SessionId } from './types.js';

const SESSION_BYTES = 8 + 4;
const WINDOW_AT = ID_BYTES;
const SERVER_AT = WINDOW_AT + 2;
const TOKEN_AT = SERVER_AT + 2;
const NAME_AT = TOKEN_AT + TOKEN_HASH_BYTES;
const REGISTER_BYTES_MIN = NAME_AT + 1;
const ATTACH_BYTES = SESSION_BYTES + ID_BYTES + 2;
const DETACH_BYTES = SESSION_BYTES + 8;

/**
 * The register whose body is bytes[offset, offset + length); nonce and token hash are views. Throws {@link
 * ProtocolError}.
 */
export function readRegister(bytes: Uint8Array, offset: number, length: number): RegisterItem {
  demand(length >= REGISTER_BYTES_MIN, 'truncated', `register of ${length} bytes`);
  const nameLength = bytes[offset + NAME_AT] as number;
  const nameAt = offset + REGISTER_BYTES_MIN;
  demand(length >= REGISTER_BYTES_MIN + nameLength, 'truncated', 'a register ends inside the name');
  demand(length === REGISTER_BYTES_MIN + nameLength, 'leftOver', 'bytes after the name of a register');
  const window = readU16(bytes, offset + WINDOW_AT);
  demand(window >= 1 && window <= limits.sessionWindowMax, 'outOfRange', `window ${window}`);
  return {
    nonce: bytes.subarray(offset, offset + ID_BYTES),
    window,
    server: readU16(bytes, offset + SERVER_AT),
    tokenHash: bytes.subarray(offset + TOKEN_AT, offset + NAME_AT),
    name: textAt(asBuffer(bytes), nameAt, nameAt + nameLength),
  };
}

/** The sessions that a touch keeps alive. */
export function readTouch(bytes: Uint8Array, offset: number, length: number): SessionId[] {
  demand(length >= 2, 'truncated', `touch of ${length} bytes`);
  const count = readU16(bytes, offset);
  demand(count >= 1 && length === 2 + count * SESSION_BYTES, 'count', `touch of ${count} sessions in ${length} bytes`);
  const sessions: SessionId[] = [];
  for (let i = 0; i < count; i++) sessions.push(readSessionAt(bytes, offset + 2 + i * SESSION_BYTES));
  return sessions;
}

/** The nonce is a view. */
export function readAttach(bytes: Uint8Array, offset: number, length: number): AttachItem {
  demand(length === ATTACH_BYTES, 'truncated', `attach of ${length} bytes`);
  return {
    session: readSessionAt(bytes, offset),
    nonce: bytes.subarray(offset + SESSION_BYTES, offset + SESSION_BYTES + ID_BYTES),
    server: readU16(bytes, offset + SESSION_BYTES + ID_BYTES),
  };
}

export function readDetach(bytes: Uint8Array, offset: number, length: number): DetachItem {
  demand(length === DETACH_BYTES, 'truncated', `detach of ${length} bytes`);
  const attachment = readU64(bytes, offset + SESSION_BYTES);
  demand(attachment <= U53_MAX, 'outOfRange', `attachment ${attachment}`);
  return { session: readSessionAt(bytes, offset), attachment };
}

function readSessionAt(bytes: Uint8Array, offset: number): SessionId {
  const slot = readU64(bytes, offset);
  demand(slot >= 1 && slot <= U53_MAX, 'outOfRange', `session in slot ${slot}`);
  return { slot, index: readU32(bytes, offset + 8) };
}

/**
 * Throws {@link ProtocolError} unless the bytes are whole items, at least one, within `limits.batchBytesMax`. Whoever
 * proposes a forwarded batch calls it first: what is in the log is executed by every server and must be readable.
 */
export function checkBatch(batch: Uint8Array): void {
  demand(batch.length > 0, 'truncated', 'a batch without items');
  demand(batch.length <= limits.batchBytesMax, 'tooLong', `batch of ${batch.length} bytes`);
  checkItems(new EntryReader().resetBatch(batch), batch);
}

/** The same for an entry. */
export function checkEntry(entry: Uint8Array): void {
  if (readEntryHeader(entry).noop) return;
  checkItems(new EntryReader().resetEntry(entry), entry);
}

function checkItems(items: EntryReader, bytes: Uint8Array): void {
  while (items.next()) {
    const { offset, length } = items;
    switch (items.kind) {
      case ITEM_RUN:
        walkRun(bytes, offset, offset + length);
        break;
      case ITEM_REGISTER:
        readRegister(bytes, offset, length);
        break;
      case ITEM_TOUCH:
        readTouch(bytes, offset, length);
        break;
      case ITEM_ATTACH:
        readAttach(bytes, offset, length);
        break;
      case ITEM_DETACH:
        readDetach(bytes, offset, length);
        break;
      case ITEM_MEMBERS:
        readMembers(bytes, offset, length);
        break;
      case ITEM_DECISION:
        readDecision(bytes, offset, length);
        break;
      default:
        throw new ProtocolError('unknownValue', `item kind ${items.kind}`);
    }
  }
}

function demand(condition: boolean, reason: ProtocolError['reason'], text: string): void {
  if (!condition) throw new ProtocolError(reason, text);
}
