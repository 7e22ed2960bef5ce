/** Frames of another time: overtaken heartbeat replies and answers to an earlier life must not be taken for news. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { zeroBallot } from '../../src/paxos/index.js';
import { BareCluster } from './bare-cluster.js';
import { heartbeatReply, Lone } from './lone.js';

const stale = heartbeatReply();

t.test('an overtaken reply does not take a promise back: the leader keeps its majority', async (t) => {
  const lone = new Lone();
  lone.lead();
  lone.pass(100);
  t.ok(lone.replica.view.happy);
  lone.receive(2, stale);
  t.ok(lone.replica.view.happy, 'server 2 follows as before');
});

t.test('a read is not confirmed by what a follower had promised before it promised another', async (t) => {
  const lone = new Lone();
  const ballot = lone.lead();
  lone.receive(2, { type: 'accepted', ballot, incarnation: 1, slot: 1, count: 1 });
  lone.says.set(3, undefined);
  lone.says.set(2, { promised: { round: ballot.round + 1, server: 3, incarnation: 1 } });
  lone.step({ kind: 'read', id: 7 });
  lone.pass(100);
  lone.receive(2, { ...stale, promised: ballot });
  lone.pass(10);
  t.same(lone.reads, [], 'server 2 has gone over to another leader since');
});

t.test('the answer to a read of an earlier life is not taken for one of this life', async (t) => {
  const ask = (incarnation: number): Lone => {
    const lone = new Lone(3, { incarnation });
    lone.says.set(2, { leads: { round: 1, server: 2, incarnation: 1 }, majority: true, happy: true });
    lone.pass(100);
    lone.step({ kind: 'read', id: 1 });
    lone.pass(10);
    return lone;
  };
  const [before, after] = [ask(0x1_0000_0001), ask(0x2_0000_0002)];
  const request = before.frames('readIndex')[0]?.request ?? 0;
  after.receive(2, { type: 'readIndexOk', request, index: 0 });
  t.same(after.reads, [], 'not served by it');
  after.receive(2, { type: 'readIndexOk', request: after.frames('readIndex')[0]?.request ?? 0, index: 0 });
  t.same(after.reads, [{ id: 1, fresh: true }]);
});

t.test('a greeting that gets no answer is repeated until somebody says how far the log is', async (t) => {
  const lone = new Lone();
  lone.says.set(2, { leads: { round: 1, server: 2, incarnation: 1 }, majority: true, happy: true });
  lone.step({ kind: 'peerUp', peer: 2, incarnation: 1 });
  t.equal(lone.frames('learn').length, 1);
  lone.pass(limits.greetRetryMs + 50);
  t.equal(lone.frames('learn').length, 2, 'asked again soon: the peer may have had no link to answer on');
  lone.pass(limits.learnRetryMs + 500);
  t.equal(lone.frames('learn').length, 3, 'and then every second');
  t.equal(lone.replica.view.role, 'recovering');
  const request = lone.frames('learn').at(-1)?.request ?? 0;
  lone.receive(2, { type: 'learnReply', request, commit: 0, promised: zeroBallot, firstSlot: 1, from: 1, values: [] });
  t.equal(lone.replica.view.role, 'follower');
  lone.pass(3 * limits.learnRetryMs);
  t.equal(lone.frames('learn').length, 3, 'and then no more');
});

t.test('a peer that is silent is not asked over and over', async (t) => {
  const lone = new Lone();
  lone.says.set(2, undefined);
  lone.step({ kind: 'peerUp', peer: 2, incarnation: 1 });
  lone.pass(10 * limits.learnRetryMs);
  t.equal(lone.frames('learn').length, 1);
});

t.test('a last commit right behind another is watched too: a leader that nobody hears gives way', async (t) => {
  const lone = new Lone();
  const ballot = lone.lead();
  lone.receive(2, { type: 'accepted', ballot, incarnation: 1, slot: 1, count: 1 });
  lone.says.set(2, { promised: ballot, commit: 1 });
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  lone.receive(2, { type: 'accepted', ballot, incarnation: 1, slot: 2, count: 1 });
  t.equal(lone.replica.view.commit, 2);
  lone.pass(limits.patienceMs / 2);
  t.notOk(lone.replica.view.abdicated);
  lone.pass(limits.patienceMs);
  t.ok(lone.replica.view.abdicated, 'no follower has reached slot 2');
});

t.test('a round trip of several seconds slows catching up down, it does not stop it', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ preset: 'isolate', server: 2 });
  for (let line = 1; line <= 20; line++) {
    cluster.submit(1, `line ${line}`);
    cluster.pass(10);
  }
  cluster.faults.heal();
  cluster.faults.set({ match: { classes: 'g' }, do: { type: 'delay', time: '1.5s' } });
  const { commit } = cluster.node(1).replica.view;
  t.ok(cluster.node(2).replica.view.commit < commit);
  cluster.until(() => cluster.node(2).replica.view.commit >= commit, 15_000);
});
