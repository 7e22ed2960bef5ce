/** An entry: the value of one slot, a stamp and items. A batch, what paxos forwards, is the items alone. */
import { assert, limits, readU32, readU64, U53_MAX, writeU16, writeU32, writeU53 } from '../base/index.js';
import { ProtocolError } from './errors.js';
import { ID_BYTES } from './fields.js';
import type { ServerId, SessionId } from './types.js';

/** u8 kind · u32 elapsedMs · u53 wallMs. */
export const ENTRY_HEADER_BYTES = 1 + 4 + 8;
/** u8 kind · u32 length. */
export const ITEM_HEADER_BYTES = 1 + 4;
/** The hash of a user's token. */
export const TOKEN_HASH_BYTES = 32;

/** Codes of an entry's first byte. */
export const ENTRY_NOOP = 0;
export const ENTRY_BATCH = 1;

/** Codes of an item's first byte; append only. */
export const ITEM_RUN = 1;
export const ITEM_REGISTER = 2;
export const ITEM_TOUCH = 3;
export const ITEM_ATTACH = 4;
export const ITEM_DETACH = 5;
export const ITEM_MEMBERS = 6;
export const ITEM_DECISION = 7;

const SESSION_BYTES = 8 + 4;
const REGISTER_BYTES_MIN = ID_BYTES + 2 + 2 + TOKEN_HASH_BYTES + 1;
const ATTACH_BYTES = SESSION_BYTES + ID_BYTES + 2;
const DETACH_BYTES = SESSION_BYTES + 8;

/** When the leader proposed. */
export interface EntryStamp {
  /** The leader's monotonic ms since its previous entry, 0 for its first, at most `limits.logClockStepMsMax`. */
  readonly elapsedMs: number;
  /** Its wall clock, ms since 1970; shown, never reasoned with. */
  readonly wallMs: number;
}

export interface EntryHeader extends EntryStamp {
  readonly noop: boolean;
}

/** The entry that holds these batches, in their order. The Buffer is an own one: it will be kept. */
export function encodeEntry(stamp: EntryStamp, batches: readonly Uint8Array[]): Buffer {
  let length = ENTRY_HEADER_BYTES;
  for (const batch of batches) length += batch.length;
  assert(length > ENTRY_HEADER_BYTES, 'an entry without items');
  assert(length <= ENTRY_HEADER_BYTES + limits.batchBytesMax, `batches of ${length} bytes`);
  const entry = Buffer.allocUnsafe(length);
  putHeader(entry, ENTRY_BATCH, stamp);
  let at = ENTRY_HEADER_BYTES;
  for (const batch of batches) {
    entry.set(batch, at);
    at += batch.length;
  }
  return entry;
}

/** The entry that fills a hole. */
export function noopEntry(stamp: EntryStamp): Buffer {
  const entry = Buffer.allocUnsafe(ENTRY_HEADER_BYTES);
  putHeader(entry, ENTRY_NOOP, stamp);
  return entry;
}

function putHeader(entry: Buffer, kind: number, { elapsedMs, wallMs }: EntryStamp): void {
  assert(
    Number.isInteger(elapsedMs) && elapsedMs >= 0 && elapsedMs <= limits.logClockStepMsMax,
    `elapsedMs ${elapsedMs}`,
  );
  assert(Number.isSafeInteger(wallMs) && wallMs >= 0, `wallMs ${wallMs}`);
  entry[0] = kind;
  writeU32(entry, 1, elapsedMs);
  writeU53(entry, 5, wallMs);
}

/** An entry's stamp and kind. Throws {@link ProtocolError} if the bytes are no entry. */
export function readEntryHeader(bytes: Uint8Array): EntryHeader {
  if (bytes.length < ENTRY_HEADER_BYTES) throw new ProtocolError('truncated', `an entry of ${bytes.length} bytes`);
  const kind = bytes[0] as number;
  if (kind !== ENTRY_NOOP && kind !== ENTRY_BATCH) throw new ProtocolError('unknownValue', `entry kind ${kind}`);
  if (kind === ENTRY_NOOP && bytes.length > ENTRY_HEADER_BYTES)
    throw new ProtocolError('leftOver', 'a no-op with items');
  if (kind === ENTRY_BATCH && bytes.length === ENTRY_HEADER_BYTES)
    throw new ProtocolError('truncated', 'a batch without items');
  const elapsedMs = readU32(bytes, 1);
  const wallMs = readU64(bytes, 5);
  if (elapsedMs > limits.logClockStepMsMax) throw new ProtocolError('outOfRange', `elapsedMs ${elapsedMs}`);
  if (wallMs > U53_MAX) throw new ProtocolError('outOfRange', `wallMs ${wallMs}`);
  return { noop: kind === ENTRY_NOOP, elapsedMs, wallMs };
}

/**
 * Walks the items of an entry or a batch without allocating: `resetEntry` or `resetBatch`, then `next` until it answers
 * false. Broken framing throws {@link ProtocolError}.
 */
export class EntryReader {
  /** One of the ITEM codes. */
  kind = 0;
  /** The item's 0-based place: a session registered here gets it as its index. */
  index = -1;
  /** Where the current item's body begins and how long it is. */
  offset = 0;
  length = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /** Begins an entry's items; check its header with {@link readEntryHeader}. */
  resetEntry(entry: Uint8Array): this {
    return this.#reset(entry, ENTRY_HEADER_BYTES);
  }

  resetBatch(batch: Uint8Array): this {
    return this.#reset(batch, 0);
  }

  /** Where the item ends and the next one begins. */
  get end(): number {
    return this.offset + this.length;
  }

  /** Steps to the next item; false after the last. */
  next(): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at === bytes.length) return false;
    if (bytes.length - at < ITEM_HEADER_BYTES) throw new ProtocolError('truncated', 'an item shorter than its header');
    const kind = bytes[at] as number;
    if (kind < ITEM_RUN || kind > ITEM_DECISION) throw new ProtocolError('unknownValue', `item kind ${kind}`);
    const length = readU32(bytes, at + 1);
    const offset = at + ITEM_HEADER_BYTES;
    if (length > bytes.length - offset)
      throw new ProtocolError('truncated', `item of ${length} bytes in ${bytes.length - offset}`);
    this.kind = kind;
    this.index++;
    this.offset = offset;
    this.length = length;
    this.#at = offset + length;
    return true;
  }

  #reset(bytes: Uint8Array, at: number): this {
    this.#bytes = bytes;
    this.#at = at;
    this.index = -1;
    this.kind = 0;
    this.offset = at;
    this.length = 0;
    return this;
  }
}

export interface RegisterItem {
  readonly nonce: Uint8Array;
  readonly window: number;
  /** The server whose client this is. */
  readonly server: ServerId;
  readonly tokenHash: Uint8Array;
  /** At most 255 bytes; whether it is a lawful name is decided at apply. */
  readonly name: string;
}

export interface AttachItem {
  readonly session: SessionId;
  readonly nonce: Uint8Array;
  readonly server: ServerId;
}

export interface DetachItem {
  readonly session: SessionId;
  /** The attachment whose connection was lost; a newer one makes the item void. */
  readonly attachment: number;
}

/** An item around an encoded run. */
export function runItem(run: Uint8Array): Buffer {
  const item = startItem(ITEM_RUN, run.length);
  item.set(run, ITEM_HEADER_BYTES);
  return item;
}

export function registerItem({ nonce, window, server, tokenHash, name }: RegisterItem): Buffer {
  const nameBytes = Buffer.from(name, 'utf8');
  assert(nonce.length === ID_BYTES && tokenHash.length === TOKEN_HASH_BYTES, 'register: nonce or token hash');
  assert(window >= 1 && window <= limits.sessionWindowMax, `register: window ${window}`);
  assert(nameBytes.length <= 0xff, `register: name of ${nameBytes.length} bytes`);
  const item = startItem(ITEM_REGISTER, REGISTER_BYTES_MIN + nameBytes.length);
  item.set(nonce, 5);
  writeU16(item, 21, window);
  writeU16(item, 23, server);
  item.set(tokenHash, 25);
  item[57] = nameBytes.length;
  item.set(nameBytes, 58);
  return item;
}

/** Keeps these sessions alive; at most 65,535. */
export function touchItem(sessions: readonly SessionId[]): Buffer {
  assert(sessions.length >= 1 && sessions.length <= 0xffff, `touch of ${sessions.length} sessions`);
  const item = startItem(ITEM_TOUCH, 2 + sessions.length * SESSION_BYTES);
  writeU16(item, 5, sessions.length);
  for (const [i, session] of sessions.entries()) putSession(item, 7 + i * SESSION_BYTES, session);
  return item;
}

export function attachItem({ session, nonce, server }: AttachItem): Buffer {
  assert(nonce.length === ID_BYTES, 'attach: nonce');
  const item = startItem(ITEM_ATTACH, ATTACH_BYTES);
  putSession(item, 5, session);
  item.set(nonce, 17);
  writeU16(item, 33, server);
  return item;
}

export function detachItem({ session, attachment }: DetachItem): Buffer {
  const item = startItem(ITEM_DETACH, DETACH_BYTES);
  putSession(item, 5, session);
  writeU53(item, 17, attachment);
  return item;
}

/** An item's header with room for a body of `length` bytes behind it. */
export function startItem(kind: number, length: number): Buffer {
  const item = Buffer.allocUnsafe(ITEM_HEADER_BYTES + length);
  item[0] = kind;
  writeU32(item, 1, length);
  return item;
}

function putSession(bytes: Buffer, at: number, session: SessionId): void {
  assert(session.slot >= 1, `session in slot ${session.slot}`);
  writeU53(bytes, at, session.slot);
  writeU32(bytes, at + 8, session.index);
}
