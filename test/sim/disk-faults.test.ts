/**
 * The simulator's own disk faults do what they say: damage is noticed at the next start, a cut checkpoint is lost or
 * whole.
 */
import t from 'tap';
import { Prng } from '../../src/base/index.js';
import { MemoryRows } from '../../src/storage/index.js';
import { Cluster } from './cluster.js';
import type { Fault } from './fault.js';
import { calmOptions } from './options.js';
import { SimStore } from './sim-store.js';

const second = 1_000_000;

t.test('a server with damage refuses its next start and stays down; the others go on', async (t) => {
  const random = new Prng(3);
  let damaged = 0;
  for (const way of ['bit', 'stray'] as const) {
    for (let run = 0; run < 10; run++) {
      const faults: Fault[] = [
        { kind: 'damage', atUs: 2 * second, server: 1, way, place: random.u32() },
        { kind: 'crash', atUs: 3 * second, servers: [1], forUs: 1000 },
      ];
      const cluster = new Cluster({ seed: run + 1, options: { ...calmOptions, repair: 'leave' }, faults });
      const [server] = cluster.servers;
      // The whole log is read again: a checkpoint would spare it what lies below.
      cluster.kernel.run(3 * second);
      server?.loseStore();
      const result = await cluster.run();
      if (server?.isDamaged !== true) continue;
      damaged++;
      t.equal(server?.isUp, false, `run ${run}, ${way}: it stays down`);
      t.equal(result.coverage.of('damages noticed'), 1);
    }
  }
  // A sector that was written to the place of another may change nothing: both were empty.
  t.ok(damaged >= 15, `${damaged} of 20 disks were damaged`);
});

t.test('a checkpoint under way when the power fails is lost or whole', async (t) => {
  const ends = new Set<number>();
  for (let seed = 1; seed <= 20; seed++) {
    const rows = new MemoryRows();
    const due: (() => void)[] = [];
    const afterSync = (act: () => void): void => void due.push(act);
    const store = new SimStore({ rows, later: queueMicrotask, afterSync, isFull: () => false });
    const row = (key: number): { key: Buffer; value: Buffer } => ({ key: Buffer.from([key]), value: Buffer.from('v') });
    let told = 0;
    store.batch([row(1)], [], () => {
      told++;
    });
    due.shift()?.();
    store.batch([row(2), row(3)], [row(1).key], () => {
      told++;
    });
    t.equal(store.crash(new Prng(seed)), true, 'a batch was under way');
    t.equal(told, 1, 'and nobody heard of its end');
    ends.add(rows.range({}).reduce((sum, { key }) => 10 * sum + (key[0] ?? 0), 0));
  }
  t.same([...ends].sort(), [1, 23], 'the old rows, or the new ones');
});

t.test('a full disk takes no checkpoint, and says so', async (t) => {
  const rows = new MemoryRows();
  const store = new SimStore({ rows, later: queueMicrotask, afterSync: (act) => act(), isFull: () => true });
  let code = '';
  store.batch([{ key: Buffer.from('k'), value: Buffer.from('v') }], [], (error) => {
    code = (error as NodeJS.ErrnoException).code ?? '';
  });
  t.equal(code, 'ENOSPC');
  t.same(rows.range({}), []);
});
