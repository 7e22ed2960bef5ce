/** `npm run cycles -- --cycles N --all M --again K --seed S`: exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { readServers, readTexts, readWhole, runCommand } from './command.js';
import { runCycles } from './cycles.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run cycles -- [--cycles N] [--all M] [--again K] [--seed S] [--servers 3|5] [--json]

Kills servers with kill -9 under load and starts them again, N times, and has every line judged in the end.
  --cycles N     how many times (default 2000)
  --all M        in M of them every server at once (default 200)
  --again K      in K of them a server once more while it recovers (default 500)
  --seed S       default: a random one, printed first
  --servers N    3 or 5 (default 3)
  --json         what it came to, as one JSON object

Example: npm run cycles -- --cycles 200 --all 20 --again 50 --seed 4711`;

const defaults = { cycles: '2000', all: '200', again: '500', seed: `${randomInt(1_000_000)}`, servers: '3' };

process.exitCode = await runCommand(
  usage,
  (argv) => {
    const texts = readTexts(argv, defaults);
    return {
      cycles: readWhole('cycles', texts.cycles, 1),
      all: readWhole('all', texts.all, 0),
      again: readWhole('again', texts.again, 0),
      seed: readWhole('seed', texts.seed, 0),
      servers: readServers(texts.servers),
    };
  },
  async (options, print) => {
    print(`seed ${options.seed}, ${options.servers} servers, ${options.cycles} cycles`);
    const summary = await runCycles({ ...options, print });
    print(`seed ${options.seed}: everything held`);
    return summary;
  },
);
