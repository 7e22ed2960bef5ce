/** What is wrong with a file or folder that somebody named, and what to do about it. */
import { ExitError, exitCodes } from '../base/index.js';
import { comesOfFullDisk, errorCode } from './disk.js';

const badPath = 'BAD_PATH';

/** What was to be done with it. */
export type PathUse = 'read' | 'write' | 'make';

/** Exit code 3, or 7 when the disk itself fails. */
export function pathError(use: PathUse, file: string, error: unknown): ExitError {
  const cause = error as Error;
  const code = errorCode(cause);
  const text = `cannot ${use} ${file}: ${comesOfFullDisk(error) ? fullText : (textOf(use, code) ?? cause.message)}`;
  return new ExitError(code === 'EIO' ? exitCodes.damaged : exitCodes.refused, badPath, text, { cause });
}

/** `error` as a {@link pathError}, if it is one of the system about files; anything else as it is. */
export function asPathError(use: PathUse, file: string, error: unknown): unknown {
  if (error instanceof ExitError && (error.code === badPath || !comesOfFullDisk(error))) return error;
  return comesOfFullDisk(error) || (error instanceof Error && /^E[A-Z]+$/.test(errorCode(error)))
    ? pathError(use, file, error)
    : error;
}

const fullText = 'the disk is full. Free some space, or name a place on another disk';

function textOf(use: PathUse, code: string): string | undefined {
  switch (code) {
    case 'ENOENT':
      return use === 'read' ? 'there is no such file. Check its name' : 'the folder it shall be in does not exist';
    case 'ENOTDIR':
      return 'a part of this path is a file, not a folder. Check the path';
    case 'EISDIR':
      return 'it is a folder. Name a file';
    case 'EACCES':
    case 'EPERM':
      return 'this user may not. Run it as the user that owns the place, or name another one';
    case 'EROFS':
      return 'that file system is read-only. Name another place';
    case 'EBUSY':
    case 'EXDEV':
      return 'it is a mount point. Name a folder below it';
    case 'ENOTEMPTY':
    case 'EEXIST':
      return 'something was put there meanwhile. Name a new folder';
    case 'EIO':
      return 'the disk fails. Check it (dmesg, smartctl)';
    default:
      return undefined;
  }
}
