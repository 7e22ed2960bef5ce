/** What a write-ahead log is opened with, and what holds where its opener says nothing. */
import { type Clock, type Logger, limits, silentLogger } from '../base/index.js';
import type { StorageError } from './errors.js';
import type { ScanOptions } from './recovery.js';

export interface WalOptions extends Omit<ScanOptions, 'identity' | 'visit'> {
  readonly clock: Clock;
  readonly logger?: Logger;
  /** Length of a segment's file. Larger than any record plus `PREAMBLE_BYTES`. */
  readonly segmentBytes?: number;
  /** Length of a segment that must be made while the start waits for it: small, so that a start takes no second. */
  readonly firstSegmentBytes?: number;
  /** `saturated` is true above this many appended, undurable bytes. */
  readonly pendingBytesMax?: number;
  /** After this much idleness a mark ends the window in which damage to the last batch looks like a tear. */
  readonly markAfterMs?: number;
  /** A full disk is tried again this often. */
  readonly fullRetryMs?: number;
  /** The first `records` records appended in this process life are on disk. */
  readonly onDurable: (records: number) => void;
  /** Nothing more can be made durable until it is called with false: step down, serve reads. */
  readonly onFull: (full: boolean) => void;
  /** The disk failed; nothing becomes durable any more. Stop the process with the error's exit code. */
  readonly onFatal: (error: StorageError) => void;
}

const DEFAULTS = Object.freeze({
  logger: silentLogger,
  segmentBytes: limits.segmentBytes,
  /** 4 MiB are zero-filled and synced in about 15 ms, and last until the first full-sized segment is ready. */
  firstSegmentBytes: 4 * 1024 * 1024,
  /** Twice what a lawful leader has in flight (limits.acceptAheadBytes). */
  pendingBytesMax: 2 * limits.acceptAheadBytes,
  markAfterMs: 100,
  fullRetryMs: 500,
});

/** The options with every default in its place. */
export type CompleteOptions = WalOptions & Required<Pick<WalOptions, keyof typeof DEFAULTS>>;

/** Fills in what the opener left out. */
export function withDefaults(options: WalOptions): CompleteOptions {
  return { ...DEFAULTS, ...options };
}
