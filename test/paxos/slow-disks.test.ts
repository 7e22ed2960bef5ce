/** Slow disks at simulated time: on all servers, or on a majority of them. Somebody gives way; nobody for ever. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { BareCluster } from './bare-cluster.js';

const minuteMs = 60_000;

/** The highest round that anybody has promised: how many ballots there were at most. */
function rounds(cluster: BareCluster): number {
  return Math.max(...[...cluster.nodes.values()].map(({ replica }) => replica.view.promised.round));
}

for (const diskMs of [1500, 3000]) {
  t.test(`disks of ${diskMs} ms on all: progress with few elections (slow-disk duel)`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.diskMs = () => diskMs;
    cluster.until(() => cluster.leader() !== undefined, 2 * minuteMs);
    cluster.submit(1, 'hi');
    cluster.submit(2, 'ho');
    const at = cluster.whenApplied('hi', 2 * minuteMs);
    t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
    cluster.pass(2 * minuteMs);
    const before = rounds(cluster);
    t.ok(before <= 8, `${before} rounds of ballots in all`);
    cluster.pass(2 * minuteMs);
    t.equal(rounds(cluster), before, 'and then the leader stays');
  });
}

for (const slow of [
  [2, 3],
  [1, 2],
  [3, 4, 5],
  [1, 2, 3],
]) {
  const servers = 2 * slow.length - 1;
  for (const diskMs of [1500, 3000]) {
    t.test(
      `disks of ${diskMs} ms on ${slow.join(', ')} of ${servers}: the leader gives way, in time one stays`,
      async (t) => {
        const cluster = new BareCluster(servers).lead(1);
        cluster.diskMs = (id) => (slow.includes(id) ? diskMs : 0);
        for (const id of cluster.nodes.keys()) cluster.submit(id, `of ${id}`);
        const gaveWayMs = cluster.until(() => cluster.node(1).replica.view.role !== 'leader', 2 * limits.patienceMs);
        t.ok(gaveWayMs > limits.patienceMs && gaveWayMs <= limits.patienceMs + 50, `abdicated after ${gaveWayMs} ms`);
        for (const id of cluster.nodes.keys()) {
          t.equal(cluster.whenApplied(`of ${id}`, minuteMs).size, servers, `the line of ${id} is applied everywhere`);
        }
        cluster.pass(2 * minuteMs);
        const before = rounds(cluster);
        t.ok(before <= 14, `${before} rounds of ballots in all`);
        cluster.submit(servers, 'later');
        const laterMs = Math.max(...cluster.whenApplied('later', minuteMs).values());
        t.ok(laterMs <= 2 * diskMs, `a line takes ${laterMs} ms`);
        cluster.pass(2 * minuteMs);
        t.equal(rounds(cluster), before, 'the leader stays');
      },
    );
  }
}

t.test(
  'disks that are fast again: patience is short again, and a leader whose accepts are lost gives way',
  async (t) => {
    const cluster = new BareCluster(3);
    cluster.diskMs = () => 3000;
    cluster.until(() => cluster.leader() !== undefined, 2 * minuteMs);
    cluster.submit(1, 'slow');
    cluster.whenApplied('slow', 2 * minuteMs);
    cluster.diskMs = () => 0;
    cluster.pass(10_000);
    cluster.submit(1, 'fast');
    t.ok(Math.max(...cluster.whenApplied('fast', 1000).values()) <= 20);
    cluster.pass(1000);
    const leader = cluster.leader() as number;
    cluster.faults.set({ match: { from: leader, kinds: ['accept'] }, do: 'drop' });
    cluster.submit(leader, 'stuck');
    const tookMs = cluster.until(() => cluster.node(leader).replica.view.abdicated, minuteMs);
    t.ok(tookMs <= limits.patienceMs + 50, `abdicated after ${tookMs} ms`);
  },
);
