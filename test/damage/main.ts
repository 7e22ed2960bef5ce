/** `npm run damage -- --runs N --seed S`: exit 0 if every damage is refused or harmless, 1 if not, 2 for usage. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { Prng } from '../../src/base/index.js';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { DamagedLog, describeDamage, drawDamage, runMinority } from './damaged-log.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run damage -- [--runs N] [--seed S]

Flips every bit of a small log with every kind of record and cuts it at every byte: it opens to what stood in it, or is
refused.
Then N simulated clusters in which one server of three starts on such a log.
  --runs N    clusters (default 200)
  --seed S    which damages those get; default: a random one, printed`;

/** Half a million refusals are made here; nobody reads where. */
Error.stackTraceLimit = 0;

function everyDamage(): void {
  const log = new DamagedLog();
  console.log(`${log.bytes} bytes in ${log.files.size} files, records: ${[...log.kinds].sort().join(', ')}`);
  const flips = { same: 0, refused: 0 };
  const cuts = { same: 0, refused: 0 };
  for (const [file, bytes] of log.files) {
    for (let at = 0; at < bytes; at++) {
      for (let bit = 0; bit < 8; bit++) log.tryOne({ file, at, bit }, flips);
      log.tryOne({ file, at, bit: undefined }, cuts);
    }
    console.log(`through ${file}`);
  }
  console.log(`every bit: ${flips.same} open to what stood in it, ${flips.refused} are refused`);
  console.log(`every cut: ${cuts.same} open to what stood in it, ${cuts.refused} are refused`);
}

function clusters(runs: number, seed: number): void {
  const { files } = new DamagedLog();
  const random = new Prng(seed);
  const counts = { healed: 0, refused: 0 };
  for (let i = 0; i < runs; i++) {
    const damage = drawDamage(random, files);
    try {
      runMinority(damage, i % 2 === 0, counts);
    } catch (error) {
      throw new Error(`${describeDamage(damage)}, checkpoints ${i % 2 === 0 ? 'kept' : 'lost'}: ${String(error)}`);
    }
  }
  console.log(`${runs} clusters with one damaged log: ${counts.healed} servers caught up, ${counts.refused} refused`);
}

function main(): void {
  let runs: number;
  let seed: number;
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '200' },
        seed: { type: 'string', default: String(randomInt(1_000_000)) },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return console.log(usage);
    [runs, seed] = [Number(values.runs), Number(values.seed)];
    if (!Number.isSafeInteger(runs) || runs < 0) throw new Error(`--runs must be 0 or more, not ${values.runs}`);
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed must be a whole number, not ${values.seed}`);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
    return;
  }
  try {
    console.log(`seed ${seed}`);
    clusters(runs, seed);
    everyDamage();
  } catch (error) {
    console.error(`FAILED: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

main();
