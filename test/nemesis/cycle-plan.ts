/** Who is killed when in a run of kill -9 cycles: a pure function of the seed and the numbers asked for. */
import { Prng } from '../../src/base/prng.js';

export interface CycleCounts {
  readonly cycles: number;
  /** In so many of them every server is killed at once. */
  readonly all: number;
  /** In so many of them a server that is started again is killed once more while it recovers. */
  readonly again: number;
}

export interface Cycle {
  readonly number: number;
  readonly victims: readonly number[];
  /** How long the load goes on, from when every client has been answered after the cycle before. */
  readonly loadMs: number;
  /** How long the victims stay away. */
  readonly downMs: number;
  /** The first victim is killed again so long after it was started; undefined: it is left alone. */
  readonly againMs: number | undefined;
}

/** About 300 ms on average (RELIABILITY.md 3.2). */
const loadMs = { least: 150, most: 450 };
const downMsMost = 100;
/** From `spawn` to READY a server takes about 300 ms: most of its recovery, some of its first moments of service. */
const againMsMost = 400;
/** Of 100 cycles in which not everybody is killed: how often a majority is, instead of one server. */
const majorityPercent = 20;

export function drawCycles(seed: number, counts: CycleCounts, servers: readonly number[]): Cycle[] {
  const random = new Prng(seed);
  const allAt = chosen(counts.all, counts.cycles, random);
  const againAt = chosen(counts.again, counts.cycles, random);
  return Array.from({ length: counts.cycles }, (_, index) => {
    const order = random.shuffle(servers.slice());
    const some = random.chance(majorityPercent, 100) ? Math.ceil(servers.length / 2) : 1;
    const againMs = random.below(againMsMost + 1);
    return {
      number: index + 1,
      victims: allAt.has(index) ? order : order.slice(0, some),
      loadMs: random.between(loadMs.least, loadMs.most),
      downMs: random.below(downMsMost + 1),
      againMs: againAt.has(index) ? againMs : undefined,
    };
  });
}

/** So many of the numbers from 0 on. */
function chosen(count: number, of: number, random: Prng): Set<number> {
  return new Set(random.shuffle(Array.from({ length: of }, (_, index) => index)).slice(0, count));
}
