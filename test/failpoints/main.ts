/** `npm run failpoints -- [--report] [--only PREFIX] [--seed S]`: exit 0 if each was hit and all held, 1 if not. */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { endWhenNobodyReads } from '../../src/cli/broken-pipe.js';
import { runFailpoints } from './failpoints.js';
import { allNames } from './plan.js';

endWhenNobodyReads((code) => process.exit(code));

const usage = `Usage: npm run failpoints -- [--report] [--only PREFIX] [--rounds N] [--seed S]

Crashes a server of a real cluster under load at every failpoint, one after the other, and judges the history. Fails if
one of them is never hit.
  --report         how often each was hit, at the end
  --only PREFIX    only the failpoints whose names begin so
  --rounds N       goes through all of them so often (default 1)
  --seed S         default: a random one, printed`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      report: { type: 'boolean' },
      only: { type: 'string', default: '' },
      rounds: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(randomInt(1_000_000)) },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return console.log(usage);
  const names = allNames.filter((name) => name.startsWith(values.only));
  const total = new Map(names.map((name) => [name, 0]));
  let acknowledged = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    const seed = Number(values.seed) + round;
    console.log(`seed ${seed}: ${names.length} failpoints`);
    const run = await runFailpoints({ names, seed, print: (line) => console.log(line) });
    acknowledged += run.acknowledged;
    for (const [name, count] of run.hits) total.set(name, (total.get(name) ?? 0) + count);
  }
  if (values.report === true) for (const [name, count] of total) console.log(`${String(count).padStart(5)}  ${name}`);
  const missed = [...total].filter(([, count]) => count === 0).map(([name]) => name);
  console.log(
    `${total.size - missed.length} of ${total.size} failpoints hit; ${acknowledged} lines acknowledged, 0 lost`,
  );
  if (missed.length > 0) throw new Error(`never hit: ${missed.join(', ')}`);
}

try {
  await main();
} catch (error) {
  console.error(`FAILED: ${(error as Error).message}`);
  process.exitCode = 1;
}
