/** What befalls the machines in one cycle, drawn from the seed. */
import type { Prng } from '../../src/base/index.js';
import type { Ending } from './machine.js';

export interface Blow {
  readonly server: number;
  readonly ending: Ending;
  readonly offMs: number;
  /** It falls again as this disk operation of its recovery begins; 0: it comes up in peace. */
  readonly againAt: number;
}

export interface Cycle {
  /** All of them fall at one moment. */
  readonly blows: readonly Blow[];
  /** After so many ms, or (0) as the so-many-th disk operation of the first one begins. */
  readonly afterMs: number;
  readonly atOperation: number;
}

/** One, two or all three, mostly by power; half of the cuts hit a disk operation that has just begun. */
export function drawCycle(random: Prng, ids: readonly number[]): Cycle {
  const count = random.pick([1, 1, 2, 3]);
  const victims = random.shuffle(ids).slice(0, count);
  const together: Ending = random.chance(1, 8) ? 'process' : 'power';
  const atOperation = random.chance(1, 2) ? random.between(1, 30) : 0;
  return {
    blows: victims.map((server) => ({
      server,
      ending: together,
      offMs: random.between(0, 120),
      againAt: random.chance(1, 5) ? random.between(1, 24) : 0,
    })),
    afterMs: atOperation > 0 ? 0 : random.between(0, 150),
    atOperation,
  };
}

export function describeCycle(number: number, { blows, afterMs, atOperation }: Cycle): string {
  const when = atOperation > 0 ? `at disk operation ${atOperation}` : `after ${afterMs} ms`;
  const what = blows.map(({ server, ending, offMs, againAt }) => {
    const again = againAt > 0 ? `, again at operation ${againAt} of its recovery` : '';
    return `server ${server} by ${ending} for ${offMs} ms${again}`;
  });
  return `cycle ${number}, ${when}: ${what.join('; ')}`;
}
