/** A sample of `npm run damage`: bits and cuts of a real log, read alone and in a cluster; the same record on all. */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { type ClusterCounts, DamagedLog, describeDamage, drawDamage, runAll, runMinority } from './damaged-log.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
/** Thousands of refusals are made here; nobody reads where. */
Error.stackTraceLimit = 2;

t.test(`bits and cuts of a log, seed ${seed}`, async (t) => {
  const log = new DamagedLog();
  t.ok(log.bytes <= 64 * 1024 + 1, `${log.bytes} bytes in ${log.files.size} files`);
  t.strictSame([...log.kinds].sort(), ['accept', 'chosen', 'commit', 'mark', 'promise'], 'every kind of record');
  const random = new Prng(seed);
  const counts = { same: 0, refused: 0 };
  for (let i = 0; i < 3000; i++) log.tryOne(drawDamage(random, log.files), counts);
  t.comment(`${log.bytes} bytes: ${counts.same} open to what stood in it, ${counts.refused} are refused`);
  t.ok(counts.same > 200 && counts.refused > 200, JSON.stringify(counts));
});

t.test(`one damaged server of three, seed ${seed}`, async (t) => {
  const { files } = new DamagedLog();
  const random = new Prng(seed + 1);
  const counts: ClusterCounts = { healed: 0, refused: 0 };
  for (let i = 0; i < 16; i++) {
    const damage = drawDamage(random, files);
    try {
      runMinority(damage, i % 2 === 0, counts);
    } catch (error) {
      t.fail(`${describeDamage(damage)}, checkpoints ${i % 2 === 0}: ${(error as Error).message}`);
    }
  }
  t.comment(`${counts.healed} came up and caught up, ${counts.refused} refused`);
  t.ok(counts.healed > 0 && counts.refused > 0, JSON.stringify(counts));
});

t.test('the same record is rotten on all: all refuse, none serves', async (t) => {
  for (const slot of [1, 20, 60]) {
    const { up, damaged, moved } = runAll(slot);
    t.ok(damaged >= 3, `slot ${slot} stood in ${damaged} records`);
    t.equal(up, 0, 'nobody is up');
    t.equal(moved, 0, 'nothing is chosen');
  }
});
