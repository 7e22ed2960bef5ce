/** Bare replicas in the normal course: election, commits, forwarding, fresh reads, hand-over, leader loss. */
import t from 'tap';
import { BareCluster } from './bare-cluster.js';

t.test('three servers elect one leader that all are happy with, and commit what any of them is given', async (t) => {
  const cluster = new BareCluster(3);
  const took = cluster.until(() => [1, 2, 3].every((id) => cluster.node(id).replica.view.happy));
  t.ok(took < 1000, `elected within ${took} ms`);
  const batches = [1, 2, 3].map((id) => {
    const batch = cluster.submit(id, `from ${id}`);
    cluster.deliver();
    return batch;
  });
  cluster.pass(20);
  for (const id of [1, 2, 3]) {
    const { applied, settled } = cluster.node(id);
    t.same([...applied.values()], ['', 'from 1', 'from 2', 'from 3'], `server ${id} applied all in one order`);
    t.same(settled, [batches[id - 1]], `server ${id}'s own batch is settled`);
  }
});

t.test('a leader that dies is replaced in well under a second', async (t) => {
  const cluster = new BareCluster(3);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.pass(2000);
  const dead = cluster.leader() as number;
  cluster.faults.set({ preset: 'isolate', server: dead });
  for (const id of [1, 2, 3]) if (id !== dead) cluster.step(id, { kind: 'peerDown', peer: dead });
  const others = [1, 2, 3].filter((id) => id !== dead);
  const took = cluster.until(() => others.some((id) => cluster.node(id).replica.view.role === 'leader'));
  t.ok(took <= 400, `another leads after ${took} ms`);
  cluster.submit(others[0] as number, 'on it goes');
  cluster.pass(100);
  t.ok(cluster.has(others[1] as number, 'on it goes'));
});

t.test('a fresh read is served on the leader and on a follower, and refused without a quorum', async (t) => {
  const cluster = new BareCluster(3);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.pass(500);
  const leader = cluster.leader() as number;
  const follower = [1, 2, 3].find((id) => id !== leader) as number;
  cluster.step(leader, { kind: 'read', id: 1 });
  cluster.step(follower, { kind: 'read', id: 2 });
  cluster.pass(300);
  t.same(cluster.node(leader).reads, [{ id: 1, fresh: true }]);
  t.same(cluster.node(follower).reads, [{ id: 2, fresh: true }]);
  cluster.faults.set({ do: 'drop' });
  cluster.step(leader, { kind: 'read', id: 3 });
  cluster.pass(2500);
  t.same(cluster.node(leader).reads[1], { id: 3, fresh: false });
});

t.test('a stopping leader hands over to a follower without waiting for an election', async (t) => {
  const cluster = new BareCluster(3);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.pass(500);
  const old = cluster.leader() as number;
  cluster.step(old, { kind: 'stop' });
  cluster.deliver();
  const next = cluster.leader();
  t.not(next, old);
  t.type(next, 'number', 'another leads at once');
  t.ok(cluster.node(old).stopped);
});

t.test('nothing leaves before the disk says so', async (t) => {
  const cluster = new BareCluster(3);
  cluster.diskMs = () => undefined;
  cluster.pass(3000);
  for (const gated of ['prepare', 'promise', 'accept', 'accepted', 'nack'] as const) {
    t.notOk(cluster.sent.has(gated), `no ${gated}`);
  }
  t.ok(cluster.sent.has('heartbeat'), 'heartbeats need no disk');
});
