/** A minute of the nemesis with a fixed seed; `npm run nemesis` runs longer ones, and other seeds. */
import t from 'tap';
import { runNemesis } from '../nemesis/nemesis.js';

/** Its first sixteen rounds have every kind of blow, and eighteen kinds of faults on links. */
const seed = Number(process.env.SEED ?? 918);

t.test(`a minute of everything that can befall a cluster: SEED=${seed}`, async (t) => {
  const summary = await runNemesis({ seed, minutes: 1, servers: 3, print: (line) => t.comment(line) });
  t.ok(summary.rounds > 0, `${summary.rounds} rounds`);
  t.ok(summary.lines > 0, `${summary.lines} lines acknowledged, each of them once and in one order`);
});
