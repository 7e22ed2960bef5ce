/** A program under strace, which lets one of its syncs fail; and what it did afterwards, by strace's own clock. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { ProgramOptions } from './program.js';

export type SyncCall = 'fdatasync' | 'fsync';

/** Why there is no strace here; undefined if there is. */
export function straceMissing(): string | undefined {
  const tried = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']);
  if (tried.error !== undefined) return 'strace is missing';
  return tried.status === 0 ? undefined : 'ptrace is not permitted here';
}

/** The `when`-th call of this kind is answered with EIO and not made. */
export function failingSync(call: SyncCall, when: number, traceFile: string): ProgramOptions {
  const strace = ['strace', '-D', '-f', '-qq', '-ttt', '-yy', '-s', '200', '-o', traceFile];
  const traced = 'trace=fdatasync,fsync,write,writev,sendto,sendmsg,exit_group';
  return {
    through: [...strace, '-e', traced, '-e', `inject=${call}:error=EIO:when=${when}`],
    // One thread: strace counts the calls of each thread for itself.
    env: { UV_THREADPOOL_SIZE: '1' },
  };
}

export interface FailedSync {
  /** What was synced, as strace shows it. */
  readonly file: string;
  /** From the failed call to the process's exit; Infinity while it runs. */
  readonly exitAfterMs: number;
  /**
   * Calls that wrote to a socket after the process knew: it says so on stderr. Between the failed call in its thread
   * and that, the main thread may finish what it was about; it vouches for nothing that is not on disk.
   */
  readonly writesAfter: readonly string[];
  /** Calls that wrote to a socket before it knew. */
  readonly writesBetween: number;
}

/** The state store has synced a batch. */
export function hasCheckpoint(traceFile: string): boolean {
  return /fdatasync\(\d+<[^>]*\/state\/\d+\.log>/.test(readFileSync(traceFile, 'utf8'));
}

/** What became of the failed call; undefined when none has failed. */
export function readTrace(traceFile: string): FailedSync | undefined {
  const lines = readFileSync(traceFile, 'utf8').split('\n');
  const at = lines.findIndex((line) => line.includes('(INJECTED)'));
  const failed = lines[at];
  if (failed === undefined) return undefined;
  const after = lines.slice(at + 1);
  const knows = after.findIndex((line) => /writev?\(2<.*(driver-halted|EIO|i\/o error)/.test(line));
  const isFrame = (line: string): boolean => /(write|writev|sendto|sendmsg)\(\d+<TCP/.test(line);
  const exit = after.find((line) => line.includes('exit_group('));
  return {
    file: fileOf(failed, lines.slice(0, at)),
    exitAfterMs: exit === undefined ? Number.POSITIVE_INFINITY : timeMs(exit) - timeMs(failed),
    writesAfter: knows < 0 ? [] : after.slice(knows + 1).filter(isFrame),
    writesBetween: (knows < 0 ? after : after.slice(0, knows)).filter(isFrame).length,
  };
}

/** A call that another thread's line has cut in two has its file in the first part. */
function fileOf(failed: string, before: readonly string[]): string {
  const pid = failed.split(/\s+/)[0] ?? '';
  const whole = failed.includes('resumed>')
    ? (before.findLast((line) => line.startsWith(`${pid} `) && line.includes('<unfinished')) ?? failed)
    : failed;
  return /sync\(\d+<([^>]*)>/.exec(whole)?.[1] ?? failed;
}

/** "PID seconds.microseconds call" */
function timeMs(line: string): number {
  return Number(line.split(/\s+/)[1]) * 1000;
}
