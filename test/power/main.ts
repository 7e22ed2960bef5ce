/** `npm run power-loss -- --cycles N --seed S`: exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { runPowerLoss } from './power-loss.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run power-loss -- [--cycles N] [--seed S]

Three real servers in this process under load, on disks that lose what was not synced when the power fails; N times it
fails for one, two or all of them, also in the middle of a sync or of a recovery.
  --cycles N    how often (default 100)
  --seed S      default: a random one, printed first; it decides the faults, the machine's own timing the rest`;

function readArguments(): { readonly cycles: number; readonly seed: number } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        cycles: { type: 'string', default: '100' },
        seed: { type: 'string', default: String(randomInt(1_000_000)) },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) {
      console.log(usage);
      return undefined;
    }
    const [cycles, seed] = [Number(values.cycles), Number(values.seed)];
    if (!Number.isSafeInteger(cycles) || cycles < 1)
      throw new Error(`--cycles must be 1 or more, not ${values.cycles}`);
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not ${values.seed}`);
    return { cycles, seed };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

const options = readArguments();
if (options !== undefined) {
  console.log(`seed ${options.seed}, ${options.cycles} cycles`);
  try {
    const summary = await runPowerLoss({ ...options, print: (line) => console.log(line) });
    for (const line of summary.text()) console.log(line);
    console.log(`seed ${options.seed}: everything held`);
  } catch (error) {
    console.error(`FAILED: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
