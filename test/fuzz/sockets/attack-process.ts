/** A process that attacks as it is ordered, so that honest clients are not slowed by their own process's enemy. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Attack, type AttackCounts, type AttackOrder } from './attacks.js';

const ownFile = fileURLToPath(import.meta.url);

export class Attacker {
  readonly #child: ChildProcess;
  readonly #end = (): void => void this.#child.kill('SIGKILL');

  private constructor() {
    this.#child = fork(ownFile, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    process.once('exit', this.#end);
  }

  /** Resolves when the process is ready, so that its start is no part of what is measured. */
  static async start(): Promise<Attacker> {
    const attacker = new Attacker();
    await attacker.#next();
    return attacker;
  }

  async run(order: AttackOrder): Promise<AttackCounts> {
    this.#child.send(order);
    return (await this.#next()) as AttackCounts;
  }

  stop(): void {
    process.off('exit', this.#end);
    this.#end();
  }

  #next(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => reject(new Error(`the attacker ended early: ${code}`));
      this.#child.once('exit', onExit);
      this.#child.once('message', (message) => {
        this.#child.off('exit', onExit);
        resolve(message);
      });
    });
  }
}

if (process.send !== undefined && process.argv[1] === ownFile) {
  process.on('message', (order: AttackOrder) => {
    new Attack(order).run().then(
      (counts) => process.send?.(counts),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.once('disconnect', () => process.exit(0));
  process.send('ready');
}
