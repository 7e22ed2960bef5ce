/**
 * `npm run sim -- …`: runs seeds one after the other, shrinks one that fails, or runs a script; exit 0 if all hold, 1
 * if one fails, 2 for usage.
 */
import { parseArgs } from 'node:util';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import type { ClusterSetup } from './cluster.js';
import { Coverage } from './coverage.js';
import { hotOptions } from './hot-options.js';
import { type PlantName, plantNames, plantSetup } from './planted/index.js';
import { runSeed } from './run.js';
import { judgeScript, readScript, scriptSetup, scriptText } from './script.js';
import { shrink } from './shrink.js';

const usage = `Usage: npm run sim -- [--seeds N] [--seed S] [--trace] [--keep-going] [--plant NAME] [--hot]
       npm run sim -- --shrink S [--plant NAME] [--hot]
       npm run sim -- --script FILE [--trace]

Runs whole clusters in one thread, each from one seed; the same seed gives the same run on every machine.
  --seed S       the first seed (default 1); alone it runs that seed only
  --seeds N      how many seeds to run, one after the other (default 1 with --seed, else 100)
  --minutes M    no new seed after so long
  --trace        print what the servers log, with the simulated time
  --keep-going   go on after a failing seed
  --shrink S     make this failing seed's run small and print it as a script (test/sim/scenarios)
  --script FILE  run a script, as printed by --shrink
  --plant NAME   with this bug planted; names: ${plantNames.join(', ')}
  --hot          under the options in which planted bugs show soon

Examples: npm run sim -- --seeds 1000
          npm run sim -- --seed 4711 --trace
          npm run sim -- --shrink 4711`;

type Print = (line: string) => void;

interface Arguments {
  readonly seed: number;
  readonly seeds: number;
  readonly minutes: number;
  readonly trace: boolean;
  readonly keepGoing: boolean;
  readonly shrink: boolean;
  readonly script: string | undefined;
  readonly plant: PlantName | undefined;
  readonly hot: boolean;
}

/** The arguments, a text for whoever asked for help, or what is wrong with them. */
export function parseArguments(
  argv: readonly string[],
): Arguments | { readonly help: string } | { readonly error: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        seed: { type: 'string' },
        seeds: { type: 'string' },
        minutes: { type: 'string' },
        trace: { type: 'boolean' },
        'keep-going': { type: 'boolean' },
        shrink: { type: 'string' },
        script: { type: 'string' },
        plant: { type: 'string' },
        hot: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { help: usage };
    const given = values.seed ?? values.shrink;
    const seed = Number(given ?? 1);
    const seeds = Number(values.seeds ?? (given === undefined ? 100 : 1));
    if (!Number.isSafeInteger(seed) || seed < 0) return { error: `a seed must be a whole number, not "${given}"` };
    if (!Number.isSafeInteger(seeds) || seeds < 1)
      return { error: `--seeds must be at least 1, not "${values.seeds}"` };
    const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
    if (!(minutes > 0)) return { error: `--minutes must be above 0, not "${values.minutes}"` };
    const plant = plantNames.find((name) => name === values.plant);
    if (values.plant !== undefined && plant === undefined) return { error: `--plant knows no "${values.plant}"` };
    return {
      seed,
      seeds,
      minutes,
      trace: values.trace ?? false,
      keepGoing: values['keep-going'] ?? false,
      shrink: values.shrink !== undefined,
      script: values.script,
      plant,
      hot: values.hot ?? false,
    };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Runs the seeds; returns the exit code. */
export async function main(argv: readonly string[], print: Print): Promise<number> {
  const parsed = parseArguments(argv);
  if ('help' in parsed) {
    print(parsed.help);
    return 0;
  }
  if ('error' in parsed) {
    print(`${parsed.error}\n\n${usage}`);
    return 2;
  }
  if (parsed.shrink) return shrinkSeed(parsed, print);
  if (parsed.script !== undefined) return runScript(parsed.script, parsed.trace ? print : undefined, print);
  return runSeeds(parsed, print);
}

/** One seed of a hundred is run twice: the same events must happen. */
const repeatEvery = 100;

async function runSeeds(parsed: Arguments, print: Print): Promise<number> {
  const { seed, seeds, minutes, trace, keepGoing } = parsed;
  const runAgain = async (at: number, hash: number | undefined): Promise<void> => {
    const again = await runSeed({ ...setupOf(parsed), seed: at });
    if (again.result?.hash === hash) return;
    totals.failed++;
    print(`seed ${at}: run twice it gave two event hashes, ${hash} and ${again.result?.hash}`);
  };
  const totals = { ran: 0, failed: 0, events: 0, slots: 0, acked: 0, simulatedS: 0 };
  const coverage = new Coverage();
  const startMs = performance.now();
  const isTime = (): boolean => performance.now() - startMs < 60_000 * minutes;
  for (let at = seed; at < seed + seeds && isTime(); at++) {
    const { failure, result } = await runSeed({ ...setupOf(parsed), seed: at, ...(trace ? { trace: print } : {}) });
    totals.ran++;
    if (at % repeatEvery === 0 && !trace) await runAgain(at, result?.hash);
    if (failure !== undefined) {
      totals.failed++;
      print(failure.text);
      if (!keepGoing) break;
    }
    if (result === undefined) continue;
    totals.events += result.events;
    totals.slots += result.slots;
    totals.acked += result.acked;
    coverage.addAll(result.coverage);
    totals.simulatedS += result.simulatedUs / 1e6;
    if (seeds === 1) {
      print(
        `seed ${at}: ok, hash ${result.hash.toString(16)}, ${result.slots} slots, ` +
          `resumed after ${result.resumedUs / 1000} ms`,
      );
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  print(
    `${totals.ran} seeds, ${totals.failed} failed: ${totals.slots} slots, ${totals.acked} messages acknowledged, ` +
      `${coverage.of('crashes')} crashes, ${Math.round(totals.simulatedS)} s simulated in ${seconds.toFixed(1)} s ` +
      `(${Math.round(totals.events / seconds)} events/s)`,
  );
  print(`exercised: ${coverage.describe()}`);
  return totals.failed === 0 ? 0 : 1;
}

function setupOf({ plant, hot }: Arguments): Omit<ClusterSetup, 'seed'> {
  return { ...(plant === undefined ? {} : plantSetup(plant)), ...(hot ? { options: hotOptions } : {}) };
}

/** Exit code 1, as the seed fails; 0 if it does not. */
async function shrinkSeed(parsed: Arguments, print: Print): Promise<number> {
  const { seed, plant } = parsed;
  const shrunk = await shrink({ ...setupOf(parsed), seed });
  if (shrunk === undefined) {
    print(`seed ${seed} holds: there is nothing to shrink`);
    return 0;
  }
  const { rule, before, after, runs } = shrunk;
  const sized = ({ faults, simulatedUs, events }: typeof before): string =>
    `${faults} faults, ${events} events in ${(simulatedUs / 1e6).toFixed(2)} s`;
  print(`"${rule}": ${sized(before)}; after ${runs} runs: ${sized(after)}`);
  const about = 'Say here what it shows; then keep it as test/sim/scenarios/NAME.json.';
  const planted = plant === undefined ? {} : { plant, rule };
  print(scriptText({ about, ...planted, seed: shrunk.seed, options: shrunk.options, faults: shrunk.faults }).trimEnd());
  return 1;
}

async function runScript(file: string, trace: Print | undefined, print: Print): Promise<number> {
  const script = readScript(file);
  if (trace !== undefined) await runSeed({ ...scriptSetup(script), trace });
  const wrong = await judgeScript(script);
  print(wrong ?? `${file}: ends as it must`);
  return wrong === undefined ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url.endsWith('/sim/main.js') && process.argv[1].endsWith('main.js')) {
  endWhenNobodyReads((code) => process.exit(code));
  process.exitCode = await main(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
}
