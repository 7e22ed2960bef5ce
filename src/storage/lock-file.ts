/**
 * One process per data directory. Node has no flock, so each process puts a file there whose *name* says who it is:
 * boot, pid namespace, pid and the pid's start time. Such a name is never used twice, so a dead process's file can be
 * removed without a race, unlike one lock file that two starters may both find stale. Of several starters at the same
 * moment the one with the lowest name wins; the others withdraw.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { errorCode } from './disk.js';
import { StorageError } from './errors.js';

const NAME = /^lock\.([0-9a-f-]+)\.(\d+)\.(\d+)\.(\d+)$/;
/** A competing starter decides within microseconds; one that was stopped in between is waited for this long. */
const DECIDE_MS = 2000;
const POLL_MS = 10;
const CANDIDATE = 'candidate\n';
const HELD = 'held\n';

/** A process as its lock file names it. */
interface Owner {
  readonly boot: string;
  readonly namespace: string;
  readonly pid: number;
  readonly start: string;
}

export interface DirectoryLock {
  /** Removes the file. A process that dies without it leaves a file that the next one recognises as stale. */
  release(): void;
}

/** Takes the lock of `directory`, which must exist, or fails with DIRECTORY_LOCKED. */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  const self = ownName();
  const file = path.join(directory, self);
  try {
    fs.writeFileSync(file, CANDIDATE, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (errorCode(error as Error) === 'EEXIST') throw locked(directory, process.pid, 'by this very process');
    throw error;
  }
  const release = (): void => fs.rmSync(file, { force: true });
  try {
    await outlast(directory, self);
    fs.writeFileSync(file, HELD);
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** Returns when no other live process holds the lock or has a better claim to it. */
async function outlast(directory: string, self: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const rival = rivals(directory, self)[0];
    if (rival === undefined) return;
    const undecided = contents(path.join(directory, rival.name)) !== HELD && rival.name > self;
    if (!undecided || waitedMs >= DECIDE_MS) throw locked(directory, rival.owner.pid, rival.why);
    await pause(POLL_MS);
  }
}

interface Rival {
  readonly name: string;
  readonly owner: Owner;
  readonly why: string;
}

/** Other live owners, those that hold the lock or come first in order at the front; files of dead ones are removed. */
function rivals(directory: string, self: string): Rival[] {
  const found: Rival[] = [];
  for (const name of fs.readdirSync(directory)) {
    const owner = parse(name);
    if (owner === undefined || name === self) continue;
    const why = aliveBecause(owner);
    if (why === undefined) fs.rmSync(path.join(directory, name), { force: true });
    else found.push({ name, owner, why });
  }
  const rank = (rival: Rival): number => (contents(path.join(directory, rival.name)) === HELD ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
}

/** Why the owner must be taken for alive, or undefined if it is certainly dead. */
function aliveBecause(owner: Owner): string | undefined {
  if (owner.boot !== bootId()) return undefined;
  if (owner.namespace !== pidNamespace()) {
    return `of another container, which cannot be seen from here; if it is gone, remove the file ${nameOf(owner)}`;
  }
  const start = startTime(owner.pid);
  return start !== undefined && (start === owner.start || start === '0') ? 'which is running' : undefined;
}

function locked(directory: string, pid: number, why: string): StorageError {
  return new StorageError(
    'DIRECTORY_LOCKED',
    `directory locked: ${directory} is in use by process ${pid}, ${why}. Stop that process first, or start with another --data-dir`,
  );
}

function contents(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error as Error) === 'ENOENT') return '';
    throw error;
  }
}

function nameOf(owner: Owner): string {
  return `lock.${owner.boot}.${owner.namespace}.${owner.pid}.${owner.start}`;
}

function ownName(): string {
  const start = startTime(process.pid) ?? '0';
  return nameOf({ boot: bootId(), namespace: pidNamespace(), pid: process.pid, start });
}

function parse(name: string): Owner | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  const [, boot = '', namespace = '', pid = '', start = ''] = match;
  return { boot, namespace, pid: Number(pid), start };
}

/** Changes with every boot of the machine; "0" where there is no /proc. */
function bootId(): string {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim() ?? '0';
}

function pidNamespace(): string {
  try {
    return /\d+/.exec(fs.readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** When the process began, in clock ticks since boot; undefined if there is none; "0" where it cannot be told. */
function startTime(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    // The second field, in brackets, may hold spaces and brackets; the start time is the 20th behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : (fields[19] ?? '0');
  }
  if (readProc('/proc/self/stat') !== undefined) return undefined;
  try {
    process.kill(pid, 0);
    return '0';
  } catch (error) {
    return errorCode(error as Error) === 'ESRCH' ? undefined : '0';
  }
}

function readProc(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
