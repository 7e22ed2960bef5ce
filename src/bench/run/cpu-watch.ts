/** Who used the processors and how much memory: a busy neighbour makes every figure of time worthless. */
import { readFileSync } from 'node:fs';
import { nodeClock } from '../../base/index.js';

/** The kernel's unit of processor time, per second. */
const ticksPerSecond = 100;

export class CpuWatch {
  readonly #pids: () => readonly number[];
  readonly #startedMs = nodeClock.monotonicMs();
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
    const ticks = [...this.#seen.values()].reduce((sum, { first, last }) => sum + last - first, 0);
    const foreign = Math.max(0, busyTicks() - this.#busyBefore - ticks);
    return { foreign: this.#coresOf(foreign), own: this.#coresOf(ticks) };
  }

  /** The same of one process, as far as it was looked at. */
  coresOf(pid: number): number {
    const { first, last } = this.#seen.get(pid) ?? { first: 0, last: 0 };
    return this.#coresOf(last - first);
  }

  #coresOf(ticks: number): number {
    return ticks / ticksPerSecond / ((nodeClock.monotonicMs() - this.#startedMs) / 1000);
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
  return Number(kilobytes.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Ticks in which any core was neither idle nor waiting for a disk. */
function busyTicks(): number {
  const fields = read('/proc/stat').split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = fields;
  return user + nice + system + irq + softirq;
}

/** Of a process that has just ended 0: what it used since the last look counts as foreign, which only looks worse. */
function processTicks(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return stat === '' ? 0 : Number(fields[11]) + Number(fields[12]);
}

/** Empty where there is no such file: a process that is gone, or a system other than Linux. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
