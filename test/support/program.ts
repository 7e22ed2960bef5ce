/** One real process of ours: its lines, its exit, the end of its stderr for failure messages. Ended by pid, always. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { bareEnvironment } from './bare-environment.js';
import { nowMs, until, within } from './until.js';

/** The launchers: the repository's own, or those of another build named by SYNOD_BIN. */
export const launcherFolder = path.resolve(process.env.SYNOD_BIN ?? 'bin');

/** How much of a program's stderr is kept, in characters. */
const stderrKept = 200_000;
const stderrShown = 3000;

export type ProgramName = 'synod' | 'lrunner' | 'srunner' | 'crunner' | 'test1';

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Runs through this command, e.g. `['prlimit', '--nofile=64']`; the program must replace it (exec). */
  readonly through?: readonly string[];
  /** The launchers of another build, e.g. of an earlier release. */
  readonly launchers?: string;
}

export interface Exit {
  /** The exit code; undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

export interface Line {
  readonly text: string;
  readonly atMs: number;
}

const running = new Set<Program>();

/** A test that crashes must not leave a cluster behind; only what this process started is ended. */
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGALRM'] as const) process.on(signal, () => process.exit(1));

export class Program {
  readonly title: string;
  readonly lines: Line[] = [];
  readonly startedMs = nowMs();
  /** Resolves once the process is gone and all it printed has been read. */
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  stderr = '';
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(line: Line) => void>();

  constructor(name: ProgramName, args: readonly string[], options: ProgramOptions = {}) {
    const command = [
      ...(options.through ?? []),
      process.execPath,
      path.join(options.launchers ?? launcherFolder, name),
      ...args,
    ];
    this.title = [name, ...args].join(' ');
    this.#child = spawn(command[0] ?? '', command.slice(1), {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...bareEnvironment, ...options.env },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const { stdin, stdout, stderr } = this.#child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('spawned without pipes');
    running.add(this);
    // A program that was killed no longer reads: what we still had to say is lost, as its reader is.
    stdin.on('error', (error) => {
      this.stderr += `\n[harness: stdin ${String(error)}]`;
    });
    createInterface({ input: stdout }).on('line', (text) => {
      const line = { text, atMs: nowMs() };
      this.lines.push(line);
      for (const listener of this.#listeners) listener(line);
    });
    stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.stderr = (this.stderr + chunk).slice(-stderrKept);
    });
    this.exited = new Promise((resolve) => {
      this.#child.on('error', (error) => {
        this.stderr += `\n[harness: ${String(error)}]`;
      });
      this.#child.on('close', (code, signal) => {
        running.delete(this);
        this.exit = { code: code ?? undefined, signal: signal ?? undefined };
        resolve(this.exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Calls `listener` with each line of stdout from now on; returns what ends that. */
  onLine(listener: (line: Line) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first line, printed already or yet to come, for which `test` holds. */
  async waitForLine(what: string, test: (text: string) => boolean, deadlineMs: number): Promise<string> {
    const line = await until(
      `${what} from ${this.title}`,
      deadlineMs,
      () => {
        const found = this.lines.find(({ text }) => test(text));
        if (found === undefined && this.exit !== undefined) return 'gone';
        return found?.text;
      },
      () => this.describe(),
    );
    if (line === 'gone') throw new Error(`${this.title} ended before ${what}\n${this.describe()}`);
    return line;
  }

  /** Resolves once stderr, as far as it is kept, has this text. */
  async waitForText(text: string, deadlineMs: number): Promise<void> {
    await until(
      `"${text}" from ${this.title}`,
      deadlineMs,
      () => this.stderr.includes(text),
      () => this.describe(),
    );
  }

  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  /** End of input. */
  endInput(): void {
    this.#child.stdin?.end();
  }

  /** Sends a signal, if the process is still there. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9, and waits until the process is gone. */
  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return await this.waitForExit(10_000);
  }

  async waitForExit(deadlineMs: number): Promise<Exit> {
    return await within(`the end of ${this.title}`, deadlineMs, this.exited, () => this.describe());
  }

  /** Resident memory in bytes, 0 once it is gone. Linux only. */
  async residentBytes(): Promise<number> {
    const { readFile } = await import('node:fs/promises');
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8').catch(() => '');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  }

  /** State and last words, for a failure message. */
  describe(): string {
    const state =
      this.exit === undefined
        ? `running, pid ${this.pid}`
        : `ended: code ${this.exit.code}, signal ${this.exit.signal}`;
    const out = this.lines.slice(-8).map(({ text }) => `  out: ${text}`);
    const err = this.stderr.slice(-stderrShown).trimEnd().split('\n');
    return [`--- ${this.title} (${state})`, ...out, ...err.map((line) => `  err: ${line}`)].join('\n');
  }
}

/** Runs a program to its end with `input` on stdin. */
export async function runToEnd(
  name: ProgramName,
  args: readonly string[],
  deadlineMs: number,
  options: ProgramOptions & { readonly input?: string } = {},
): Promise<{ readonly code: number | undefined; readonly stdout: string; readonly stderr: string }> {
  const program = new Program(name, args, options);
  if (options.input !== undefined) program.write(options.input);
  program.endInput();
  const exit = await program.waitForExit(deadlineMs).finally(() => program.signal('SIGKILL'));
  return {
    code: exit.code,
    stdout: program.lines.map(({ text }) => `${text}\n`).join(''),
    stderr: program.stderr,
  };
}
