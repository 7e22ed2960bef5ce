/** Wakes this thread at a fraction of a millisecond, with the help of another one that does nothing but sleep. */
import { Worker } from 'node:worker_threads';
import { alarmBytes, alarmCells, clockMs } from './alarm-cells.js';

export interface AlarmOwner {
  /** The time that was asked for last has come, or an earlier one that it replaced. */
  onRing(): void;
  /** The thread ended, and why; the alarm does not ring any more. */
  onBroken(error: unknown): void;
}

export class Alarm {
  readonly #cells: ReturnType<typeof alarmCells>;
  readonly #thread: Worker;
  #isReady = false;

  /** Starts the thread. It does not keep the process alive. */
  constructor(owner: AlarmOwner) {
    const memory = new SharedArrayBuffer(alarmBytes);
    this.#cells = alarmCells(memory);
    // Flags and arguments of the process are none of its business, nor is much memory.
    this.#thread = new Worker(new URL('./alarm-thread.js', import.meta.url), {
      workerData: memory,
      argv: [],
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    });
    this.#thread.unref();
    this.#thread.on('message', () => {
      if (this.#isReady) owner.onRing();
      this.#isReady = true;
    });
    this.#thread.on('error', (error) => {
      this.#isReady = false;
      owner.onBroken(error);
    });
  }

  /** The thread runs; before that there is nobody to set it for. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Rings once in `afterMs`; what was asked for before is forgotten. */
  set(afterMs: number): void {
    const { asked, dueMs } = this.#cells;
    dueMs[0] = clockMs() + afterMs;
    Atomics.add(asked, 0, 1);
    Atomics.notify(asked, 0);
  }

  async stop(): Promise<void> {
    this.#isReady = false;
    await this.#thread.terminate();
  }
}
