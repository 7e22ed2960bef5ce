/** How many sockets this process may hold, so that the log and its next segment always find a file descriptor. */
import { readFileSync } from 'node:fs';

/** Kept for the log's segments, the state store and Node itself (RELIABILITY.md, pitfall 38). */
const RESERVED_DESCRIPTORS = 48;

/** The soft limit of open files, or undefined where the system does not tell. */
export function openFilesMax(limitsText = readLimits()): number | undefined {
  const match = /^Max open files\s+(\d+)/m.exec(limitsText);
  return match === null ? undefined : Number(match[1]);
}

/** `wanted` connections, or as many as the open-files limit leaves after the reserve, at least 4. */
export function connectionsWithinLimit(wanted: number, filesMax = openFilesMax()): number {
  return filesMax === undefined ? wanted : Math.max(4, Math.min(wanted, filesMax - RESERVED_DESCRIPTORS));
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch (error) {
    // Only Linux has this file; elsewhere the configured maximum stands alone.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
