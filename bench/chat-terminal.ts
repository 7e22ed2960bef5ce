/**
 * A real program in a real pseudo-terminal, which util-linux's `script` makes, and the screen as a person sees it: what
 * is in its cells, and since when.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import xterm from '@xterm/headless';
import { bareEnvironment } from '../test/support/bare-environment.js';
import { within } from '../test/support/until.js';

export const columns = 120;
export const rows = 40;

interface Watch {
  readonly test: () => boolean;
  readonly resolve: (atMs: number) => void;
}

/** A benchmark that crashes leaves nothing behind. */
const running = new Set<ChatTerminal>();
process.on('exit', () => {
  for (const terminal of running) terminal.kill();
});

export class ChatTerminal {
  readonly startedMs = performance.now();
  readonly #script: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #screen = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
  readonly #watches = new Set<Watch>();
  #pid = 0;
  /** When the bytes came that made the screen what it is. */
  #shownMs = this.startedMs;

  constructor(command: readonly string[], environment: Readonly<Record<string, string>>) {
    const line = `stty cols ${columns} rows ${rows}; exec ${command.map(quoted).join(' ')}`;
    this.#script = spawn('script', ['-qfec', line, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...bareEnvironment, SHELL: '/bin/sh', TERM: 'xterm-256color', LC_ALL: 'C.UTF-8', ...environment },
    });
    running.add(this);
    this.#exited = once(this.#script, 'exit').finally(() => running.delete(this));
    // Whoever types at a program that has ended is told so by what does not appear.
    this.#script.stdin?.on('error', () => undefined);
    this.#script.stdout?.on('data', (bytes: Buffer) => {
      const atMs = performance.now();
      this.#screen.write(bytes, () => this.#onShown(atMs));
    });
    // What programs ask terminals.
    this.#screen.onData((answer) => this.#script.stdin?.write(answer));
  }

  /** The program's own process: `script` has one child, a shell that the program has replaced. */
  get pid(): number {
    if (this.#pid === 0) this.#pid = childOf(this.#script.pid ?? 0);
    return this.#pid;
  }

  /** Every process of it. */
  get pids(): number[] {
    return [this.#script.pid ?? 0, this.pid];
  }

  /** Returns when it was typed. */
  type(keys: string): number {
    const atMs = performance.now();
    this.#script.stdin?.write(keys);
    return atMs;
  }

  row(y: number): string {
    return this.#screen.buffer.active.getLine(y)?.translateToString(true) ?? '';
  }

  /** The text of all rows. */
  text(): string {
    return Array.from({ length: rows }, (_, y) => this.row(y)).join('\n');
  }

  cell(x: number, y: number): string {
    return this.#screen.buffer.active.getLine(y)?.getCell(x)?.getChars() ?? '';
  }

  /** Resolves once the test holds, to when the bytes came that made it so. */
  async when(what: string, test: () => boolean, deadlineMs = 10_000): Promise<number> {
    if (test()) return this.#shownMs;
    const shown = new Promise<number>((resolve) => {
      this.#watches.add({ test, resolve });
    });
    const lost = this.#exited.then(() => Promise.reject(new Error(`the chat ended before ${what}\n${this.text()}`)));
    return await within(what, deadlineMs, Promise.race([shown, lost]), () => this.text());
  }

  /** C-d on an empty line, as a person leaves. */
  async quit(): Promise<void> {
    this.type('\x04');
    await within('the end of the chat', 10_000, this.#exited, () => this.text());
  }

  kill(): void {
    const { pid } = this;
    if (pid !== 0) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    this.#script.kill('SIGKILL');
  }

  #onShown(atMs: number): void {
    this.#shownMs = atMs;
    for (const watch of this.#watches) {
      if (!watch.test()) continue;
      this.#watches.delete(watch);
      watch.resolve(atMs);
    }
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** 0 while there is none. */
function childOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? 0);
  } catch {
    return 0;
  }
}
