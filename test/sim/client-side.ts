/** The clients' side of a simulated server, in one of its two forms: the simulator's own front, or production's. */
import type { Applied } from '../../src/chat/index.js';
import type { Listener } from '../../src/daemon/server/driver.js';
import type { OpenedDriver } from '../../src/daemon/server/open-driver.js';
import type { Slot } from '../../src/wire/index.js';
import type { CoverageName } from './coverage.js';

/** What it tells the cluster, so that checkers see it and faults can strike. */
export interface ClientSideEvents {
  counted(name: CoverageName): void;
  applied(applied: Applied): void;
  /** An answer is about to leave for a client. */
  acking(answer: Applied['answers'][number]): void;
  /** It left. */
  acked(): void;
  stopped(): void;
  /** A peer's state through `slot` took the place of this server's. */
  installed(slot: Slot): void;
  /** Runs `act` in a turn of its own. */
  later(act: () => void): void;
}

export interface ClientSide extends Listener {
  /** The driver that this is the listener of is there. */
  start(opened: OpenedDriver): void;
  /** The end of a turn: what clients said in it becomes a batch. */
  flush(): void;
  /** Once a second. */
  tick(nowMs: number): void;
  /** The process is gone. */
  end(): void;
  /** Runs and items submitted again. */
  readonly resubmitted: number;
}
