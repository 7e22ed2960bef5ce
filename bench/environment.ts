/** What every report's header says: which code, which machine, which disk, and who else used the processors. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, hostname, tmpdir } from 'node:os';
import process from 'node:process';

/** The kernel's unit of processor time, per second. */
const ticksPerSecond = 100;

function output(command: string, args: readonly string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown'; // A report without git or df is still a report; it says that it doesn't know.
  }
}

/** Which code, as a short commit, and whether it is just that. */
export function commitText(): string {
  const commit = output('git', ['rev-parse', '--short', 'HEAD']);
  return output('git', ['status', '--porcelain', '--', 'src']) === '' ? commit : `${commit} (src changed)`;
}

/** Which code on which machine. */
export function describeMachine(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return `commit ${commitText()} · ${hostname()} · ${cpus().length} cores (${model}) · Node ${process.version}`;
}

/** File system and device under the temporary folder, where benchmarks keep their data. */
export function describeDisk(): string {
  const last = output('df', ['--output=fstype,source', tmpdir()]).split('\n').at(-1) ?? 'unknown';
  return last.replace(/\s+/g, ' ');
}

/** Two lines for the top of a report. */
export function describeEnvironment(): string {
  return [
    describeMachine(),
    `data on ${describeDisk()} · durable: fdatasync before every vote · load, balancer and servers on this one machine`,
  ].join('\n');
}

/** Measures who used the processors: a busy neighbour makes every figure of time worthless. */
export class CpuWatch {
  readonly #pids: () => readonly number[];
  readonly #startedMs = performance.now();
  readonly #busyBefore = busyTicks();
  /** Ticks of each process when it was first and last looked at. */
  readonly #seen = new Map<number, { first: number; last: number }>();

  /** `pids` are the processes that belong to the measurement at present, this one included. */
  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    for (const pid of pids()) this.#seen.set(pid, { first: processTicks(pid), last: processTicks(pid) });
  }

  /** Looks at the processes: call it before one of them is ended, or what it used counts as foreign. */
  sample(): void {
    for (const pid of this.#pids()) {
      const { first, last } = this.#seen.get(pid) ?? { first: 0, last: 0 };
      this.#seen.set(pid, { first, last: Math.max(last, processTicks(pid)) });
    }
  }

  /** Cores that were busy with something else, and with the measured processes, on average since construction. */
  cores(): { foreign: number; own: number } {
    this.sample();
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const own = [...this.#seen.values()].reduce((sum, { first, last }) => sum + last - first, 0);
    const foreign = Math.max(0, busyTicks() - this.#busyBefore - own);
    return { foreign: foreign / ticksPerSecond / seconds, own: own / ticksPerSecond / seconds };
  }
}

/** Processor time that a process has used, 0 once it is gone. */
export function cpuSeconds(pid: number): number {
  return processTicks(pid) / ticksPerSecond;
}

/** Resident memory of a process, 0 once it is gone. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, /VmRSS:\s+(\d+) kB/);
}

/** The most that it ever was. */
export function residentBytesMax(pid: number): number {
  return statusBytes(pid, /VmHWM:\s+(\d+) kB/);
}

function statusBytes(pid: number, kilobytes: RegExp): number {
  try {
    return Number(kilobytes.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Ticks in which any core was neither idle nor waiting for a disk. */
function busyTicks(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return user + nice + system + irq + softirq;
}

function processTicks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0; // It ended just now; what it used since the last look counts as foreign, which only looks worse.
  }
}
