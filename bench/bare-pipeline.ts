/** The three processes of a bare pipeline, on free loopback ports, with their logs in the system's temporary folder. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BareReady } from './bare/server.js';

const program = new URL('./bare/server.js', import.meta.url);

/** Where the clients of a load are. */
export type Seat = 'leader' | 'follower';

export class BarePipeline {
  readonly #root: string;
  readonly #children: ChildProcess[] = [];
  #ports: Readonly<Record<Seat, number>> = { leader: 0, follower: 0 };

  private constructor() {
    this.#root = mkdtempSync(path.join(tmpdir(), 'synod-bare-'));
  }

  /** Resolves once all three serve. `fsync` false: written, never synced. */
  static async start(fsync: boolean): Promise<BarePipeline> {
    const pipeline = new BarePipeline();
    try {
      const first = await pipeline.#spawn('follower', 1, fsync, []);
      const second = await pipeline.#spawn('follower', 2, fsync, []);
      const leader = await pipeline.#spawn('leader', 3, fsync, [first, second]);
      pipeline.#ports = { leader, follower: first };
    } catch (error) {
      await pipeline.stop();
      throw error;
    }
    return pipeline;
  }

  port(seat: Seat): number {
    return this.#ports[seat];
  }

  get pids(): number[] {
    return this.#children.map(({ pid }) => pid ?? 0);
  }

  /** Throws if one of the three has ended: what was measured since is worth nothing. */
  assertAlive(): void {
    const gone = this.#children.find(({ exitCode, signalCode }) => exitCode !== null || signalCode !== null);
    if (gone === undefined) return;
    throw new Error(`process ${gone.pid} of the bare pipeline ended; what it printed stands above`);
  }

  async #spawn(role: Seat, number: number, fsync: boolean, followers: readonly number[]): Promise<number> {
    const file = path.join(this.#root, `log-${number}`);
    const args = [role, file, fsync ? 'always' : 'never', ...followers.map(String)];
    const child = fork(program, args, { execArgv: [] });
    this.#children.push(child);
    const failed = once(child, 'exit').then(([code]) => {
      throw new Error(`the bare ${role} ended with ${code}; what it printed stands above`);
    });
    const [ready] = (await Promise.race([once(child, 'message'), failed])) as [BareReady];
    failed.catch(() => 'ended by stop, or the load that misses it says so');
    return ready.port;
  }

  async stop(): Promise<void> {
    const ended = this.#children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    });
    await Promise.all(ended);
    rmSync(this.#root, { recursive: true, force: true });
  }
}
