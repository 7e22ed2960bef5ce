/** What a replica keeps above its commit index stays within bounds, and no bound stands in the way of progress. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import type { Persist } from '../../src/paxos/index.js';
import { Lone } from './lone.js';

const ballot = { round: 5, server: 2, incarnation: 9 };

/** The replica that a crash right after `records` were synced would leave. */
function restart(records: readonly Persist[]): Lone {
  let promised = { round: 0, server: 0, incarnation: 0 };
  let commit = 0;
  const votes = new Map<number, { ballot: typeof promised; chosen: boolean; value: Uint8Array }>();
  for (const record of records) {
    if (record.kind === 'promise') promised = record.ballot;
    else if (record.kind === 'commit') commit = record.upto;
    else votes.set(record.slot, { ballot: record.ballot, chosen: record.kind === 'chosen', value: record.value });
  }
  const accepted = [...votes].filter(([slot]) => slot > commit).map(([slot, vote]) => ({ slot, ...vote }));
  return new Lone(3, { incarnation: 0x2_0000_0001, recovered: { promised, commit, accepted } });
}

t.test('killed in the middle of catching up with many small slots, a server starts again', async (t) => {
  const lone = new Lone();
  lone.pass(10);
  lone.receive(2, { type: 'commit', ballot, upto: 30_000 });
  const asked = lone.frames('learn').at(-1);
  const values = Array.from({ length: 30_000 }, (_, i) => Buffer.from(`v${i + 1}`));
  const reply = { type: 'learnReply', commit: 30_000, promised: ballot, firstSlot: 1, from: 1, values } as const;
  lone.receive(2, { ...reply, request: asked?.request ?? 0 });
  t.equal(lone.replica.view.commit, 30_000);
  for (const survived of [lone.records.length, 29_999, 12_345, 5000, 1]) {
    const again = restart(lone.records.slice(0, survived));
    again.pass(100);
    t.ok(
      survived - again.replica.view.commit <= limits.hintSlots + 40,
      `${survived} records survived, it starts at ${again.replica.view.commit}`,
    );
  }
});

t.test('killed after many slots were chosen between two commit hints, a follower starts again', async (t) => {
  const lone = new Lone();
  lone.receive(2, { type: 'accept', ballot, slot: 1, value: Buffer.from('v1') });
  for (let slot = 1; slot <= 10_000; slot++) {
    lone.receive(2, { type: 'accept', ballot, slot: slot + 1, value: Buffer.from(`v${slot + 1}`) });
    lone.receive(2, { type: 'commit', ballot, upto: slot });
  }
  const again = restart(lone.records);
  again.pass(100);
  t.ok(again.replica.view.commit >= 10_000 - limits.hintSlots, `it starts at ${again.replica.view.commit}`);
});

t.test('a leader that has not fetched up to its floor proposes only so far ahead of what it has applied', async (t) => {
  const lone = new Lone();
  const led = lone.lead(1000);
  t.equal(lone.replica.view.role, 'leader');
  let batch = 0;
  let answered = 0;
  // Its followers vote at once, the fetch of what lies below the floor takes its time.
  for (let step = 0; step < 6000; step++) {
    lone.step({ kind: 'submit', batch: ++batch, bytes: Buffer.from('x') });
    for (; answered < lone.sent.length; answered++) {
      const { to, message } = lone.sent[answered] as (typeof lone.sent)[number];
      if (message.type !== 'accept' || to !== 2) continue;
      lone.receive(2, { type: 'accepted', ballot: led, incarnation: 1, slot: message.slot, count: 1 });
    }
  }
  const last = Math.max(...lone.frames('accept').map(({ slot }) => slot));
  t.equal(last, limits.acceptAheadSlots, 'who governs the slots above, it could not know');
  lone.pass(limits.patienceMs + 20);
  t.ok(lone.replica.view.abdicated, 'and gives way when patience runs out');
});

t.test('a leader that installs a state commits what it has counted above it, and says so', async (t) => {
  const lone = new Lone();
  const led = lone.lead(1000);
  for (let batch = 1; batch <= 3; batch++) lone.step({ kind: 'submit', batch, bytes: Buffer.from('x') });
  const proposed = lone.frames('accept').map(({ slot }) => slot);
  const last = Math.max(...proposed);
  t.ok(last > 1000, `proposed through ${last}`);
  lone.receive(2, { type: 'accepted', ballot: led, incarnation: 1, slot: 1001, count: last - 1000 });
  t.equal(lone.replica.view.commit, 0, 'all of it waits for what lies below the floor');
  lone.step({ kind: 'installed', slot: 1000 });
  t.equal(lone.replica.view.role, 'leader', 'a state at the floor holds nothing that it had to count');
  t.equal(lone.replica.view.commit, last);
  t.equal(lone.frames('commit').at(-1)?.upto, last, 'its followers hear of it');
});

t.test('a leader that lacks more than that proposes nothing before it has fetched it', async (t) => {
  const lone = new Lone();
  lone.lead(limits.acceptAheadSlots + 1);
  lone.step({ kind: 'submit', batch: 1, bytes: Buffer.from('x') });
  t.same(lone.frames('accept'), []);
  lone.step({ kind: 'installed', slot: limits.acceptAheadSlots + 1 });
  lone.pass(10);
  t.same(
    lone.frames('accept').map(({ slot }) => slot),
    [1, 1, 2, 2].map((above) => limits.acceptAheadSlots + 1 + above),
    'then its no-op, and the batch that waited',
  );
});

t.test('a full log above the commit index still takes the slot that all the others wait for', async (t) => {
  const lone = new Lone();
  const value = Buffer.alloc(limits.batchBytesMax, 'x');
  const fits = limits.acceptAheadBytes / value.length;
  for (let slot = 2; slot <= fits + 4; slot++) lone.receive(2, { type: 'accept', ballot, slot, value });
  const voted = (): number[] => lone.frames('accepted').map(({ slot }) => slot);
  t.equal(voted().length, fits, 'the bound in bytes holds');
  lone.receive(2, { type: 'accept', ballot, slot: 1, value });
  t.equal(voted().at(-1), 1, 'the first slot has room');
  // A new leader proposes the same slots again: a vote that replaces one takes no more room than it frees.
  lone.receive(3, { type: 'accept', ballot: { ...ballot, round: 6, server: 3 }, slot: 2, value });
  t.equal(voted().at(-1), 2, 'and so has a vote in place of another');
});

t.test("what peers forward is kept within the leader's bound, however small the batches", async (t) => {
  const lone = new Lone();
  lone.lead();
  for (let batch = 1; batch <= 3 * limits.forwardQueueBatches; batch++) {
    lone.receive(2, { type: 'forward', batch, bytes: Buffer.from('x') });
  }
  const proposed = lone.frames('forwardOk').length;
  lone.receive(2, { type: 'accepted', ballot: lone.replica.view.ballot, incarnation: 1, slot: 1, count: 100 });
  t.ok(lone.frames('forwardOk').length - proposed <= limits.forwardQueueBatches);
  t.ok(lone.frames('forwardOk').length > proposed, 'what was kept is proposed');
});
