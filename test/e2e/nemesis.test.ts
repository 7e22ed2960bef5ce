/** A minute of the nemesis with a fixed seed; `npm run nemesis` runs longer ones, and other seeds. */
import t from 'tap';
import { runNemesis } from '../nemesis/nemesis.js';

/** Its first thirteen rounds have a storm and every kind of blow, except a minute's absence, in about a minute. */
const seed = Number(process.env.SEED ?? 13511);
const rounds = 13;

t.test(`a minute of everything that can befall a cluster: SEED=${seed}`, async (t) => {
  const summary = await runNemesis({
    seed,
    minutes: 0,
    rounds,
    servers: 3,
    clients: 12,
    only: [],
    print: (line) => t.comment(line),
  });
  t.equal(summary.rounds, rounds);
  t.ok(
    summary.outcome.acknowledged > 0,
    `${summary.outcome.acknowledged} lines acknowledged, each of them once and in one order`,
  );
});
