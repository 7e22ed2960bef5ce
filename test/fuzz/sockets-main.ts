/** `npm run fuzz-sockets`: attacks on a real cluster's ports; exit 0 if everything held, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { type AssaultOptions, assault } from './sockets/assault.js';
import { attackNames } from './sockets/attacks.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run fuzz-sockets -- [--seconds S] [--seed N] [--only NAME,…] [--half-open N]

Starts a cluster of three servers with honest clients and attacks it: ${attackNames.join(', ')}.
  --seconds S    how long each attack lasts, and the quiet time before it (default 20)
  --seed N       default: a random one, printed first
  --only NAMES   these attacks only
  --half-open N  sockets of that attack (default 10000)

Example: npm run fuzz-sockets -- --seconds 30 --only half-open`;

/** Hoarders at 40 MiB a second, in all more than one server's budget of unfinished frames. */
const usual: AssaultOptions['sockets'] = {
  traffic: { sockets: 64, socketsPerSecond: 100 },
  drip: { sockets: 500, socketsPerSecond: 200 },
  hoard: { sockets: 800, socketsPerSecond: 40 },
  'half-open': { sockets: 10_000, socketsPerSecond: 1_000 },
};

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '20' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      only: { type: 'string', default: attackNames.join(',') },
      'half-open': { type: 'string', default: '10000' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(usage);
    return 0;
  }
  const [seconds, seed, halfOpen] = [Number(values.seconds), Number(values.seed), Number(values['half-open'])];
  const attacks = attackNames.filter((name) => values.only.split(',').includes(name));
  if (!(seconds > 0 && halfOpen > 0 && Number.isSafeInteger(seed)) || attacks.length === 0) throw new Error(usage);
  console.log(`seed ${seed}, ${seconds} s each`);
  const sockets = { ...usual, 'half-open': { ...usual['half-open'], sockets: halfOpen } };
  const results = await assault({ attacks, seconds, sockets, seed, print: (line) => console.log(line) });
  for (const { attack, quiet, attacked } of results) {
    const times = attacked.p99Ms / quiet.p99Ms;
    console.log(`${attack}: p99 ${times.toFixed(2)} times that of the quiet time${times <= 2 ? '' : ': MISSED'}`);
  }
  return results.every(({ quiet, attacked }) => attacked.p99Ms <= 2 * quiet.p99Ms) ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(2);
  },
);
