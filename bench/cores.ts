/** Which cores a process may use: a round trip on one core and one across two are different figures. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Lets a process use only these cores, e.g. `0` or `0,1`, from now on; false when the machine can't. */
export function useCores(pid: number, cores: string): boolean {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', cores, String(pid)], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // Not Linux, or no util-linux: the kernel then places processes as it likes, and the report says so.
  }
}

export const allCores = cpus()
  .map((_, core) => core)
  .join(',');
