/** Which code runs on which machine and disk: what the header of every report says. */
import { execFileSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { cpus, hostname, release, type } from 'node:os';

export interface Machine {
  /** Short; `unknown` without a repository. */
  readonly commit: string;
  /** The source differs from the commit. */
  readonly changed: boolean;
  readonly host: string;
  readonly cores: number;
  readonly cpu: string;
  readonly node: string;
  readonly system: string;
}

/** `folder` is the program's own: somebody else's repository around it says nothing about its code. */
export function describeMachine(folder: string): Machine {
  const git = (...args: string[]): string | undefined => output('git', ['-C', folder, ...args]);
  const top = git('rev-parse', '--show-toplevel');
  const isOurs = top !== undefined && realpathSync(top) === realpathSync(folder);
  const model = cpus()[0]?.model.trim().replace(/\s+/g, ' ');
  return {
    commit: (isOurs ? git('rev-parse', '--short', 'HEAD') : undefined) ?? 'unknown',
    changed: isOurs && git('status', '--porcelain', '--', 'src') !== '',
    host: hostname(),
    cores: cpus().length,
    cpu: model ?? 'unknown processor',
    node: process.version,
    system: `${type()} ${release()}`,
  };
}

/** File system and device that a folder lies on, e.g. `ext4 on /dev/vda1`; what costs nothing to sync says so here. */
export function describeDisk(folder: string): string {
  const line = output('df', ['--output=fstype,source', folder])?.split('\n').at(-1)?.trim();
  const [kind, device] = line?.split(/\s+/) ?? [];
  return kind === undefined || device === undefined ? 'unknown' : `${kind} on ${device}`;
}

/** A report on a machine without git or df is still a report; it says that it does not know. */
function output(command: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
