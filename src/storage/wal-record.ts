/**
 * The log's records as bytes. Each can be verified alone (its place and its segment are part of what the checksum
 * covers) and in its chain (it carries its predecessor's checksum), and says which records were durable when it was
 * written.
 *
 *    0  u32  crc32 of bytes 4 …, seeded with the segment's seed
 *    4  u32  length of the whole record
 *    8  u32  its own offset in the segment
 *   12  u32  crc field of the record before it (of the segment before, for a segment's first)
 *   16  u53  sequence: records are numbered from 1 for the life of the directory
 *   24  u32  distance to the first record of its batch; everything before that one was durable when this was written
 *   28  u8   kind, then three zero bytes
 *   32  body  promise: ballot · accept, chosen: slot, ballot, two zero bytes, value · commit: upto · mark: nothing ·
 *            history: as chosen, with a ballot of zeros
 */
import { assert, crc32, readU64, writeU53 } from '../base/index.js';
import type { Ballot, Slot } from '../wire/index.js';

/** What the log can hold; the same shape as paxos' Persist, of which storage knows nothing else. */
export type LogRecord =
  | { readonly kind: 'promise'; readonly ballot: Ballot }
  | { readonly kind: 'accept' | 'chosen'; readonly ballot: Ballot; readonly slot: Slot; readonly value: Uint8Array }
  | { readonly kind: 'commit'; readonly upto: Slot };

/**
 * A chosen value that came with a peer's state, for readers of history. It is no vote and nothing that recovery looks
 * at: only the slot index of the installed state leads to it.
 */
export interface HistoryRecord {
  readonly kind: 'history';
  readonly slot: Slot;
  readonly value: Uint8Array;
}

export const KIND = Object.freeze({ promise: 1, accept: 2, chosen: 3, commit: 4, mark: 5, history: 6 });

const NO_BALLOT: Ballot = { round: 0, server: 0, incarnation: 0 };

export const RECORD_HEAD_BYTES = 32;
/** Where an accept's, a chosen's or a history's value begins in its record. */
export const VALUE_OFFSET = 60;
const BALLOT_BYTES = 18;
export const PROMISE_BYTES = RECORD_HEAD_BYTES + BALLOT_BYTES;
export const COMMIT_BYTES = RECORD_HEAD_BYTES + 8;
export const MARK_BYTES = RECORD_HEAD_BYTES;

/** Where a record stands, decided when it is appended. */
export interface RecordPlace {
  readonly offset: number;
  readonly previousCrc: number;
  readonly sequence: number;
  readonly batchFirst: number;
}

/** A record read back; `value` is a view of the buffer it was read from. */
export interface ReadRecord {
  readonly place: RecordPlace;
  readonly crc: number;
  readonly length: number;
  readonly record: LogRecord | HistoryRecord | { readonly kind: 'mark' };
}

/** The seed of a segment's checksums: a record copied from another directory or segment fails its own. */
export function segmentSeed(birthId: Uint8Array, segment: number): number {
  const number = Buffer.alloc(8);
  writeU53(number, 0, segment);
  return crc32(number, crc32(birthId));
}

/** Bytes of a record on disk. */
export function recordBytes(record: LogRecord | HistoryRecord): number {
  switch (record.kind) {
    case 'promise':
      return PROMISE_BYTES;
    case 'commit':
      return COMMIT_BYTES;
    default:
      return VALUE_OFFSET + record.value.length;
  }
}

function writeBallot(target: Buffer, ballot: Ballot, at: number): void {
  writeU53(target, at, ballot.round);
  target.writeUInt16BE(ballot.server, at + 8);
  writeU53(target, at + 10, ballot.incarnation);
}

function readBallot(source: Buffer, at: number): Ballot {
  return { round: readU64(source, at), server: source.readUInt16BE(at + 8), incarnation: readU64(source, at + 10) };
}

function writeHead(target: Buffer, at: number, place: RecordPlace, length: number, kind: number): void {
  target.writeUInt32BE(length, at + 4);
  target.writeUInt32BE(place.offset, at + 8);
  target.writeUInt32BE(place.previousCrc, at + 12);
  writeU53(target, at + 16, place.sequence);
  target.writeUInt32BE(place.sequence - place.batchFirst, at + 24);
  target.writeUInt32BE(kind * 0x100_0000, at + 28);
}

/**
 * Writes everything of `record` but its value at `at` in `target` and returns the record's crc. The value, if any, must
 * follow in the file; its bytes are read here for the checksum and must not change afterwards.
 */
export function encodeRecord(
  target: Buffer,
  at: number,
  place: RecordPlace,
  record: LogRecord | HistoryRecord,
  seed: number,
): number {
  let end: number;
  let crc: number;
  switch (record.kind) {
    case 'promise':
      end = at + PROMISE_BYTES;
      writeHead(target, at, place, PROMISE_BYTES, KIND.promise);
      writeBallot(target, record.ballot, at + 32);
      crc = crc32(target.subarray(at + 4, end), seed);
      break;
    case 'commit':
      end = at + COMMIT_BYTES;
      writeHead(target, at, place, COMMIT_BYTES, KIND.commit);
      writeU53(target, at + 32, record.upto);
      crc = crc32(target.subarray(at + 4, end), seed);
      break;
    default:
      end = at + VALUE_OFFSET;
      writeHead(target, at, place, VALUE_OFFSET + record.value.length, KIND[record.kind]);
      writeU53(target, at + 32, record.slot);
      writeBallot(target, record.kind === 'history' ? NO_BALLOT : record.ballot, at + 40);
      target.writeUInt16BE(0, at + 58);
      crc = crc32(record.value, crc32(target.subarray(at + 4, end), seed));
  }
  target.writeUInt32BE(crc, at);
  return crc;
}

/** Writes a mark, which holds nothing: it only says that everything before it is durable. */
export function encodeMark(target: Buffer, at: number, place: RecordPlace, seed: number): number {
  writeHead(target, at, place, MARK_BYTES, KIND.mark);
  const crc = crc32(target.subarray(at + 4, at + MARK_BYTES), seed);
  target.writeUInt32BE(crc, at);
  return crc;
}

/**
 * The record at `at` in `bytes`, which holds the segment from `base` on, if the bytes there are one that was written
 * at exactly this place of exactly this segment; else undefined. Says nothing about the chain.
 */
export function readRecord(bytes: Buffer, at: number, base: number, seed: number): ReadRecord | undefined {
  if (at + RECORD_HEAD_BYTES > bytes.length) return undefined;
  if (bytes.readUInt32BE(at + 8) !== base + at) return undefined;
  const length = bytes.readUInt32BE(at + 4);
  if (length < RECORD_HEAD_BYTES || at + length > bytes.length) return undefined;
  const crc = bytes.readUInt32BE(at);
  if (crc32(bytes.subarray(at + 4, at + length), seed) !== crc) return undefined;
  const record = readBody(bytes, at, length);
  if (record === undefined) return undefined;
  const sequence = readU64(bytes, at + 16);
  const batchFirst = sequence - bytes.readUInt32BE(at + 24);
  return {
    place: { offset: base + at, previousCrc: bytes.readUInt32BE(at + 12), sequence, batchFirst },
    crc,
    length,
    record,
  };
}

function readBody(bytes: Buffer, at: number, length: number): ReadRecord['record'] | undefined {
  switch (bytes[at + 28]) {
    case KIND.promise:
      return length === PROMISE_BYTES ? { kind: 'promise', ballot: readBallot(bytes, at + 32) } : undefined;
    case KIND.commit:
      return length === COMMIT_BYTES ? { kind: 'commit', upto: readU64(bytes, at + 32) } : undefined;
    case KIND.mark:
      return length === MARK_BYTES ? { kind: 'mark' } : undefined;
    case KIND.accept:
    case KIND.chosen:
    case KIND.history: {
      if (length < VALUE_OFFSET) return undefined;
      const slot = readU64(bytes, at + 32);
      const value = bytes.subarray(at + VALUE_OFFSET, at + length);
      if (bytes[at + 28] === KIND.history) return { kind: 'history', slot, value };
      const kind = bytes[at + 28] === KIND.accept ? 'accept' : 'chosen';
      return { kind, slot, ballot: readBallot(bytes, at + 40), value };
    }
    default:
      return undefined;
  }
}

/** Plain order of ballots: round, then server, then incarnation (PAXOS.md, State). */
export function ballotAbove(a: Ballot, b: Ballot): boolean {
  if (a.round !== b.round) return a.round > b.round;
  if (a.server !== b.server) return a.server > b.server;
  return a.incarnation > b.incarnation;
}

/** Refuses what could not be read back; our own mistake, never the world's. */
export function assertLoggable(record: LogRecord | HistoryRecord): void {
  if (record.kind === 'commit') {
    assert(Number.isSafeInteger(record.upto) && record.upto >= 0, `commit hint ${record.upto}`);
    return;
  }
  if (record.kind !== 'promise') assert(Number.isSafeInteger(record.slot) && record.slot >= 1, `slot ${record.slot}`);
  if (record.kind === 'history') return;
  const { ballot } = record;
  assert(
    Number.isSafeInteger(ballot.round) && ballot.server <= 0xffff && Number.isSafeInteger(ballot.incarnation),
    'ballot out of range',
  );
}
