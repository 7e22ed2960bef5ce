/** One flat directory of files as the log sees it: callback style, so that a simulated disk can finish later. */

/**
 * Called exactly once. It may be called before the function that took it returns (a small write into the page cache).
 */
export type Done = (error: Error | undefined) => void;
/** As {@link Done}, with the bytes that were read; they are shorter than asked for at the end of the file. */
export type ReadDone = (error: Error | undefined, bytes: Buffer) => void;

/**
 * What reaches the disk when: `write` promises nothing; `sync` makes the bytes and the length of a file durable;
 * `syncDirectory` makes created, renamed and removed names durable. An error carries the system's `code`
 * (`ENOSPC`, `EIO`, `ENOENT` …).
 */
export interface Disk {
  /** The names in the directory, in no particular order. */
  list(): string[];
  /** Length of a file in bytes, or undefined if there is none of that name. */
  size(name: string): number | undefined;
  /** Fills `target` from `offset` on and says how many bytes there were. Only while opening: it blocks. */
  readSync(name: string, offset: number, target: Buffer): number;
  read(name: string, offset: number, length: number, done: ReadDone): void;
  /** Writes the buffers one behind the other from `offset` on in one go; creates the file if it is missing. */
  write(name: string, offset: number, buffers: readonly Uint8Array[], done: Done): void;
  /** fdatasync. After an error nothing may be assumed about what the file holds, and it must never be retried. */
  sync(name: string, done: Done): void;
  truncate(name: string, length: number, done: Done): void;
  /** Replaces `to` if it exists. Durable only after `syncDirectory`. */
  rename(from: string, to: string, done: Done): void;
  remove(name: string, done: Done): void;
  syncDirectory(done: Done): void;
  /** Gives descriptors back. Nothing may be called afterwards. */
  close(): void;
}

/** The system's code of an error, or "" if it has none. */
export function errorCode(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : '';
}

/** True when the disk (or the quota) is full: the one write error that is waited out instead of being fatal. */
export function isDiskFull(error: Error): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** The same of any error: one that says so in its text only (LevelDB), or that was caused by one. */
export function comesOfFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return isDiskFull(error) || /No space left|quota exceeded/.test(error.message) || comesOfFullDisk(error.cause);
}
