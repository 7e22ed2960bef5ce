/** A real redis-server of the test's own: started, killed, started again on its port and its data. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './ports.js';
import { until } from './until.js';

/** For a test's `skip`: false where there is a redis-server. */
export const noRedis: string | false =
  spawnSync('redis-server', ['--version']).status === 0 ? false : 'redis-server is not installed';

const startDeadlineMs = 20_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Where it listens. */
export interface RedisPlace {
  /** An address of the machine it runs on. */
  readonly host: string;
  readonly port: number;
  /** Put before its command, as in ProgramOptions. */
  readonly through?: readonly string[];
}

export class RedisServer {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'synod-redis-'));
  readonly #place: RedisPlace;
  /** A client of the test's own, on database 0; it connects anew by itself. */
  readonly client: Redis;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  /** Not started yet. */
  constructor(place: RedisPlace, flags: readonly string[]) {
    const { host, port } = place;
    this.#place = place;
    this.#flags = flags;
    const password = flags[flags.indexOf('--requirepass') + 1];
    const login = flags.includes('--requirepass') && password !== undefined ? { password } : {};
    this.client = new Redis({ host, port, ...login, lazyConnect: true, retryStrategy: () => 50 });
    this.client.on('error', (error) => {
      this.#output = `${this.#output}[client: ${String(error)}]\n`.slice(-2000);
    });
  }

  static async start(...flags: string[]): Promise<RedisServer> {
    const server = new RedisServer({ host: '127.0.0.1', port: await freePort() }, flags);
    await server.start();
    return server;
  }

  /** Without a database number. */
  get url(): string {
    return `redis://${this.#place.host}:${this.port}`;
  }

  get port(): number {
    return this.#place.port;
  }

  async start(): Promise<void> {
    const { host, through = [] } = this.#place;
    // Protected mode would refuse whoever does not call from this machine.
    const own = [
      '--port',
      `${this.port}`,
      '--bind',
      host,
      '--protected-mode',
      'no',
      '--save',
      '',
      '--dir',
      this.directory,
    ];
    const [command = '', ...args] = [...through, 'redis-server', ...own, ...this.#flags];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    child.on('close', () => running.delete(child));
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-2000);
      });
    }
    if (this.client.status === 'wait') await this.client.connect().catch(() => 'it connects anew by itself');
    await until(
      'redis-server to answer',
      startDeadlineMs,
      async () => (await this.client.ping()) === 'PONG',
      () => this.#output,
    );
  }

  /** It runs. */
  get isUp(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, and its orderly end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Its last words. */
  describe(): string {
    return this.#output;
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isUp) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await gone;
  }

  /** It accepts and reads, and never answers, until `resume`. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async end(): Promise<void> {
    this.client.disconnect();
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
