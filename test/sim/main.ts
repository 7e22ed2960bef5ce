/**
 * `npm run sim -- --seeds N [--seed S] [--trace]`: runs seeds one after the other; exit 0 if all hold, 1 if one fails,
 * 2 for usage.
 */
import { parseArgs } from 'node:util';
import { Coverage } from './coverage.js';
import { runSeed } from './run.js';

const usage = `Usage: npm run sim -- [--seeds N] [--seed S] [--trace] [--keep-going]

Runs whole clusters in one thread, each from one seed; the same seed gives the same run on every machine.
  --seed S       the first seed (default 1); alone it runs that seed only
  --seeds N      how many seeds to run, one after the other (default 1 with --seed, else 100)
  --trace        print what the servers log, with the simulated time
  --keep-going   go on after a failing seed

Examples: npm run sim -- --seeds 1000
          npm run sim -- --seed 4711 --trace`;

interface Arguments {
  readonly seed: number;
  readonly seeds: number;
  readonly trace: boolean;
  readonly keepGoing: boolean;
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
        trace: { type: 'boolean' },
        'keep-going': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { help: usage };
    const seed = Number(values.seed ?? 1);
    const seeds = Number(values.seeds ?? (values.seed === undefined ? 100 : 1));
    if (!Number.isSafeInteger(seed) || seed < 0)
      return { error: `--seed must be a whole number, not "${values.seed}"` };
    if (!Number.isSafeInteger(seeds) || seeds < 1)
      return { error: `--seeds must be at least 1, not "${values.seeds}"` };
    return { seed, seeds, trace: values.trace ?? false, keepGoing: values['keep-going'] ?? false };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Runs the seeds; returns the exit code. */
export function main(argv: readonly string[], print: (line: string) => void): number {
  const parsed = parseArguments(argv);
  if ('help' in parsed) {
    print(parsed.help);
    return 0;
  }
  if ('error' in parsed) {
    print(`${parsed.error}\n\n${usage}`);
    return 2;
  }
  const { seed, seeds, trace, keepGoing } = parsed;
  const totals = { ran: 0, failed: 0, events: 0, slots: 0, acked: 0, simulatedS: 0 };
  const coverage = new Coverage();
  const startMs = performance.now();
  for (let at = seed; at < seed + seeds; at++) {
    const { failure, result } = runSeed(trace ? { seed: at, trace: print } : { seed: at });
    totals.ran++;
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

if (process.argv[1] !== undefined && import.meta.url.endsWith('/sim/main.js') && process.argv[1].endsWith('main.js')) {
  process.exitCode = main(process.argv.slice(2), (line) => process.stdout.write(`${line}\n`));
}
