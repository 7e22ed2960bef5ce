/** Every storage error a person can meet, each with a code, the exit code of the process and what to do next. */
import { ExitError } from '../base/index.js';

/**
 * 3: started wrongly (another directory or id is meant). 7: data damaged, disk error or directory locked (CONTRACT.md).
 */
const CATALOGUE = {
  DIRECTORY_LOCKED: 7,
  IDENTITY_DAMAGED: 7,
  IDENTITY_MISSING: 7,
  IDENTITY_OLD: 7,
  LOG_MISSING: 7,
  LOG_TRIMMED: 7,
  LOG_DAMAGED: 7,
  LOG_VERSION: 7,
  RESTORE_UNFINISHED: 7,
  STATE_MISSING: 7,
  STORE_DAMAGED: 7,
  DISK_ERROR: 7,
  WRONG_ID: 3,
  FOREIGN_CLUSTER: 3,
  FOREIGN_LOG: 7,
  FOREIGN_STORE: 7,
} as const;

export type StorageErrorCode = keyof typeof CATALOGUE;

/** `message` is one line that ends in what to do. */
export class StorageError extends ExitError {
  override readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, text: string, options?: ErrorOptions) {
    super(CATALOGUE[code], code, text, options);
    this.code = code;
  }
}

/**
 * The two ways on for a server that must not vote with what its directory holds. The second is open only while the
 * others can decide without it (PAXOS.md, Changing the members).
 */
export function waysOn(copy: string): string {
  return (
    `start again with ${copy}, or with an empty directory: the other servers admit it anew, as long as a majority of ` +
    'all servers still has its data'
  );
}

/**
 * The log holds less, or other things, than were durable in it. A server that met this must not vote: it may have
 * forgotten a promise or a vote (RELIABILITY.md, pitfalls 4 and 5).
 */
export class DamagedLog extends StorageError {
  constructor(
    readonly segment: number,
    /** Byte in the segment's file where the damage begins. */
    readonly offset: number,
    what: string,
  ) {
    super(
      'LOG_DAMAGED',
      `log segment ${segment} is damaged at byte ${offset}: ${what}. This server must not vote with it: keep the ` +
        `directory for inspection (\`synod log check DIR\`), and ${waysOn('an intact copy of the latest log')}`,
    );
  }
}

/** An I/O error of the disk as a storage error; `doing` names the action and the file. */
export function diskError(doing: string, cause: Error): StorageError {
  return new StorageError(
    'DISK_ERROR',
    `${doing}: ${cause.message}. The process stops, because what the disk now holds is unknown: check the disk ` +
      '(dmesg, smartctl), then start again; the log is checked in full at the start',
    { cause },
  );
}

/** What of a state store's errors a replay of the log makes good, if it leads there. */
export function isStoreDamage(error: unknown): boolean {
  return error instanceof StorageError && error.code === 'STORE_DAMAGED';
}

/** What becomes of a store that is not there. In a cluster made of a snapshot no log leads to the state. */
export const madeAnew =
  'the state is made anew from the log; where the log does not lead there the server says so, and what to do';

/** The state store is not what was written. The server sets it aside by itself (StoreHome) and replays its log. */
export function storeDamage(name: string, what: string, cause?: Error): StorageError {
  return new StorageError(
    'STORE_DAMAGED',
    `the checkpoint store ${name} is damaged (${what}): start again, then it is moved aside and ${madeAnew}`,
    cause === undefined ? undefined : { cause },
  );
}
