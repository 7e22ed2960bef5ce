/** `npm run bench:guard`: synod against the bare pipeline in alternating rounds, and against the floors of old. */
import { readFileSync, writeFileSync } from 'node:fs';
import { commitText, describeEnvironment } from './environment.js';
import { floorText, measureFloor } from './floor.js';
import {
  exitCodeOf,
  floorsFrom,
  type GuardedLoad,
  guardedLoads,
  judge,
  ratioOf,
  readFloors,
  verdictsText,
} from './guard-judge.js';
import { readOptions } from './options.js';
import { type Measured, measureBare, measureSynod, type Timing } from './systems.js';

/** Relative to the repository's root, from which npm runs us. */
const floorFile = 'bench/guard-floor.json';
/** More foreign cores than this and no floor should be stored. */
const foreignMax = 0.1;

/** Ends with 1 below a floor (with --ci: far below), or when lines were lost. */
export async function main(args: readonly string[]): Promise<number> {
  const { numbers, switches } = readOptions(args, {
    numbers: { seconds: 5, warmup: 2, rounds: 3, size: 100 },
    switches: ['ci', 'store'],
  });
  const isCi = switches.has('ci');
  const floors = readFloors(readFileSync(floorFile, 'utf8'));
  console.log(describeEnvironment());
  console.log(
    `${numbers.rounds} rounds, the bare pipeline and synod in turn; closed loop, ${numbers.size}-byte lines, ` +
      `${numbers.seconds} s after ${numbers.warmup} s of warm-up`,
  );
  console.log(`${floorText(await measureFloor(1))}\n`);
  const rounds: Round[] = [];
  for (let round = 0; round < numbers.rounds; round++) {
    for (const load of guardedLoads) rounds.push(await measureRound(load, numbers, round));
  }
  const verdicts = guardedLoads.map((load) =>
    judge(
      load.name,
      rounds.filter((round) => round.load === load).map(({ bare, synod }) => ratioOf(load, bare, synod)),
      floors,
    ),
  );
  console.log(`\n${verdictsText(verdicts, floors, isCi)}`);
  const foreign = Math.max(...rounds.flatMap(({ bare, synod }) => [bare.foreignCores, synod.foreignCores]));
  if (foreign > foreignMax) {
    console.log(`other programs used up to ${foreign.toFixed(2)} cores: measure again on a quiet machine`);
  }
  const lost = rounds.reduce((sum, { synod }) => sum + synod.lost, 0);
  if (lost > 0) {
    console.log(`${lost} lines failed or are unknown: these ratios are worth nothing; look into that first`);
    return 1;
  }
  if (switches.has('store')) {
    const next = floorsFrom(verdicts, floors, commitText(), new Date().toISOString().slice(0, 10));
    writeFileSync(floorFile, `${JSON.stringify(next, undefined, 2)}\n`);
    console.log(`stored in ${floorFile}: look at the change, and commit it`);
    return 0;
  }
  return exitCodeOf(verdicts, isCi);
}

interface Round {
  readonly load: GuardedLoad;
  readonly bare: Measured;
  readonly synod: Measured;
}

/** Who goes first changes from round to round. All clients are on the leader in both systems: like for like. */
async function measureRound(load: GuardedLoad, timing: Timing, round: number): Promise<Round> {
  const early = round % 2 === 0 ? await measureBare(load, timing) : undefined;
  const synod = await measureSynod(load, timing, 'leader');
  const bare = early ?? (await measureBare(load, timing));
  const shown = ({ perSecond, p50Us }: Measured): string =>
    load.by === 'latency' ? `p50 ${p50Us.toFixed(0)} µs` : `${Math.round(perSecond).toLocaleString('en')}/s`;
  console.log(
    `round ${round + 1}, ${load.name}: bare ${shown(bare)}, synod ${shown(synod)}, ratio ${ratioOf(load, bare, synod).toFixed(3)}; ` +
      `foreign cores ${bare.foreignCores.toFixed(2)}, ${synod.foreignCores.toFixed(2)}`,
  );
  return { load, bare, synod };
}
