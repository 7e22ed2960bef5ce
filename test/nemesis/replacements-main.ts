/** `npm run replacements -- --rounds N --seed S`: exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { readTexts, readWhole, runCommand } from './command.js';
import { allReplacements, drawReplacements, runReplacements } from './replacements.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run replacements -- [--rounds N] [--seed S] [--json]

Replaces one server after the other under load, kills somebody with kill -9 at each step of it, and has every line
judged in the end.
  --rounds N     how many times (default ${allReplacements().length}: everything that can be, once)
  --seed S       default: a random one, printed first
  --json         what it came to, as one JSON object

Example: npm run replacements -- --rounds 20 --seed 4711`;

const defaults = { rounds: `${allReplacements().length}`, seed: `${randomInt(1_000_000)}` };

process.exitCode = await runCommand(
  usage,
  (argv) => {
    const texts = readTexts(argv, defaults);
    return { rounds: readWhole('rounds', texts.rounds, 1), seed: readWhole('seed', texts.seed, 0) };
  },
  async ({ rounds, seed }, print) => {
    print(`seed ${seed}, ${rounds} replacements`);
    const summary = await runReplacements({ seed, replacements: drawReplacements(seed, rounds), print });
    print(`seed ${seed}: everything held`);
    return summary;
  },
);
