/** The end of an event-loop turn: work collected during it runs once, in ordered stages (PERFORMANCE.md, choice 2). */
import { assert } from '../base/index.js';

/**
 * What happens at the end of a turn: client messages become batches, everything that may leave goes into one write per
 * socket, batches and votes become one log write, what can wait for that is done, and closed connections are reported.
 */
export const Stage = { submit: 0, socket: 1, wal: 2, late: 3, closed: 4 } as const;
export type Stage = (typeof Stage)[keyof typeof Stage];

/**
 * The order in which they run. Sockets come before the log, so that the others' disks work while ours is given its
 * batch (1.1 times as many lines a second from 16 clients, PERFORMANCE.md), and once more for what comes of a log that
 * syncs nothing and of what was late.
 */
const ORDER: readonly Stage[] = [Stage.submit, Stage.socket, Stage.wal, Stage.late, Stage.socket, Stage.closed];

/**
 * Collects callbacks during a turn and runs them after it. A callback deferred to a *later* stage while the stages run
 * (or to `socket` before its second time) still runs in the same pass; one deferred to the running stage or an earlier
 * one runs in the next turn, so that a
 * pass always ends. Callers defer once per turn (they keep their own "already deferred" flag).
 */
export class Turn {
  readonly #schedule: (run: () => void) => void;
  readonly #waiting: (() => void)[][] = [[], [], [], [], []];
  #count = 0;
  #scheduled = false;
  #running = false;
  readonly #run = (): void => {
    this.#scheduled = false;
    this.run();
  };

  /** `schedule` calls back at the end of the current turn; the default is `setImmediate`. */
  constructor(schedule: (run: () => void) => void = (run) => void setImmediate(run)) {
    this.#schedule = schedule;
  }

  /** Runs `fn` at `stage` of the end of this turn. */
  defer(fn: () => void, stage: Stage): void {
    const list = this.#waiting[stage];
    assert(list !== undefined, `no stage ${stage}`);
    list.push(fn);
    this.#count++;
    this.#arm();
  }

  /** True while something waits for the end of the turn. */
  get busy(): boolean {
    return this.#count > 0;
  }

  /** Runs what waits now. Called by the scheduler; tests with their own scheduler may call it directly. */
  run(): void {
    this.#running = true;
    try {
      for (const stage of ORDER) {
        const list = this.#waiting[stage] as (() => void)[];
        if (list.length === 0) continue;
        this.#waiting[stage] = [];
        this.#count -= list.length;
        for (const fn of list) fn();
      }
    } finally {
      this.#running = false;
      if (this.#count > 0) this.#arm();
    }
  }

  #arm(): void {
    // What is deferred while the stages run is looked at when they are through: mostly they have run it.
    if (this.#scheduled || this.#running) return;
    this.#scheduled = true;
    this.#schedule(this.#run);
  }
}

/** The turn that everything in this process shares, so that its stages are ordered across all connections. */
export const processTurn = new Turn();
