/**
 * Every set of one-way cuts among three servers, under each leader: service goes on wherever some server can talk both
 * ways to a majority. Here for the best placed client; those of the other servers in `test/sim/client-cuts.test.ts`.
 */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { allCuts, cutName, hasHub } from '../support/cut-sets.js';
import { BareCluster } from './bare-cluster.js';

const servers = [1, 2, 3];
const resumesWithinMs = 1000;

/** The shortest time until a client of some server gets its line applied there, in ms; undefined: not within 10 s. */
function resumesAfter(cluster: BareCluster): number | undefined {
  for (const id of servers) cluster.submit(id, `from ${id}`);
  const startMs = cluster.ms;
  while (cluster.ms - startMs < 10_000) {
    if (servers.some((id) => cluster.has(id, `from ${id}`))) return cluster.ms - startMs;
    cluster.pass(10);
  }
  return undefined;
}

t.test('all 64 directed cuts under each of the three leaders', async (t) => {
  let worstMs = 0;
  for (const leader of servers) {
    for (const cuts of allCuts(servers)) {
      const cluster = new BareCluster(3).lead(leader);
      cluster.faults.set(...cuts);
      const ms = resumesAfter(cluster);
      const what = `leader ${leader}, cuts ${cutName(cuts)}`;
      const possible = hasHub(servers, cuts);
      if (possible && (ms === undefined || ms > resumesWithinMs)) t.fail(`${what}: resumed after ${ms} ms`);
      if (!possible && ms !== undefined) t.fail(`${what}: committed without a majority`);
      worstMs = Math.max(worstMs, ms ?? 0);
    }
  }
  t.ok(worstMs <= resumesWithinMs, `the slowest resumed after ${worstMs} ms`);
});

t.test('a server cut off from its leader alone reads on: it asks its neighbour every second', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ preset: 'cut', a: 1, b: 3 });
  cluster.pass(2 * limits.moveMs);
  let worstMs = 0;
  for (let line = 1; line <= 8; line++) {
    cluster.submit(1, `line ${line}`);
    worstMs = Math.max(worstMs, cluster.whenApplied(`line ${line}`, 5000).get(3) ?? Number.POSITIVE_INFINITY);
    cluster.pass(130);
  }
  t.ok(worstMs <= limits.learnRetryMs, `the latest line came after ${worstMs} ms`);
  t.notOk(cluster.node(3).replica.view.happy, 'although it hears no leader');
  t.equal(cluster.leader(), 1);
});
