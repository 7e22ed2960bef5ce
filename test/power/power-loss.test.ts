/** A short share of `npm run power-loss`; and the proof that it would notice disks that lie. */
import t from 'tap';
import { runPowerLoss } from './power-loss.js';

t.setTimeout(120_000);
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const print = (line: string): void => t.comment(line);

void t.test(`power cuts under load, seed ${seed}`, async (t) => {
  const summary = await runPowerLoss({ seed, cycles: 12, print });
  for (const line of summary.text()) print(line);
  t.equal(summary.cycles, 12);
  t.equal(summary.violations, 0);
  t.ok(summary.acknowledged > 100, `${summary.acknowledged} acknowledged`);
  t.ok(summary.unsyncedAtCut > 0, 'some cuts found bytes that were not synced');
});

for (const lie of ['bytes', 'names', 'late'] as const) {
  void t.test(`disks that lie about syncs (${lie}) are found out`, async (t) => {
    // Mostly a server itself refuses what is left of its disk; lost lines or no majority any more would do too.
    await t.rejects(runPowerLoss({ seed: 7, cycles: 30, lie, print, recoveryDeadlineMs: 6_000 }), {
      message: /seed 7, cycle/,
    });
  });
}
