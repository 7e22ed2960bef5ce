/** As much of a shell as the operator's page needs: daemons behind `&`, kill, rm, mv, and the program itself. */
import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { freePort } from './ports.js';
import { Program, runToEnd } from './program.js';

const deadlineMs = 60_000;
/** Commands that ask the balancer where the servers are. */
const askers = ['server', 'status', 'verify', 'send', 'tail', 'room', 'name'];

export interface Ran {
  readonly code: number;
  readonly lines: readonly string[];
}

/** A folder in which commands are run; each port that they name stands for a free one. */
export class DocShell {
  readonly #folder: string;
  readonly #ports = new Map<string, number>();
  readonly #daemons = new Map<string, Program>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The latest process of a server, or of the balancer. */
  daemon(name: string): Program {
    const program = this.#daemons.get(name);
    if (program === undefined) throw new Error(`${name} was never started`);
    return program;
  }

  async run(command: string): Promise<Ran> {
    const words = command.split(' ');
    if (words[0] === 'rm' && words[1] === '-r') rmSync(this.#place(words[2]), { recursive: true });
    else if (words[0] === 'mv') renameSync(this.#place(words[1]), this.#place(words[2]));
    else if (words[0] === 'kill') return await this.#kill(words[1] ?? '', words[2] ?? '');
    else if (words[0] !== 'bin/synod') throw new Error(`this shell cannot run: ${command}`);
    else if (words.at(-1) === '&') await this.#start(await this.#arguments(words.slice(1, -1)));
    else {
      const { code, stdout } = await runToEnd('synod', await this.#arguments(words.slice(1)), deadlineMs, {
        cwd: this.#folder,
      });
      return { code: code ?? -1, lines: stdout.split('\n').filter((line) => line !== '') };
    }
    return { code: 0, lines: [] };
  }

  async end(): Promise<void> {
    await Promise.all([...this.#daemons.values()].map((program) => program.kill()));
  }

  #place(name = ''): string {
    return path.join(this.#folder, name);
  }

  /** Starts a daemon and waits for READY. */
  async #start(args: readonly string[]): Promise<void> {
    const name = args[0] === 'server' ? `server ${args[args.indexOf('--id') + 1]}` : (args[0] ?? '');
    const program = new Program('synod', args, { cwd: this.#folder });
    this.#daemons.set(name, program);
    // A server is ready when all have come.
    const isLast = args[0] === 'balancer' || this.#daemons.size >= 4;
    if (!isLast) return;
    for (const [title, one] of this.#daemons) {
      if (one.exit === undefined)
        await one.waitForLine('READY', (line) => line.startsWith(`READY ${title} `), deadlineMs);
    }
  }

  async #kill(signal: string, whom: string): Promise<Ran> {
    const program = this.daemon(`server ${/^\$PID_(\d+)$/.exec(whom)?.[1]}`);
    program.signal(signal === '-9' ? 'SIGKILL' : 'SIGTERM');
    const { code } = await program.waitForExit(deadlineMs);
    return { code: code ?? -1, lines: [] };
  }

  async #arguments(words: readonly string[]): Promise<string[]> {
    const mapped: string[] = [];
    for (const word of words) {
      const port = /^127\.0\.0\.1:(\d+)$/.exec(word)?.[1];
      mapped.push(port === undefined ? word : `127.0.0.1:${await this.#port(port)}`);
    }
    const asks = askers.includes(words[0] ?? '') && !words.includes('--server');
    return asks ? [...mapped, '--balancer', `127.0.0.1:${await this.#port('8009')}`] : mapped;
  }

  async #port(named: string): Promise<number> {
    const port = this.#ports.get(named) ?? (await freePort());
    this.#ports.set(named, port);
    return port;
  }
}
