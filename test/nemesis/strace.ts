/** Makes system calls of a running process fail, and knows whether it has. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What strace writes behind a call that it tampered with. */
const mark = '(INJECTED)';

export class Strace {
  readonly injected: Promise<void>;
  hasInjected = false;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  /** `expressions` as for `strace -e`. */
  constructor(pid: number, expressions: readonly string[]) {
    const args = ['-f', ...expressions.flatMap((expression) => ['-e', expression]), '-p', `${pid}`];
    this.#child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
    this.injected = new Promise((resolve) => {
      let tail = '';
      this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        tail = (tail + chunk).slice(-chunk.length - mark.length);
        if (this.hasInjected || !tail.includes(mark)) return;
        this.hasInjected = true;
        resolve();
      });
    });
  }

  /** Lets the process go, if it is still there. */
  async end(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
