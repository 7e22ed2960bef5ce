/** What the blows need of this machine; without it they are skipped by name. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { SmallDisk } from '../support/small-disk.js';
import type { BlowKind } from './plan.js';

const libraries = '/usr/lib';

/** Debian's package faketime: moves the clocks of one process. */
export const faketimeLibrary = [libraries, ...subfolders(libraries)]
  .map((folder) => path.join(folder, 'faketime', 'libfaketimeMT.so.1'))
  .find(existsSync);

/** Why blows of these kinds can't be dealt here. */
export function missingTools(): ReadonlyMap<BlowKind, string> {
  const missing = new Map<BlowKind, string>();
  const need = (kind: BlowKind, isThere: boolean, why: string): void => {
    if (!isThere) missing.set(kind, why);
  };
  need('diskFull', SmallDisk.available, 'no right to mount a tmpfs');
  need('eio', works('strace', '-o', '/dev/null', 'true'), 'no strace, or no right to trace');
  need('wallJump', faketimeLibrary !== undefined, 'no libfaketime');
  need('otherClock', works('unshare', '--time', '--monotonic', '10', 'true'), 'no right to a time namespace');
  need('fdLimit', works('prlimit', '--version'), 'no prlimit');
  return missing;
}

function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function subfolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const found = readdirSync(folder, { withFileTypes: true });
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(folder, name));
}
