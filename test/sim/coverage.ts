/**
 * What runs really went through, counted: a fault that never struck and a path that nobody took prove nothing
 * (RELIABILITY.md, 3.1).
 */

/** What is counted; each must be above zero over the seeds that `npm test` runs. */
export const coverageNames = [
  /** A server became leader. */
  'elections',
  'crashes',
  /** Crashes right behind a frame or an acknowledgement that left, or as a sync began. */
  'boundary crashes',
  'orderly stops',
  /** Recoveries that cut a torn tail off the log. */
  'torn tails',
  /** Recoveries that began at a checkpoint, and slots replayed from the log above one. */
  'checkpoints loaded',
  'slots replayed',
  /** Recoveries without the checkpoints that were there before, from the whole log. */
  'stores rebuilt',
  /** States fetched from a peer because the log had been deleted. */
  'states installed',
  /** Pages of history read for subscribers, and those of them that needed rows of the index from the store. */
  'history pages',
  'pages from the store',
  /** Decisions of operators that were applied and had an effect, once on each server. */
  'decisions',
  /** Times a reader was too slow for a room's retention. */
  'deleted before they were read',
  /** Replies that taught a peer at least one value. */
  'learn replies',
  'forwards',
  'nacks',
  'resubmissions',
  'busy answers',
  /** Sessions that the log clock ended, and clients that met that and registered anew. */
  'expired sessions',
  'renewed sessions',
  /** Times a log found its disk full, and servers that ended because a write or a sync had failed. */
  'disk-full episodes',
  'disk errors',
  /** Damages to what was durable, and servers that refused to go on or to start with one. */
  'damages',
  'damages noticed',
  /** Ends of servers in the middle of a checkpoint's batch. */
  'checkpoints cut off',
  'frames lost',
  /** Directories that were emptied, or lost with the process that kept them in memory; and new ones that got a vote. */
  'directories lost',
  'directories admitted',
  /** Of production's client library: connections that became ready, times a server waited for one to read. */
  'library connects',
  'slow readers met',
  'balancer crashes',
  'balancer crashes before the seal',
] as const;

export type CoverageName = (typeof coverageNames)[number];

export class Coverage {
  readonly #counts = new Map<CoverageName, number>();

  add(name: CoverageName, count = 1): void {
    this.#counts.set(name, this.of(name) + count);
  }

  of(name: CoverageName): number {
    return this.#counts.get(name) ?? 0;
  }

  addAll(other: Coverage): void {
    for (const name of coverageNames) this.add(name, other.of(name));
  }

  /** One line for people. */
  describe(): string {
    return coverageNames.map((name) => `${name} ${this.of(name)}`).join(', ');
  }
}
