/** One daemon of this program as a child process: its READY line, its last words, and its end in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ExitError, exitCodes, nodeClock } from '../base/index.js';

/** Longer than a server takes to hand its leadership over and to close its files. */
const stopTimeoutMs = 8_000;

/** A process that was stopped by the kernel's signal can hear nothing, not even that we are gone. */
const paused = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of paused) child.kill('SIGKILL');
});

export class DaemonProcess {
  /** `balancer`, `proxy` or `server N`. */
  readonly title: string;
  readonly logFile: string;
  readonly args: readonly string[];
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #endedAs: string | undefined;
  #stopping = false;

  /** `program`: the command that takes `args`; its stderr goes to the end of `logFile`. */
  constructor(
    title: string,
    program: readonly string[],
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    logFile: string,
  ) {
    this.title = title;
    this.args = args;
    this.logFile = logFile;
    const log = openSync(logFile, 'a', 0o600);
    const [command = '', ...first] = program;
    // A group of its own: Ctrl-C is for the program that started it, which then ends the daemons in order. The channel
    // tells a daemon when this process is gone, however it went.
    this.#child = spawn(command, [...first, ...args], { detached: true, stdio: ['ignore', 'pipe', log, 'ipc'], env });
    closeSync(log);
    this.#ended = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    }).then((how) => {
      this.#endedAs = how;
      paused.delete(this.#child);
      return how;
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.#endedAs === undefined;
  }

  /** Its exit code, if it ended by itself. */
  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** What follows READY and the title on the daemon's line. Rejects with its last words when it ends before. */
  async ready(): Promise<string> {
    const stdout = this.#child.stdout;
    if (stdout === null) throw new Error(`${this.title} has no output`);
    const lines = createInterface({ input: stdout });
    const prefix = `READY ${this.title} `;
    const line = new Promise<string>((resolve) => {
      lines.on('line', (text) => {
        if (text.startsWith(prefix)) resolve(text.slice(prefix.length));
      });
    });
    const ended = this.#ended.then((how) => {
      throw new ExitError(this.#child.exitCode ?? exitCodes.internal, 'DAEMON', this.lastWords(how));
    });
    return Promise.race([line, ended]);
  }

  /** Calls `listener` if the daemon ends without having been stopped. */
  onUnexpectedEnd(listener: (how: string) => void): void {
    // `ended` never rejects.
    void this.#ended.then((how) => {
      if (!this.#stopping) listener(how);
    });
  }

  /** Ends it in order; at once if that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#endedAs !== undefined) return;
    this.resume();
    this.#child.kill('SIGTERM');
    const timer = nodeClock.setTimeout(() => this.#child.kill('SIGKILL'), stopTimeoutMs);
    await this.#ended;
    nodeClock.clearTimeout(timer);
  }

  /** `kill -9`, as a fault on purpose. */
  async kill(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Stops it as the kernel does, so that it neither answers nor ends until it is resumed. */
  pause(): void {
    if (this.#endedAs !== undefined) return;
    paused.add(this.#child);
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    if (paused.delete(this.#child)) this.#child.kill('SIGCONT');
  }

  /** How it ended and the last line of its log. */
  lastWords(how: string): string {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return `${this.title} ended (${how}): ${lines.at(-1) ?? ''}`;
  }
}
