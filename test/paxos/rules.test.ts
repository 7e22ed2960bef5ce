/** Rules of PAXOS.md one by one, each on a lone replica whose peers are the test; docs/PAXOS.md says which is which. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import { zeroBallot } from '../../src/paxos/index.js';
import type { Ballot } from '../../src/wire/index.js';
import { heartbeatReply, Lone, promiseOf } from './lone.js';

const value = Buffer.from('v');
const by = (server: number, round: number): Ballot => ({ round, server, incarnation: 1 });
const leading = (server: number, round: number) => ({ leads: by(server, round), majority: true, happy: true });
const submit = (lone: Lone, batch: number) => lone.step({ kind: 'submit', batch, bytes: value });
const accepted = (lone: Lone, from: number, slot: number) =>
  lone.receive(from, { type: 'accepted', ballot: lone.replica.view.ballot, incarnation: 1, slot, count: 1 });

t.test('accepts are sent again after 300 ms to those who have not voted, chosen ones never', async (t) => {
  const lone = new Lone(5);
  const ballot = lone.campaign();
  for (const from of [2, 3]) lone.receive(from, promiseOf(ballot));
  accepted(lone, 2, 1);
  const before = lone.sent.length;
  lone.pass(limits.resendMs);
  const again = lone.sent.slice(before).filter(({ message }) => message.type === 'accept');
  t.same(
    again.map(({ to }) => to),
    [3, 4, 5],
  );
  accepted(lone, 3, 1);
  const chosen = lone.sent.length;
  lone.pass(2 * limits.resendMs);
  t.notOk(lone.sent.slice(chosen).some(({ message }) => message.type === 'accept'));
});

t.test("a vote at another ballot, were it of an earlier life, doesn't count", async (t) => {
  const lone = new Lone();
  const ballot = lone.lead();
  const earlier = { ...ballot, incarnation: ballot.incarnation - 1 };
  lone.receive(2, { type: 'accepted', ballot: earlier, incarnation: 1, slot: 1, count: 1 });
  t.equal(lone.replica.view.commit, 0);
  accepted(lone, 2, 1);
  t.equal(lone.replica.view.commit, 1);
});

t.test(
  'an accept further ahead than 4,096 slots is ignored, one above the promise raises it, happy or not',
  async (t) => {
    const lone = new Lone();
    lone.says.set(2, leading(2, 1));
    lone.pass(100);
    t.equal(lone.replica.view.leader, 2);
    lone.receive(3, { type: 'accept', ballot: by(3, 9), slot: limits.acceptAheadSlots + 1, value });
    t.equal(lone.replica.view.promised.round, 0);
    lone.receive(3, { type: 'accept', ballot: by(3, 9), slot: limits.acceptAheadSlots, value });
    t.same(lone.replica.view.promised, by(3, 9));
    t.equal(lone.frames('accepted').length, 1);
  },
);

t.test('a higher ballot in a heartbeat deposes no leader, it raises the round of the next campaign', async (t) => {
  const lone = new Lone(5);
  const ballot = lone.campaign();
  for (const from of [2, 3]) {
    lone.says.set(from, { promised: ballot });
    lone.receive(from, promiseOf(ballot));
  }
  lone.says.set(4, { promised: by(4, 50) });
  lone.pass(300);
  t.same(lone.replica.view.ballot, ballot);
  t.ok(lone.replica.view.happy);
  for (const from of [2, 3, 5]) lone.receive(from, { type: 'nack', refused: ballot, promised: by(4, 50) });
  t.not(lone.replica.view.role, 'leader', 'a majority that refuses it does');
  lone.pass(3000);
  t.ok(lone.campaign().round > 50);
});

t.test("a commit of a higher ballot ends a leadership, one of a lower ballot doesn't", async (t) => {
  const lone = new Lone();
  lone.receive(2, heartbeatReply({ promised: by(2, 8) }));
  lone.lead();
  lone.receive(2, { type: 'commit', ballot: by(2, 3), upto: 0 });
  t.equal(lone.replica.view.role, 'leader');
  lone.receive(2, { type: 'commit', ballot: by(2, 80), upto: 0 });
  t.not(lone.replica.view.role, 'leader');
});

t.test('whoever promised another does not campaign before its patience has passed', async (t) => {
  const lone = new Lone();
  lone.pass(50);
  lone.receive(2, { type: 'prepare', ballot: by(2, 5), commit: 0 });
  t.same(lone.replica.view.promised, by(2, 5));
  lone.pass(limits.patienceMs);
  t.not(lone.replica.view.role, 'candidate');
  lone.pass(limits.campaignBackoffMs + 20);
  t.equal(lone.replica.view.role, 'candidate');
});

t.test('a leader that dies right after its election is not waited for; one that only falls silent is', async (t) => {
  for (const closes of [true, false]) {
    const lone = new Lone();
    lone.pass(50);
    lone.receive(2, { type: 'prepare', ballot: by(2, 5), commit: 0 });
    lone.says.set(2, leading(2, 5));
    lone.pass(100);
    t.ok(lone.replica.view.happy);
    lone.says.set(2, undefined);
    if (closes) lone.step({ kind: 'peerDown', peer: 2 });
    lone.pass(limits.campaignBackoffMs + 20);
    t.equal(lone.replica.view.role === 'candidate', closes);
  }
});

t.test('a candidate out of patience keeps its ballot, asks on, and may still win while it cools down', async (t) => {
  const lone = new Lone();
  const ballot = lone.campaign();
  lone.pass(limits.patienceMs + limits.cooldownMs / 2);
  t.same(lone.replica.view.ballot, ballot);
  const asked = lone.frames('prepare').length;
  lone.pass(limits.resendMs);
  t.equal(lone.frames('prepare').length, asked + 2);
  lone.receive(3, promiseOf(ballot));
  t.equal(lone.replica.view.role, 'leader');
});

t.test('a candidate gives its ballot up once a quorum is happy with another', async (t) => {
  const lone = new Lone();
  lone.campaign();
  lone.says.set(2, leading(2, 1));
  lone.pass(100);
  t.equal(lone.replica.view.leader, 2);
  t.not(lone.replica.view.role, 'candidate');
  const asked = lone.frames('prepare').length;
  lone.pass(1000);
  t.equal(lone.frames('prepare').length, asked, 'and resends nothing');
});

t.test(
  'nobody campaigns without a majority, or beside a happy neighbour; that one is asked every second',
  async (t) => {
    const alone = new Lone();
    alone.says.set(2, undefined);
    alone.says.set(3, undefined);
    alone.pass(20_000);
    t.equal(alone.frames('prepare').length, 0);
    const lone = new Lone();
    lone.says.set(2, { happy: true, commit: 7 });
    let moves = 0;
    for (let ms = 0; ms < 5000; ms += 10) {
      lone.ms += 10;
      if (lone.step({ kind: 'tick' }).standing?.move) moves += 1;
    }
    t.equal(lone.frames('prepare').length, 0);
    t.equal(moves, 1, 'clients are told once to move');
    t.ok(lone.frames('learn').length >= 3 && lone.frames('learn').length <= 5);
  },
);

t.test('five thousand slots behind the best heard, a server lets others go first', async (t) => {
  const lone = new Lone();
  lone.says.set(2, { commit: 5000 });
  lone.pass(480);
  t.equal(lone.frames('prepare').length, 0);
  lone.pass(300);
  t.ok(lone.frames('prepare').length > 0);
});

t.test('a closed connection makes a peer unheard at once', async (t) => {
  const lone = new Lone();
  lone.says.set(2, leading(2, 1));
  lone.pass(100);
  t.ok(lone.replica.view.happy);
  lone.step({ kind: 'peerDown', peer: 2 });
  t.notOk(lone.replica.view.happy);
  t.same(lone.replica.view.heard, [3]);
});

t.test('heartbeats report the promise that is on disk', async (t) => {
  const lone = new Lone();
  lone.syncs = false;
  lone.receive(2, { type: 'prepare', ballot: by(2, 5), commit: 0 });
  lone.receive(3, { type: 'heartbeat', round: 1 });
  t.same(lone.frames('heartbeatReply').at(-1)?.promised, zeroBallot);
  lone.sync();
  lone.receive(3, { type: 'heartbeat', round: 2 });
  t.same(lone.frames('heartbeatReply').at(-1)?.promised, by(2, 5));
});

t.test('commit indexes in heartbeats and promises start no learn; a commit frame does', async (t) => {
  const lone = new Lone();
  lone.says.set(2, { ...leading(2, 1), commit: 9 });
  lone.pass(3000);
  lone.receive(3, promiseOf(by(1, 1), { commit: 9 }));
  t.equal(lone.frames('learn').length, 0);
  lone.receive(2, { type: 'commit', ballot: by(2, 1), upto: 9 });
  t.match(lone.frames('learn'), [{ from: 1, upto: 9 }]);
});

t.test('a leader that learns slots ahead of its next one steps down before it uses them', async (t) => {
  const lone = new Lone();
  const ballot = lone.lead();
  accepted(lone, 2, 1);
  t.equal(lone.replica.view.inFlight, 0, 'it has proposed nothing above slot 1');
  lone.step({ kind: 'peerUp', peer: 3, incarnation: 1 });
  const request = lone.frames('learn').at(-1)?.request ?? 0;
  const values = [value, value];
  lone.receive(3, { type: 'learnReply', request, commit: 3, promised: by(3, 9), firstSlot: 1, from: 2, values });
  t.not(lone.replica.view.role, 'leader');
  t.equal(lone.replica.view.commit, 3);
  lone.pass(3000);
  t.notOk(
    lone.frames('commit').some(({ ballot: of, upto }) => of === ballot && upto > 1),
    'nor announces them as its own',
  );
});

t.test('asking at start ends at the commit index of the first answer', async (t) => {
  const lone = new Lone();
  lone.says.set(2, leading(2, 1));
  lone.step({ kind: 'peerUp', peer: 2, incarnation: 1 });
  const reply = (request: number, commit: number, from: number) =>
    lone.receive(2, { type: 'learnReply', request, commit, promised: zeroBallot, firstSlot: 1, from, values: [value] });
  reply(1, 2, 1);
  reply(2, 50, 2);
  lone.pass(3000);
  t.match(lone.frames('learn'), [{ upto: 0 }, { from: 2, upto: 2 }]);
  t.equal(lone.frames('learn').length, 2);
  t.equal(lone.replica.view.commit, 2);
});

t.test(
  'without ForwardOk a batch is forwarded again, twice as late each time up to 8 s, and at once to a new ballot',
  async (t) => {
    const lone = new Lone();
    lone.says.set(2, leading(2, 1));
    lone.pass(100);
    submit(lone, 1);
    const at: number[] = [];
    for (const start = lone.ms; lone.ms - start < 16_000; lone.pass(10)) {
      while (at.length < lone.frames('forward').length) at.push(lone.ms - start);
    }
    t.same(at, [0, 500, 1500, 3500, 7500, 15_500]);
    lone.receive(2, { type: 'forwardOk', ballot: by(2, 1), batch: 1, slot: 3 });
    lone.pass(20_000);
    t.equal(lone.frames('forward').length, 6, 'what has a place waits for it');
    lone.says.set(2, leading(2, 2));
    lone.pass(100);
    t.equal(lone.frames('forward').length, 7);
  },
);

t.test('a forward to a server that does not lead is neither answered nor passed on', async (t) => {
  const lone = new Lone();
  lone.says.set(2, leading(2, 1));
  lone.pass(100);
  lone.receive(3, { type: 'forward', batch: 1, bytes: value });
  lone.pass(1000);
  t.equal(lone.frames('forward').length + lone.frames('forwardOk').length, 0);
});

t.test('past the cap clients hear "busy"', async (t) => {
  const lone = new Lone();
  for (let batch = 1; batch <= limits.forwardQueueBatches; batch++) t.same(submit(lone, batch).refused, []);
  t.same(submit(lone, 5000).refused, [5000]);
  lone.step({ kind: 'answered', batch: 1 });
  t.same(submit(lone, 5001).refused, []);
});

t.test(
  'a promise comes in parts below the frame limit; what is known to be chosen is listed as such and outranks',
  async (t) => {
    const big = Buffer.alloc(limits.batchBytesMax, 'x');
    const lone = new Lone();
    for (let slot = 2; slot <= 20; slot++) lone.receive(2, { type: 'accept', ballot: by(2, 3), slot, value: big });
    lone.receive(2, { type: 'commit', ballot: by(2, 3), upto: 2 });
    lone.receive(3, { type: 'prepare', ballot: by(3, 7), commit: 0 });
    const parts = lone.frames('promise');
    t.ok(parts.length > 1 && parts.every(({ part, parts: all }, i) => part === i && all === parts.length));
    t.equal(parts.flatMap(({ entries }) => entries).length, 19);
    t.ok(parts[0]?.entries[0]?.chosen);
    const other = new Lone(5);
    const ballot = other.campaign();
    const entry = (round: number, chosen: boolean, text: string) => ({
      slot: 1,
      ballot: by(2, round),
      chosen,
      value: Buffer.from(text),
    });
    other.receive(
      2,
      promiseOf(ballot, { entries: [entry(0, true, 'chosen')].map((e) => ({ ...e, ballot: zeroBallot })) }),
    );
    other.receive(3, promiseOf(ballot, { entries: [entry(4, false, 'voted')] }));
    t.equal(Buffer.from(other.frames('accept')[0]?.value ?? []).toString(), 'chosen');
  },
);

t.test("an entry carries the ms since its leader's previous one: none for the first, at most a minute", async (t) => {
  const stamps: number[] = [];
  const encodeEntry = (stamp: { elapsedMs: number }) => {
    stamps.push(stamp.elapsedMs);
    return value;
  };
  const lone = new Lone(1, { encodeEntry });
  lone.pass(300);
  t.equal(lone.replica.view.role, 'leader', 'a cluster of one leads itself');
  lone.ms += 1234;
  submit(lone, 1);
  lone.ms += 3_600_000;
  submit(lone, 2);
  t.equal(stamps[0], 0);
  t.ok((stamps[1] ?? 0) >= 1234 && (stamps[1] ?? 0) < 2000);
  t.equal(stamps[2], limits.logClockStepMsMax);
  t.equal(lone.replica.view.commit, 3);
});

t.test('alone in its cluster, a server with a slow disk gives way to nobody', async (t) => {
  const lone = new Lone(1);
  lone.pass(300);
  lone.syncs = false;
  submit(lone, 1);
  lone.pass(5000);
  lone.sync();
  t.equal(lone.replica.view.commit, 2);
  submit(lone, 2);
  lone.sync();
  t.equal(lone.replica.view.commit, 3, 'it still leads');
});
