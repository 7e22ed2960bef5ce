/**
 * A run: consecutive messages of one session, the body of a submit, kept byte for byte up to the log and the history
 * page.
 */
import { assert, isAscii, isUtf8, limits, readU16, readU32, readU64, U53_MAX, viewAround } from '../base/index.js';
import { ProtocolError } from './errors.js';
import { ID_BYTES, writeSession } from './fields.js';
import { eventKinds } from './kinds.js';
import type { EventKind } from './messages/rooms.js';
import type { SessionId } from './types.js';
import { Writer } from './writer.js';

/** u53 sessionSlot · u32 sessionIndex · 16 B nonce · u53 firstSeq · u53 answeredBelow · u16 count. */
export const RUN_HEADER_BYTES = 8 + 4 + ID_BYTES + 8 + 8 + 2;
const INDEX_AT = 8;
const NONCE_AT = 12;
const FIRST_SEQ_AT = NONCE_AT + ID_BYTES;
const ANSWERED_AT = FIRST_SEQ_AT + 8;
const COUNT_AT = ANSWERED_AT + 8;
/** kind, room length, text length. */
const MESSAGE_BYTES_MIN = 1 + 1 + 2;

const KIND_MAX = eventKinds.words.length;

/** What stands before a run's messages. */
export interface RunHeader {
  readonly session: SessionId;
  readonly nonce: Uint8Array;
  /** The seq of the first message, from 1. */
  readonly firstSeq: number;
  /** The client has every answer below this seq, so those may be forgotten; at most firstSeq. */
  readonly answeredBelow: number;
  /** 1..65535. */
  readonly count: number;
}

export interface RunMessage {
  readonly kind: EventKind;
  /** At most 255 bytes; "" where the kind has no room. */
  readonly room: string;
  /** At most 65,535 bytes: what is too long for a chat line is refused at apply, with an answer. */
  readonly text: string;
}

const writer = new Writer();

/** Encodes a run; one above `limits.runBytesMax` is our own bug: the sender cuts by bytes. */
export function encodeRun(header: Omit<RunHeader, 'count'>, messages: readonly RunMessage[]): Buffer {
  assert(messages.length > 0, 'a run without messages');
  writer.begin();
  writeSession(writer, header.session);
  writer.fixed(header.nonce, ID_BYTES);
  writer.u53(header.firstSeq);
  writer.u53(header.answeredBelow);
  writer.u16(messages.length);
  for (const message of messages) {
    writer.u8(eventKinds.code(message.kind));
    writer.string8(message.room);
    writer.string(message.text);
  }
  const run = writer.finish();
  const wrong = headerFault(run, 0);
  assert(wrong === undefined, `run: ${wrong}`);
  assert(run.length <= limits.runBytesMax, `run of ${run.length} bytes where ${limits.runBytesMax} are allowed`);
  return run;
}

/** The bytes that a message adds to a run, for cutting runs by `limits.runBytesMax`. */
export function runMessageBytes(message: RunMessage): number {
  return MESSAGE_BYTES_MIN + Buffer.byteLength(message.room) + Buffer.byteLength(message.text);
}

/** The header of the run at `offset`; nonce is a view. Throws {@link ProtocolError} if it is cut off or impossible. */
export function readRunHeader(bytes: Uint8Array, offset = 0): RunHeader {
  if (bytes.length - offset < RUN_HEADER_BYTES) throw new ProtocolError('truncated', 'a run shorter than its header');
  const wrong = headerFault(bytes, offset);
  if (wrong !== undefined) throw new ProtocolError('outOfRange', `run: ${wrong}`);
  return {
    session: { slot: readU64(bytes, offset), index: readU32(bytes, offset + INDEX_AT) },
    nonce: bytes.subarray(offset + NONCE_AT, offset + NONCE_AT + ID_BYTES),
    firstSeq: readU64(bytes, offset + FIRST_SEQ_AT),
    answeredBelow: readU64(bytes, offset + ANSWERED_AT),
    count: readU16(bytes, offset + COUNT_AT),
  };
}

/** What is impossible in the header, which lies wholly within the bytes. */
function headerFault(bytes: Uint8Array, offset: number): string | undefined {
  const slot = readU64(bytes, offset);
  const firstSeq = readU64(bytes, offset + FIRST_SEQ_AT);
  const answeredBelow = readU64(bytes, offset + ANSWERED_AT);
  const count = readU16(bytes, offset + COUNT_AT);
  if (slot < 1 || slot > U53_MAX) return `session slot ${slot}`;
  if (count < 1) return 'no messages';
  if (firstSeq < 1 || firstSeq > U53_MAX - (count - 1)) return `${count} messages from seq ${firstSeq}`;
  if (answeredBelow > firstSeq) return `answered below ${answeredBelow} but begins at ${firstSeq}`;
  return undefined;
}

/**
 * Walks a run without allocating: `reset`, then `next` until it answers false. The fields describe the message that
 * `next` stepped on, as offsets into the bytes given to `reset`. Broken bytes throw {@link ProtocolError}.
 */
export class RunReader {
  /** Of the run. */
  sessionSlot = 0;
  sessionIndex = 0;
  nonceOffset = 0;
  firstSeq = 0;
  answeredBelow = 0;
  count = 0;
  /** Of the current message: its 0-based place, its seq, and where it begins and ends. */
  index = -1;
  seq = 0;
  offset = 0;
  end = 0;
  /** A code of {@link eventKinds}. */
  kind = 0;
  roomOffset = 0;
  roomLength = 0;
  textOffset = 0;
  textLength = 0;

  #bytes: Uint8Array = new Uint8Array(0);
  #limit = 0;

  /** Begins the run in bytes[offset, end). */
  reset(bytes: Uint8Array, offset = 0, end = bytes.length): this {
    if (end - offset < RUN_HEADER_BYTES) throw new ProtocolError('truncated', 'a run shorter than its header');
    const wrong = headerFault(bytes, offset);
    if (wrong !== undefined) throw new ProtocolError('outOfRange', `run: ${wrong}`);
    this.sessionSlot = readU64(bytes, offset);
    this.sessionIndex = readU32(bytes, offset + INDEX_AT);
    this.nonceOffset = offset + NONCE_AT;
    this.firstSeq = readU64(bytes, offset + FIRST_SEQ_AT);
    this.answeredBelow = readU64(bytes, offset + ANSWERED_AT);
    this.count = readU16(bytes, offset + COUNT_AT);
    this.index = -1;
    this.seq = this.firstSeq - 1;
    this.offset = offset;
    this.end = offset + RUN_HEADER_BYTES;
    this.#bytes = bytes;
    this.#limit = end;
    return this;
  }

  /** Steps to the next message; false after the last, once nothing is left over. */
  next(): boolean {
    const start = this.end;
    if (this.index + 1 === this.count) {
      if (start !== this.#limit)
        throw new ProtocolError('leftOver', `${this.#limit - start} bytes after a run's last message`);
      return false;
    }
    const bytes = this.#bytes;
    if (this.#limit - start < MESSAGE_BYTES_MIN) throw new ProtocolError('truncated', 'a run ends inside a message');
    const kind = bytes[start] as number;
    if (kind < 1 || kind > KIND_MAX) throw new ProtocolError('unknownValue', `message kind ${kind}`);
    const roomLength = bytes[start + 1] as number;
    const textLengthAt = start + 2 + roomLength;
    if (this.#limit - textLengthAt < 2) throw new ProtocolError('truncated', 'a run ends inside a room');
    const textLength = readU16(bytes, textLengthAt);
    if (this.#limit - textLengthAt - 2 < textLength) throw new ProtocolError('truncated', 'a run ends inside a text');
    this.index++;
    this.seq++;
    this.offset = start;
    this.kind = kind;
    this.roomOffset = start + 2;
    this.roomLength = roomLength;
    this.textOffset = textLengthAt + 2;
    this.textLength = textLength;
    this.end = this.textOffset + textLength;
    return true;
  }
}

const checker = new RunReader();

/**
 * Throws {@link ProtocolError} unless the bytes are one whole run of at most `limits.runBytesMax` whose rooms and texts
 * are UTF-8. Whether a room, a text or a session is lawful is decided at apply, with an answer. decode does this for
 * every submit; batches of other servers go through checkBatch.
 */
export function checkRun(bytes: Uint8Array): void {
  if (bytes.length > limits.runBytesMax) {
    throw new ProtocolError('tooLong', `run of ${bytes.length} bytes where ${limits.runBytesMax} are allowed`);
  }
  walkRun(bytes, 0, bytes.length);
}

/** The same for a run within a batch. */
export function walkRun(bytes: Uint8Array, offset: number, end: number): void {
  checker.reset(bytes, offset, end);
  const view = viewAround(bytes);
  while (checker.next()) {
    const { roomOffset, roomLength, textOffset, textLength } = checker;
    if (!isText(bytes, view, roomOffset, roomLength)) throw new ProtocolError('utf8', 'a room is no UTF-8');
    if (!isText(bytes, view, textOffset, textLength)) throw new ProtocolError('utf8', 'a text is no UTF-8');
  }
}

/** UTF-8, which mostly is plain ASCII; `view` is of the memory around `bytes`. */
function isText(bytes: Uint8Array, view: DataView, offset: number, length: number): boolean {
  const start = bytes.byteOffset + offset;
  return isAscii(view, start, start + length) || isUtf8(bytes, offset, offset + length);
}

/** The cheap half of the check, for our own runs on their way out. */
export function assertRun(bytes: Uint8Array): void {
  assert(bytes.length >= RUN_HEADER_BYTES && bytes.length <= limits.runBytesMax, 'a run of a size that cannot be');
  const wrong = headerFault(bytes, 0);
  assert(wrong === undefined, `run: ${wrong}`);
}
