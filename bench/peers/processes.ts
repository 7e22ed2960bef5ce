/** Programs of other systems: found by name, started in a group of their own, and ended whatever happens. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, closeSync, constants, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** After SIGTERM a program has this long, in ms, before it is ended by SIGKILL: its data is thrown away anyhow. */
const graceMs = 3_000;
const goneMs = 10_000;
const probeMs = 20;
const tailChars = 2_000;

const running = new Set<PeerProcess>();
const directories = new Set<string>();

process.on('exit', () => {
  for (const one of running) one.signal('SIGKILL');
  for (const directory of directories) removeNow(directory);
});

/**
 * Ends this process, and with it everything that was started here, when a person or a supervisor says so. In front of
 * other listeners, some of which end the process with another code.
 */
export function endOnSignals(): void {
  process.prependListener('SIGINT', () => process.exit(130));
  process.prependListener('SIGTERM', () => process.exit(143));
  process.prependListener('SIGHUP', () => process.exit(129));
}

/** A directory for one system's data, gone at the latest when this process is. */
export class Scratch {
  readonly path: string;

  constructor(name: string) {
    this.path = mkdtempSync(path.join(tmpdir(), `synod-peer-${name}-`));
    directories.add(this.path);
  }

  remove(): void {
    removeNow(this.path);
    directories.delete(this.path);
  }
}

/** Programs that were just ended may still be writing there. */
function removeNow(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** Where Debian puts daemons; not in the PATH of everybody. */
const daemonFolder = '/usr/sbin';

/** A program of this name in `folders`, in those of PATH or among the system's daemons; undefined if there is none. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const inPath = (process.env.PATH ?? '').split(':').filter((folder) => folder !== '');
  return [...folders, ...inPath, daemonFolder].map((folder) => path.join(folder, name)).find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // Not there or not ours to run: both mean that it is not to be had.
  }
}

/** What a program prints when it is asked, both streams; "" if it can't be asked. */
export function askProgram(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 20_000 });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

export interface PeerProcessOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Where it runs, and where its output goes: `<name>.log`. */
  readonly directory: string;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** One program with all that it starts, as a process group. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #log: string;
  #isGone = false;

  constructor({ program, args, directory, name, env }: PeerProcessOptions) {
    this.#title = `${path.basename(program)} (${name})`;
    this.#log = path.join(directory, `${name}.log`);
    const output = openSync(this.#log, 'a');
    this.#child = spawn(program, args, {
      cwd: directory,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    running.add(this);
    const gone = (): void => {
      this.#isGone = true;
      // What it had started goes with it.
      this.signal('SIGKILL');
      running.delete(this);
    };
    this.#child.on('exit', gone);
    this.#child.on('error', gone);
  }

  /** All processes of the group. */
  get pids(): number[] {
    const { pid } = this.#child;
    return pid === undefined ? [] : groupOf(pid);
  }

  /** To the whole group, if any of it is left. */
  signal(signal: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** SIGTERM, then SIGKILL; resolves when the program is gone. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    if (await this.#waitUntilGone(graceMs)) return;
    this.signal('SIGKILL');
    if (!(await this.#waitUntilGone(goneMs))) throw new Error(`${this.#title} does not end: look for it with ps`);
  }

  /**
   * Resolves at the first value of `probe` that is neither undefined nor false; rejects at once if the program ends.
   */
  async until<T>(what: string, deadlineMs: number, probe: () => Promise<T>): Promise<NonNullable<T>> {
    const endMs = performance.now() + deadlineMs;
    let last: unknown = '';
    while (performance.now() < endMs) {
      if (this.#isGone) throw new Error(`${this.#title} ended before ${what}: ${this.lastWords()}`);
      try {
        const value = await probe();
        if (value !== undefined && value !== null && value !== false) return value;
        last = '';
      } catch (error) {
        last = error; // Not up yet; the last one is told at the deadline.
      }
      await pause(probeMs);
    }
    throw new Error(`${this.#title}: ${what} not within ${deadlineMs} ms. ${String(last)} ${this.lastWords()}`);
  }

  /** The end of what it printed. */
  lastWords(): string {
    return readFileSync(this.#log, 'utf8').slice(-tailChars);
  }

  async #waitUntilGone(deadlineMs: number): Promise<boolean> {
    const endMs = performance.now() + deadlineMs;
    while (!this.#isGone && performance.now() < endMs) await pause(probeMs);
    return this.#isGone;
  }
}

/** Processes whose group this is; those that have ended and wait to be noticed are none. Linux only, as the bench. */
function groupOf(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => groupOfProcess(pid) === group);
}

function groupOfProcess(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? 0 : Number(group);
  } catch {
    return 0; // It ended just now.
  }
}

/** Ends all of them at once. */
export async function stopAll(processes: readonly PeerProcess[]): Promise<void> {
  await Promise.all(processes.map((one) => one.stop()));
}

/**
 * Runs what starts a system; when it fails, what had been started by then is ended before the failure is passed on.
 */
export async function startOrStop<T>(start: (started: PeerProcess[]) => Promise<T>): Promise<T> {
  const started: PeerProcess[] = [];
  try {
    return await start(started);
  } catch (error) {
    await stopAll(started);
    throw error;
  }
}
