/**
 * A segment's name and its first 4 KiB. The header ties the file to one cluster, one server, one directory and one
 * place in the chain of records; a valid one says that every segment before it was durable to its last record.
 */
import { assert, crc32, readU64, writeU53 } from '../base/index.js';
import type { Incarnation, Member, ServerId } from '../wire/index.js';

/** One page: the header never shares a sector with a record. */
export const HEADER_BYTES = 4096;
/** 2: there may be history records. The same header, so that logs of version 1 are read as they are. */
export const FORMAT_VERSION = 2;
const FORMAT_VERSION_MIN = 1;
const MAGIC = Buffer.from('synodwal', 'latin1');
/** Fields end at 92; the ten bytes up to here are zero, for what a later format adds. */
const FIXED_BYTES = 102;
const MEMBER_BYTES = 18;
/** What fits into the header's page; the seal of a cluster is far below it. */
export const MEMBERS_MAX = Math.floor((HEADER_BYTES - FIXED_BYTES - 4) / MEMBER_BYTES);

/** Who writes this log (PAXOS.md, State and Birth id). */
export interface WalIdentity {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly serverId: ServerId;
  /** 16 bytes. */
  readonly birthId: Uint8Array;
  readonly epoch: number;
  readonly members: readonly Member[];
  readonly incarnation: Incarnation;
}

export interface SegmentHeader extends WalIdentity {
  readonly segment: number;
  /** Length of the file when it was prepared; a newest segment shorter than this has lost its end. */
  readonly capacityBytes: number;
  /** Sequence of the segment's first record, and the crc of the record before it. */
  readonly firstSequence: number;
  readonly previousCrc: number;
}

/** The name of a segment's file; numbers begin at 1 and are never used twice. */
export function segmentName(segment: number): string {
  return `wal-${String(segment).padStart(10, '0')}.log`;
}

/** The number in a segment's name, or undefined for any other file. */
export function segmentNumber(name: string): number | undefined {
  const match = /^wal-(\d{10})\.log$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function encodeHeader(header: SegmentHeader): Buffer {
  assert(header.members.length <= MEMBERS_MAX, `${header.members.length} members do not fit a segment header`);
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt32BE(FORMAT_VERSION, 8);
  writeU53(bytes, 12, header.segment);
  writeU53(bytes, 20, header.capacityBytes);
  bytes.set(header.clusterId, 28);
  bytes.set(header.birthId, 44);
  bytes.writeUInt16BE(header.serverId, 60);
  writeU53(bytes, 62, header.epoch);
  writeU53(bytes, 70, header.incarnation);
  writeU53(bytes, 78, header.firstSequence);
  bytes.writeUInt32BE(header.previousCrc, 86);
  bytes.writeUInt16BE(header.members.length, 90);
  header.members.forEach((member, i) => {
    bytes.writeUInt16BE(member.id, FIXED_BYTES + i * MEMBER_BYTES);
    bytes.set(member.birthId, FIXED_BYTES + i * MEMBER_BYTES + 2);
  });
  bytes.writeUInt32BE(crc32(bytes.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  return bytes;
}

/** The format version that a header claims, if it is one at all: tells a newer program's file from damage. */
export function headerVersion(bytes: Buffer): number | undefined {
  return bytes.length >= 12 && bytes.subarray(0, 8).equals(MAGIC) ? bytes.readUInt32BE(8) : undefined;
}

/** The header in the first bytes of a file, or undefined if its checksum or version does not hold. */
export function decodeHeader(bytes: Buffer): SegmentHeader | undefined {
  const version = headerVersion(bytes) ?? 0;
  if (bytes.length < HEADER_BYTES || version < FORMAT_VERSION_MIN || version > FORMAT_VERSION) return undefined;
  if (crc32(bytes.subarray(0, HEADER_BYTES - 4)) !== bytes.readUInt32BE(HEADER_BYTES - 4)) return undefined;
  const count = bytes.readUInt16BE(90);
  if (count > MEMBERS_MAX) return undefined;
  const members: Member[] = [];
  for (let i = 0; i < count; i++) {
    const at = FIXED_BYTES + i * MEMBER_BYTES;
    members.push({ id: bytes.readUInt16BE(at), birthId: Buffer.from(bytes.subarray(at + 2, at + MEMBER_BYTES)) });
  }
  return {
    segment: readU64(bytes, 12),
    capacityBytes: readU64(bytes, 20),
    clusterId: Buffer.from(bytes.subarray(28, 44)),
    birthId: Buffer.from(bytes.subarray(44, 60)),
    serverId: bytes.readUInt16BE(60),
    epoch: readU64(bytes, 62),
    incarnation: readU64(bytes, 70),
    firstSequence: readU64(bytes, 78),
    previousCrc: bytes.readUInt32BE(86),
    members,
  };
}
