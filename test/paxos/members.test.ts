/**
 * Changing the members (PAXOS.md): who governs which slot, whose votes and promises count there, and when a leader
 * needs another ballot or has to give way.
 */
import t from 'tap';
import { InvariantError, limits } from '../../src/base/index.js';
import { type Configuration, Configurations, sealedConfiguration } from '../../src/paxos/index.js';
import type { Slot } from '../../src/wire/index.js';
import { Lone, promiseOf } from './lone.js';

const alpha = limits.membersAheadSlots;
const sealed = sealedConfiguration([1, 2, 3]);

function change(more: Partial<Configuration> = {}): Configuration {
  return { epoch: 2, from: 1 + alpha, seats: 3, voters: [1, 2, 4], learners: [], reborn: [], ...more };
}

t.test('each slot has one configuration, and both govern while a change is under way', async (t) => {
  const both = new Configurations(1, [sealed], 0);
  t.same(both.peers, [2, 3]);
  both.add(change());
  t.same([...both.peers].sort(), [2, 3, 4]);
  t.equal(both.at(alpha).epoch, 1);
  t.equal(both.at(alpha + 1).epoch, 2);
  const quorumOf = (...ids: number[]): boolean => both.hasQuorum((id) => ids.includes(id));
  t.ok(quorumOf(1, 2), 'a majority of both');
  t.notOk(quorumOf(1, 3), 'of the old ones alone');
  t.notOk(quorumOf(1, 4), 'of the new ones alone');
  t.ok(quorumOf(3, 4, 1), 'each by other voters');
  t.equal(both.advance(alpha - 1), undefined);
  t.equal(both.advance(alpha)?.epoch, 2, 'the first slot it governs is the next one');
  t.ok(quorumOf(1, 4));
  t.same([...both.peers].sort(), [2, 4]);
});

t.test('a seat without a vote counts among the seats', async (t) => {
  const lacking = new Configurations(1, [change({ voters: [1, 2], learners: [3], from: 1 })], 0);
  t.notOk(
    lacking.hasQuorum((id) => id !== 2),
    'the vote of the other one is needed',
  );
  t.ok(lacking.hasQuorum((id) => id !== 3));
  t.equal(
    lacking.majorityReached((id) => id * 10),
    20,
  );
  t.throws(() => new Configurations(1, [change({ seats: 4 })], alpha), InvariantError);
  t.throws(() => lacking.add(change({ epoch: 1 })), InvariantError);
  lacking.add(change({ epoch: 3 }));
  t.throws(() => lacking.add(change({ epoch: 4 })), InvariantError, 'one change at a time');
});

t.test('a state brings the members that it knows, and what the peers said before is forgotten', async (t) => {
  const lone = new Lone();
  lone.says.set(4, {});
  lone.pass(200);
  t.same(lone.replica.view.heard, [2, 3]);
  const effects = lone.step({ kind: 'installed', slot: 9, configurations: [change({ from: 5 })] });
  t.ok(effects.members, 'the shell is told');
  t.equal(lone.replica.view.epoch, 2);
  t.same(lone.replica.view.heard, []);
  lone.pass(200);
  t.same([...lone.replica.view.heard].sort(), [2, 4]);
});

/** Server 2 votes for every accept that was sent to it since the last call. */
function voter(lone: Lone, of = [2]): () => void {
  let seen = 0;
  return () => {
    for (; seen < lone.sent.length; seen++) {
      const { to, message } = lone.sent[seen] as (typeof lone.sent)[number];
      if (message.type !== 'accept' || !of.includes(to)) continue;
      lone.receive(to, { type: 'accepted', ballot: message.ballot, incarnation: 1, slot: message.slot, count: 1 });
    }
  };
}

function proposed(lone: Lone): Slot {
  return Math.max(...lone.frames('accept').map(({ slot }) => slot));
}

/** Leads with the promise of 2, chooses its no-op in slot 1, and applies `configuration` there. */
function changing(configuration: Configuration, of = [2]): { lone: Lone; vote: () => void } {
  const lone = new Lone();
  lone.lead();
  const vote = voter(lone, of);
  vote();
  t.equal(lone.replica.view.commit, 1);
  lone.replica.configure(configuration);
  for (const id of configuration.voters) if (id > 3) lone.says.set(id, {});
  return { lone, vote };
}

t.test('no-ops bring a change into force, and no more of them than that', async (t) => {
  const { lone, vote } = changing(change());
  lone.pass(10);
  while (lone.replica.view.commit < alpha) {
    const before = lone.replica.view.commit;
    vote();
    if (lone.replica.view.commit === before) break;
  }
  t.equal(lone.replica.view.commit, alpha, 'everything below the first slot that the new members govern');
  t.equal(proposed(lone), alpha);
  t.equal(lone.replica.view.epoch, 2);
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  t.equal(proposed(lone), alpha + 1, 'a majority of the new members had promised already: it goes on at its ballot');
});

t.test('while no-ops bring a change into force, a line goes in between', async (t) => {
  const { lone } = changing(change());
  lone.pass(10);
  const inFlight = proposed(lone) - lone.replica.view.commit;
  t.ok(inFlight <= limits.fillSlots, `${inFlight} no-ops at a time`);
  for (let batch = 1; batch <= limits.pipelineSlots; batch++) {
    const before = proposed(lone);
    lone.step({ kind: 'submit', batch, bytes: Buffer.from('x') });
    const accept = lone.frames('accept').find(({ slot }) => slot === before + 1);
    t.ok(accept?.value.includes(120), 'the next slot is the line’s, at once');
  }
  t.ok(proposed(lone) <= 1 + limits.fillSlots + limits.pipelineSlots, 'and no more no-ops than before');
});

t.test('whoever has not applied the change that admitted it has not caught up, however short the log', async (t) => {
  const lone = new Lone(3, { membersAheadSlots: 8 });
  lone.lead();
  const vote = voter(lone);
  vote();
  lone.replica.configure(change({ from: 9, voters: [1, 2], learners: [3] }));
  lone.pass(10);
  vote();
  t.equal(lone.replica.view.epoch, 2);
  lone.says.set(3, { commit: 7 });
  lone.pass(2 * limits.heartbeatMs);
  t.notOk(lone.replica.view.caughtUpPeers.includes(3));
  lone.says.set(3, { commit: 8 });
  lone.pass(2 * limits.heartbeatMs);
  t.ok(lone.replica.view.caughtUpPeers.includes(3));
});

t.test('votes of members who do not govern a slot count for nothing there', async (t) => {
  const { lone, vote } = changing(change(), [2]);
  lone.pass(10);
  for (let i = 0; i < 40; i++) vote();
  const ballot = lone.replica.view.ballot;
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  lone.receive(3, { type: 'accepted', ballot, incarnation: 1, slot: alpha + 1, count: 1 });
  t.equal(lone.replica.view.commit, alpha, '3 has no vote any more');
  lone.receive(4, { type: 'accepted', ballot, incarnation: 1, slot: alpha + 1, count: 1 });
  t.equal(lone.replica.view.commit, alpha + 1, '4 has');
});

t.test('where no quorum of the new members has promised the ballot, another one is prepared', async (t) => {
  // It leads with the promise of 2, which is no member any more afterwards.
  const { lone, vote } = changing(change({ voters: [1, 3, 4] }));
  const old = lone.replica.view.ballot;
  lone.pass(10);
  for (let i = 0; i < 40; i++) vote();
  const { role, ballot } = lone.replica.view;
  t.equal(role, 'candidate');
  t.ok(ballot.round > old.round);
  t.equal(proposed(lone), alpha, 'nothing was proposed to members who had not promised');
  lone.receive(2, promiseOf(ballot, { commit: alpha - 1 }));
  t.equal(lone.replica.view.role, 'candidate', 'the old members alone are no quorum');
  lone.receive(3, promiseOf(ballot, { commit: alpha - 1 }));
  t.equal(lone.replica.view.role, 'leader');
});

t.test('a leader that is not among the new members gives way', async (t) => {
  const { lone, vote } = changing(change({ voters: [2, 3, 4] }));
  lone.pass(10);
  for (let i = 0; i < 40; i++) vote();
  t.equal(lone.replica.view.commit, alpha, 'what was proposed is counted still');
  lone.pass(5000);
  t.equal(proposed(lone), alpha);
  t.notOk(lone.replica.view.votes);
  t.not(lone.replica.view.role, 'leader');
  t.same(
    lone.frames('prepare').filter(({ ballot }) => ballot.round > 1),
    [],
    'and never stands for election again',
  );
});

t.test('what a member promised before its disk was emptied does not carry its ballot on', async (t) => {
  // 2 comes back with another directory: a learner first. Until then the leader led with 2's promise.
  const { lone, vote } = changing(change({ voters: [1, 3], learners: [2], reborn: [2] }), [2, 3]);
  lone.says.set(3, { promised: lone.replica.view.ballot });
  lone.pass(10);
  for (let i = 0; i < 60; i++) vote();
  t.equal(lone.replica.view.role, 'candidate', 'its ballot needs the promise of 3 now');
  const { ballot } = lone.replica.view;
  lone.receive(2, promiseOf(ballot, { commit: alpha - 1 }));
  t.equal(lone.replica.view.role, 'candidate', 'the promise of a learner is none');
  lone.receive(3, promiseOf(ballot, { commit: alpha - 1 }));
  t.equal(lone.replica.view.role, 'leader');
});

t.test('a promise given for an emptied disk is forgotten when its id votes again', async (t) => {
  // Planted, the leader would go on with the promise of a disk that is gone.
  for (const promisesKept of [false, true]) {
    const lone = new Lone(3, { plants: { promisesKept } });
    lone.lead();
    const vote = voter(lone, [2, 3]);
    vote();
    lone.says.set(3, { promised: lone.replica.view.ballot });
    lone.replica.configure(change({ voters: [1, 2, 3], reborn: [2] }));
    lone.pass(10);
    for (let i = 0; i < 60; i++) vote();
    t.equal(lone.replica.view.epoch, 2);
    t.equal(lone.replica.view.role, promisesKept ? 'leader' : 'candidate');
  }
});

t.test('a learner learns, votes for nobody that counts, and does not campaign', async (t) => {
  const lone = new Lone(3, { configurations: [change({ from: 1, voters: [2, 3], learners: [1] })] });
  lone.says.set(2, undefined);
  lone.says.set(3, undefined);
  lone.pass(20_000);
  t.same(lone.frames('prepare'), []);
  t.notOk(lone.replica.view.votes);
  const ballot = { round: 4, server: 2, incarnation: 9 };
  lone.receive(2, { type: 'accept', ballot, slot: 1, value: Buffer.from('a') });
  lone.receive(2, { type: 'commit', ballot, upto: 1 });
  t.equal(lone.applied.get(1), 'a');
});

t.test('a leader passes over what it had learned before and what was committed before its turn came', async (t) => {
  const ballot = { round: 1, server: 3, incarnation: 1 };
  const learned = Array.from({ length: alpha + 4 }, (_, at) => ({
    slot: at + 2,
    ballot,
    chosen: true,
    value: Buffer.from(`v${at + 2}`),
  }));
  const lone = new Lone(3, { recovered: { promised: ballot, commit: 0, accepted: learned } });
  lone.lead();
  t.equal(proposed(lone), alpha, 'the first slot was missing; no more than this may be proposed yet');
  const own = lone.replica.view.ballot;
  lone.receive(2, { type: 'accepted', ballot: own, incarnation: 1, slot: 1, count: alpha });
  t.equal(lone.replica.view.commit, alpha + 5, 'with it all that was learned is committed');
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  t.equal(proposed(lone), alpha + 6, 'and the next proposal comes behind it');
});

t.test('a learner that catches up applies several changes in one step', async (t) => {
  const lone = new Lone(3, { configurations: [change({ epoch: 1, from: 1, voters: [2, 3], learners: [1] })] });
  const values = Array.from({ length: alpha + 2 }, (_, at) => Buffer.from(`v${at}`));
  lone.step({ kind: 'peerUp', peer: 2, incarnation: 1 });
  const request = lone.frames('learn')[0]?.request ?? 0;
  const promised = { round: 1, server: 2, incarnation: 1 };
  const commit = values.length;
  lone.receive(2, { type: 'learnReply', request, commit, promised, firstSlot: 1, from: 1, values });
  t.equal(lone.replica.view.commit, commit);
  lone.replica.configure(change({ epoch: 2, from: alpha + 1, voters: [2, 3], learners: [1] }));
  lone.replica.configure(change({ epoch: 3, from: 2 * alpha + 2, voters: [1, 2, 3] }));
  lone.pass(10);
  t.equal(lone.replica.view.epoch, 2, 'the first of them governs already');
});

t.test('who has left is not heard any more, whatever is still under way', async (t) => {
  const lone = new Lone(3, { configurations: [change({ from: 1 })] });
  t.same(lone.step({ kind: 'peerUp', peer: 3, incarnation: 1 }).sends, []);
  t.same(lone.step({ kind: 'peerDown', peer: 3 }).sends, []);
  const ballot = { round: 9, server: 3, incarnation: 9 };
  t.same(lone.receive(3, { type: 'prepare', ballot, commit: 0 }).sends, []);
});
