/**
 * Partial connectivity among five servers (Omni-Paxos): whenever one server talks to a majority, service goes on soon.
 */
import t from 'tap';
import { limits, Prng } from '../../src/base/index.js';
import { BareCluster } from './bare-cluster.js';

const servers = [1, 2, 3, 4, 5] as const;
/** A silent server is noticed after this; what Omni-Paxos calls an election timeout. */
const electionTimeoutMs = limits.heartbeatMs * limits.heardRounds;
const seeds = [1, 2, 3, 4, 5, 6];

function withLeader(leader: number, seed: number): BareCluster {
  return new BareCluster(5, { random: new Prng(seed) }).lead(leader);
}

/** Only these links, both ways, carry anything from now on. */
function only(cluster: BareCluster, links: readonly (readonly [number, number])[]): void {
  const isOpen = (a: number, b: number): boolean => links.some((link) => link.includes(a) && link.includes(b));
  const pairs = servers.flatMap((a) => servers.filter((b) => b > a && !isOpen(a, b)).map((b) => ({ a, b })));
  cluster.faults.heal();
  cluster.faults.set(...pairs.map((pair) => ({ preset: 'cut', ...pair })));
}

const star = (hub: number): [number, number][] => servers.filter((id) => id !== hub).map((id) => [hub, id]);

/** The ms until a line given to server `at` is applied there. */
function resumes(cluster: BareCluster, at: number, text = 'on it goes'): number {
  cluster.submit(at, text);
  return cluster.until(() => cluster.has(at, text), 30_000);
}

/** From now on the leader stays and lines go through it. */
function isStable(cluster: BareCluster, at: number): boolean {
  cluster.pass(2000);
  const { promised } = cluster.node(at).replica.view;
  cluster.pass(10_000);
  const ms = resumes(cluster, at, 'still');
  return ms <= 100 && cluster.node(at).replica.view.promised.round === promised.round;
}

t.test('quorum loss: all talk to one server only, the leader too: that one takes over', async (t) => {
  let worstMs = 0;
  for (const seed of seeds) {
    for (const leader of servers) {
      const hub = (leader % 5) + 1;
      const cluster = withLeader(leader, seed);
      only(cluster, star(hub));
      worstMs = Math.max(worstMs, resumes(cluster, hub));
      t.equal(cluster.leader(), hub, 'the hub leads');
      t.ok(isStable(cluster, hub), `leader ${leader}, seed ${seed}: and stays`);
    }
  }
  t.ok(worstMs <= 4 * electionTimeoutMs, `the slowest resumed after ${worstMs} ms`);
});

t.test(
  'constrained election: the leader is gone, and the one server that reaches a majority has an outdated log',
  async (t) => {
    let worstMs = 0;
    for (const seed of seeds) {
      for (const leader of servers) {
        const hub = (leader % 5) + 1;
        const cluster = withLeader(leader, seed);
        cluster.faults.set({ preset: 'isolate', server: hub });
        for (let line = 1; line <= 20; line++) resumes(cluster, leader, `unseen ${line}`);
        only(
          cluster,
          star(hub).filter(([, id]) => id !== leader),
        );
        worstMs = Math.max(worstMs, resumes(cluster, hub));
        t.equal(cluster.leader(), hub, 'the hub leads');
        for (let line = 1; line <= 20; line++)
          if (!cluster.has(hub, `unseen ${line}`)) t.fail(`the hub lacks line ${line}`);
        t.ok(isStable(cluster, hub), `leader ${leader}, seed ${seed}: and stays`);
      }
    }
    t.ok(worstMs <= 4 * electionTimeoutMs, `the slowest resumed after ${worstMs} ms`);
  },
);

t.test('chained: a chain of five; whoever led, someone inside leads on without a duel', async (t) => {
  let worstMs = 0;
  for (const seed of seeds) {
    for (const leader of servers) {
      const cluster = withLeader(leader, seed);
      const chain: [number, number][] = [
        [1, 2],
        [2, 3],
        [3, 4],
        [4, 5],
      ];
      only(cluster, chain);
      worstMs = Math.max(worstMs, resumes(cluster, 3));
      const lead = cluster.leader();
      t.ok(lead !== undefined && lead > 1 && lead < 5, `server ${lead} leads`);
      t.ok(isStable(cluster, 3), `leader ${leader}, seed ${seed}: and stays`);
    }
  }
  t.ok(worstMs <= 4 * electionTimeoutMs, `the slowest resumed after ${worstMs} ms`);
});

t.test('quorum loss where a majority has promised another ballot than that of the hub, which led before', async (t) => {
  let worstMs = 0;
  for (const seed of seeds) {
    const cluster = withLeader(1, seed);
    // 2, 3 and 4 promise a ballot of 4 that never wins, for the promises are lost; then 4 is gone.
    cluster.faults.set(
      { preset: 'isolate', server: 1 },
      { preset: 'isolate', server: 5 },
      { match: { kinds: ['promise'] }, do: 'drop' },
      { match: { from: [2, 3], kinds: ['prepare'] }, do: 'drop' },
    );
    cluster.until(() => [2, 3, 4].every((id) => cluster.node(id).replica.view.promised.server === 4), 60_000);
    only(
      cluster,
      star(1).filter(([, id]) => id !== 4),
    );
    worstMs = Math.max(worstMs, resumes(cluster, 1));
    t.equal(cluster.leader(), 1);
    t.ok(isStable(cluster, 1), `seed ${seed}: and stays`);
  }
  t.ok(worstMs <= 4 * electionTimeoutMs, `the slowest resumed after ${worstMs} ms`);
});
