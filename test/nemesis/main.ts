/** `npm run nemesis -- --minutes M --seed N [--servers 3|5]`: exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type NemesisOptions, runNemesis } from './nemesis.js';

const usage = `Usage: npm run nemesis -- [--minutes M] [--seed N] [--servers 3|5]

Runs a cluster of real processes behind the fault proxy, under load, and breaks links, kills, pauses and restarts its
parts in rounds drawn from the seed; the same seed gives the same sequence of faults.
  --minutes M    how long rounds begin (default 1)
  --seed N       default: a random one, printed first
  --servers N    3 or 5 (default 3)

Example: npm run nemesis -- --minutes 10 --seed 4711 --servers 5`;

type Arguments = Omit<NemesisOptions, 'print'>;

/** @throws Error that says what is wrong with the arguments. */
function parseArguments(argv: readonly string[]): Arguments | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      servers: { type: 'string', default: '3' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return 'help';
  const [minutes, seed, servers] = [values.minutes, values.seed, values.servers].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(minutes > 0)) throw new Error(`--minutes must be above 0, not "${values.minutes}"`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not "${values.seed}"`);
  if (servers !== 3 && servers !== 5) throw new Error(`--servers must be 3 or 5, not "${values.servers}"`);
  return { minutes, seed, servers };
}

function readArguments(): Arguments | undefined {
  try {
    const parsed = parseArguments(process.argv.slice(2));
    if (parsed !== 'help') return parsed;
    console.log(usage);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
  }
  return undefined;
}

const options = readArguments();
if (options !== undefined) {
  console.log(`seed ${options.seed}, ${options.servers} servers, ${options.minutes} minutes`);
  try {
    await runNemesis({ ...options, print: (line) => console.log(line) });
    console.log(`seed ${options.seed}: everything held`);
  } catch (error) {
    console.error(`FAILED: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
