/** Half a minute of the nemesis with a fixed seed; `npm run nemesis` runs longer ones, and other seeds. */
import t from 'tap';
import { runNemesis } from '../nemesis/nemesis.js';

/**
 * Its first eight rounds have a storm and eleven kinds of blow: all but a full disk, another clock and a minute's
 * absence.
 */
const seed = Number(process.env.SEED ?? 242118);
const rounds = 8;

t.test(`eight rounds of what can befall a cluster: SEED=${seed}`, async (t) => {
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
