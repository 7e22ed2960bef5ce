/**
 * Every set of one-way cuts among three servers, under each leader: service goes on wherever some server can talk both
 * ways to a majority.
 */
import t from 'tap';
import { BareCluster } from './bare-cluster.js';

const links = [
  [1, 2],
  [1, 3],
  [2, 1],
  [2, 3],
  [3, 1],
  [3, 2],
] as const;

function withLeader(leader: number): BareCluster {
  const cluster = new BareCluster(3);
  cluster.delay = ({ from, message }) => (from !== leader && message.type === 'prepare' ? undefined : 0);
  cluster.until(() => cluster.leader() === leader, 60_000);
  cluster.delay = () => 0;
  cluster.pass(3000);
  return cluster;
}

/** The shortest time until a client of some server gets its line applied there, in ms; undefined: not within 10 s. */
function resumesAfter(cluster: BareCluster): number | undefined {
  for (const id of cluster.nodes.keys())
    cluster.step(id, { kind: 'submit', batch: 1, bytes: Buffer.from(`from ${id}`) });
  const startMs = cluster.ms;
  while (cluster.ms - startMs < 10_000) {
    for (const [id, node] of cluster.nodes) {
      if ([...node.applied.values()].some((value) => value.split(',').includes(`from ${id}`)))
        return cluster.ms - startMs;
    }
    cluster.pass(10);
  }
  return undefined;
}

t.test('all 64 directed cuts under each of the three leaders', async (t) => {
  let worstMs = 0;
  for (const leader of [1, 2, 3]) {
    for (let mask = 0; mask < 64; mask++) {
      const cut = new Set(links.filter((_, bit) => mask & (1 << bit)).map(([a, b]) => `${a}>${b}`));
      const bothWays = (a: number, b: number): boolean => !cut.has(`${a}>${b}`) && !cut.has(`${b}>${a}`);
      const possible = [1, 2, 3].some((a) => [1, 2, 3].some((b) => a !== b && bothWays(a, b)));
      const cluster = withLeader(leader);
      cluster.delay = ({ from, to }) => (cut.has(`${from}>${to}`) ? undefined : 0);
      const ms = resumesAfter(cluster);
      const what = `leader ${leader}, cuts ${[...cut].join(' ') || 'none'}`;
      if (possible && (ms === undefined || ms > 1000)) t.fail(`${what}: resumed after ${ms} ms`);
      if (!possible && ms !== undefined) t.fail(`${what}: committed without a majority`);
      worstMs = Math.max(worstMs, ms ?? 0);
    }
  }
  t.ok(worstMs <= 1000, `the slowest resumed after ${worstMs} ms`);
});
