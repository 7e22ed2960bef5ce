/** Which segments a log has and whose they are: judged before any record is read. */
import { equalBytes } from '../base/index.js';
import type { Disk } from './disk.js';
import { DamagedLog, StorageError, waysOn } from './errors.js';
import {
  decodeHeader,
  FORMAT_VERSION,
  HEADER_BYTES,
  headerVersion,
  type SegmentHeader,
  segmentName,
  segmentNumber,
  type WalIdentity,
} from './segment.js';

export interface SegmentsOptions {
  /** Whose log it must be; undefined reads anybody's (`synod log check`). */
  readonly identity?: WalIdentity;
  /** First segment to read: the checkpoint's. */
  readonly replayFrom?: number;
  /** A log was begun in this directory: one without any segment is not new but lost. */
  readonly expectLog?: boolean;
}

/** The segments to read, which must be there without a gap. `isReplayed`: what they say is to be applied. */
export function segmentsToRead(
  disk: Disk,
  { replayFrom = 0, expectLog = false }: SegmentsOptions,
  isReplayed: boolean,
): readonly number[] {
  const numbers = allSegments(disk).filter((segment) => segment >= replayFrom);
  const first = numbers[0];
  if (first === undefined || (replayFrom > 0 && first !== replayFrom)) {
    if (replayFrom === 0 && !expectLog) return [];
    throw new StorageError(
      'LOG_MISSING',
      `the log's segment ${segmentName(Math.max(replayFrom, 1))} is missing although this server has voted before. ` +
        `It must not vote without its log: put the missing wal-*.log files back and ${waysOn('them')}`,
    );
  }
  if (replayFrom === 0 && first > 1 && isReplayed) {
    throw new StorageError(
      'LOG_TRIMMED',
      `the log begins with ${segmentName(first)}, older segments were deleted (--retain), and the checkpoints that ` +
        `stood for them are missing: put the directory state back and ${waysOn('it')}`,
    );
  }
  for (const [i, segment] of numbers.entries()) {
    if (segment !== first + i) throw new DamagedLog(first + i, 0, 'the file is missing, and a later segment exists');
  }
  return numbers;
}

/** Segments that history still reads and the scan does not. */
export function segmentsBefore(disk: Disk, replayFrom: number): readonly number[] {
  return allSegments(disk).filter((segment) => segment < replayFrom);
}

function allSegments(disk: Disk): number[] {
  const numbers = disk.list().map(segmentNumber);
  return numbers.filter((segment) => segment !== undefined).sort((a, b) => a - b);
}

/** A segment's header, undefined where it is unreadable. It must be this server's, of this life or an earlier one. */
export function headerOf(disk: Disk, segment: number, identity: WalIdentity | undefined): SegmentHeader | undefined {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const length = disk.readSync(segmentName(segment), 0, bytes);
  const header = decodeHeader(bytes.subarray(0, length));
  if (header === undefined) {
    const version = headerVersion(bytes.subarray(0, length));
    if (version !== undefined && version > FORMAT_VERSION && version < 1000) {
      throw new StorageError(
        'LOG_VERSION',
        `${segmentName(segment)} has log format ${version}, this program knows ${FORMAT_VERSION}: start the newer ` +
          'program that wrote it',
      );
    }
    return undefined;
  }
  if (header.segment !== segment) throw new DamagedLog(segment, 0, `its header is that of segment ${header.segment}`);
  if (identity !== undefined) checkOwner(header, identity);
  return header;
}

function checkOwner(header: SegmentHeader, identity: WalIdentity): void {
  const foreign = !equalBytes(header.clusterId, identity.clusterId)
    ? 'another cluster'
    : header.serverId !== identity.serverId
      ? `server ${header.serverId}`
      : !equalBytes(header.birthId, identity.birthId)
        ? 'another data directory'
        : undefined;
  if (foreign !== undefined) {
    throw new StorageError(
      'FOREIGN_LOG',
      `${segmentName(header.segment)} was written by ${foreign}: files of two data directories are mixed here. ` +
        "Move that file back to where it came from and put this server's own in its place",
    );
  }
  if (header.epoch > identity.epoch || header.incarnation > identity.incarnation) {
    throw new StorageError(
      'IDENTITY_OLD',
      `${segmentName(header.segment)} was written by a later life of this server than the file identity knows of: ` +
        `identity comes from an old backup, which would reuse ballots. Put the latest copy of it back and ${waysOn('that')}`,
    );
  }
}
