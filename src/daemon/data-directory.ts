/** A daemon's data directory: made if missing, of the right kind, and held by one process. */
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { ExitError, exitCodes } from '../base/index.js';
import { type DirectoryLock, IDENTITY_NAME, lockDirectory } from '../storage/index.js';

/** The file by which a balancer's directory is known. */
export const sealFileName = 'seal.json';

const kinds = {
  balancer: { others: IDENTITY_NAME, owner: 'a server' },
  server: { others: sealFileName, owner: 'a balancer' },
} as const;

/**
 * Makes, checks and locks `directory`. Throws an ExitError: exit 3 when it belongs to the other kind of daemon or
 * can't be
 * made, exit 7 when another process holds it.
 */
export async function takeDataDirectory(directory: string, kind: keyof typeof kinds): Promise<DirectoryLock> {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new ExitError(
      exitCodes.refused,
      'BAD_DIRECTORY',
      `cannot make the data directory ${directory} (${(error as Error).message}): choose another --data-dir`,
      { cause: error },
    );
  }
  const { others, owner } = kinds[kind];
  if (existsSync(path.join(directory, others))) {
    throw new ExitError(
      exitCodes.refused,
      'WRONG_DIRECTORY',
      `${directory} is the data directory of ${owner}, not of a ${kind}: choose another --data-dir`,
    );
  }
  return lockDirectory(directory);
}
