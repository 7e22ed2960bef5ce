/** `npm run nemesis -- --minutes M --seed N [--servers 3|5]`: exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { readServers, readTexts, readWhole, runCommand } from './command.js';
import { runNemesis } from './nemesis.js';
import { kindNames } from './plan.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run nemesis -- [--minutes M] [--seed N] [--servers 3|5] [--clients N] [--only KIND,…] [--json]

Runs a cluster of real processes behind the fault proxy, under load, and breaks links, kills, pauses and restarts its
parts in rounds drawn from the seed; the same seed gives the same sequence of faults.
  --minutes M    how long rounds begin (default 1)
  --seed N       default: a random one, printed first
  --servers N    3 or 5 (default 3)
  --clients N    6 of them processes, half of them behind the proxy (default 6)
  --only KINDS   nothing but these kinds of faults:
                 ${kindLines()}
  --json         what it came to, as one JSON object

Example: npm run nemesis -- --minutes 10 --seed 4711 --servers 5 --clients 60`;

const defaults = { minutes: '1', seed: `${randomInt(1_000_000)}`, servers: '3', clients: '6', only: '' };

function kindLines(): string {
  const lines = [''];
  for (const name of kindNames) {
    const last = lines.length - 1;
    if (`${lines[last]} ${name}`.length > 95) lines.push(name);
    else lines[last] = `${lines[last]} ${name}`.trimStart();
  }
  return lines.join(`\n${' '.repeat(17)}`);
}

function readMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0 && minutes < Number.POSITIVE_INFINITY)) {
    throw new Error(`--minutes must be above 0, not "${text}"`);
  }
  return minutes;
}

function readKinds(text: string): string[] {
  const kinds = text.split(',').filter((kind) => kind !== '');
  for (const kind of kinds) if (!kindNames.includes(kind)) throw new Error(`--only: there is no kind "${kind}"`);
  return kinds;
}

process.exitCode = await runCommand(
  usage,
  (argv) => {
    const texts = readTexts(argv, defaults);
    return {
      minutes: readMinutes(texts.minutes),
      seed: readWhole('seed', texts.seed, 0),
      rounds: 1,
      servers: readServers(texts.servers),
      clients: readWhole('clients', texts.clients, 1),
      only: readKinds(texts.only),
    };
  },
  async (options, print) => {
    print(`seed ${options.seed}, ${options.servers} servers, ${options.clients} clients, ${options.minutes} minutes`);
    const summary = await runNemesis({ ...options, print });
    print(`seed ${options.seed}: everything held`);
    return summary;
  },
);
