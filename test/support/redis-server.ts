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

export class RedisServer {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'synod-redis-'));
  readonly port: number;
  /** A client of the test's own, on database 0; it connects anew by itself. */
  readonly client: Redis;
  readonly #flags: readonly string[];
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, flags: readonly string[]) {
    this.port = port;
    this.#flags = flags;
    const password = flags[flags.indexOf('--requirepass') + 1];
    const login = flags.includes('--requirepass') && password !== undefined ? { password } : {};
    this.client = new Redis({ port, ...login, lazyConnect: true, retryStrategy: () => 50 });
    this.client.on('error', (error) => {
      this.#output = `${this.#output}[client: ${String(error)}]\n`.slice(-2000);
    });
  }

  static async start(...flags: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), flags);
    await server.start();
    return server;
  }

  /** Without a database number. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--dir', this.directory];
    const child = spawn('redis-server', [...args, ...this.#flags], { stdio: ['ignore', 'pipe', 'pipe'] });
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

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
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
