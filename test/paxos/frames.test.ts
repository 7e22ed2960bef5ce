/** Single frames lost, late, doubled or overtaken, by kind: what each costs; a rule of PAXOS.md makes it up. */
import t from 'tap';
import { limits } from '../../src/base/index.js';
import type { MessageType } from '../../src/wire/index.js';
import { BareCluster } from './bare-cluster.js';

const servers = [1, 2, 3];
const drop = 'drop';
const learns = (cluster: BareCluster): number => cluster.sent.get('learn') ?? 0;

interface Loss {
  readonly kind: MessageType;
  /** Whose client waits for the line; server 1 leads. */
  readonly at: number;
  readonly withinMs: number;
}

const losses: readonly Loss[] = [
  { kind: 'accept', at: 1, withinMs: limits.resendMs },
  { kind: 'accepted', at: 1, withinMs: limits.resendMs },
  { kind: 'commit', at: 1, withinMs: limits.commitRepeatMs },
  { kind: 'forward', at: 2, withinMs: limits.forwardRetryMs },
  { kind: 'forwardOk', at: 2, withinMs: 0 },
];

for (const { kind, at, withinMs } of losses) {
  t.test(
    `the first ${kind} of every link is lost on an idle cluster: applied everywhere in ${withinMs} ms`,
    async (t) => {
      const cluster = new BareCluster(3).lead(1);
      const { ballot } = cluster.node(1).replica.view;
      const learnsBefore = learns(cluster);
      cluster.faults.set({ match: { kinds: [kind], first: 1 }, do: drop });
      const batch = cluster.submit(at, 'hi');
      const times = [...cluster.whenApplied('hi', 3000).values()];
      t.equal(times.length, 3);
      t.ok(Math.max(...times) <= withinMs + 20, `applied after ${times.join(', ')} ms`);
      cluster.pass(5000);
      t.same(cluster.node(at).settled, [batch], 'settled once');
      t.equal(learns(cluster), learnsBefore, 'and nothing had to be learned');
      t.same(cluster.node(1).replica.view.ballot, ballot, 'the leader stays');
    },
  );
}

for (const kind of ['prepare', 'promise'] as const) {
  t.test(`the first ${kind} of every link is lost: the same campaign asks again and wins`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.faults.set({ match: { kinds: [kind], first: 1 }, do: drop });
    const tookMs = cluster.until(() => cluster.leader() !== undefined, 1000);
    t.ok(tookMs <= 2 * limits.campaignBackoffMs + limits.resendMs, `led after ${tookMs} ms`);
    t.equal(cluster.node(cluster.leader() as number).replica.view.ballot.round, 1, 'at its first ballot');
  });
}

for (const kind of ['heartbeat', 'heartbeatReply'] as const) {
  t.test(`two ${kind}s in a row are lost on every link: nobody is taken for silent`, async (t) => {
    const cluster = new BareCluster(3).lead(1);
    const { ballot } = cluster.node(1).replica.view;
    cluster.faults.set({ match: { kinds: [kind], first: limits.heardRounds - 1 }, do: drop });
    for (let ms = 0; ms < 2000; ms += 10) {
      cluster.pass(10);
      if (!servers.every((id) => cluster.node(id).replica.view.happy)) t.fail(`somebody is unhappy after ${ms} ms`);
    }
    t.same(cluster.node(1).replica.view.ballot, ballot, 'no election');
  });
}

for (const kind of ['readIndex', 'readIndexOk'] as const) {
  t.test(`a lost ${kind} is made up for: the read is fresh all the same`, async (t) => {
    const cluster = new BareCluster(3).lead(1);
    cluster.faults.set({ match: { kinds: [kind], first: 1 }, do: drop });
    cluster.step(2, { kind: 'read', id: 7 });
    const tookMs = cluster.until(() => cluster.node(2).reads.length > 0, limits.readTimeoutMs);
    t.same(cluster.node(2).reads, [{ id: 7, fresh: true }]);
    t.ok(tookMs <= limits.resendMs + 2 * limits.heartbeatMs, `after ${tookMs} ms`);
  });
}

t.test('the word to the heir is lost: the others elect by themselves', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ match: { kinds: ['campaign'] }, do: drop });
  cluster.step(1, { kind: 'stop' });
  const tookMs = cluster.until(() => [2, 3].includes(cluster.leader() ?? 0), 2000);
  t.ok(cluster.node(1).stopped);
  t.ok(tookMs <= limits.patienceMs + limits.campaignBackoffMs, `after ${tookMs} ms`);
});

t.test('a lost nack: the next accept is refused too, and the starved follower is won back', async (t) => {
  const cluster = new BareCluster(3);
  cluster.faults.set({ match: { kinds: ['prepare'] }, do: drop });
  cluster.until(() => cluster.node(3).replica.view.role === 'candidate');
  cluster.faults.heal();
  cluster.faults.set({ preset: 'isolate', server: 3 });
  cluster.until(() => cluster.leader() !== undefined);
  cluster.faults.heal();
  cluster.faults.set({ match: { kinds: ['nack'], first: 1 }, do: drop });
  for (let line = 1; line <= 5; line++) {
    cluster.submit(1, `line ${line}`);
    cluster.pass(1000);
  }
  t.ok((cluster.sent.get('nack') ?? 0) >= 2, `${cluster.sent.get('nack')} nacks`);
  const { promised } = cluster.node(cluster.leader() as number).replica.view;
  t.same(cluster.node(3).replica.view.promised, promised, 'server 3 votes again');
  t.equal(cluster.lines(3).length, 5, 'and has all lines');
});

t.test("whoever sent the commit never answers: after a second another peer's log is asked", async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ match: { from: 1, to: 3, kinds: ['accept', 'learnReply'] }, do: drop });
  cluster.submit(1, 'hi');
  const at = cluster.whenApplied('hi', 5000).get(3) ?? Number.POSITIVE_INFINITY;
  t.ok(at >= limits.learnRetryMs && at <= limits.learnRetryMs + 100, `learned from server 2 after ${at} ms`);
});

t.test('an accept that its commit overtook is answered with Chosen, never with a vote', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ match: { from: 1, to: 3, kinds: ['accept'] }, do: { type: 'delay', time: '200ms' } });
  const votes = cluster.sent.get('accepted') ?? 0;
  cluster.submit(1, 'hi');
  const at = cluster.whenApplied('hi', 1000).get(3) ?? Number.POSITIVE_INFINITY;
  t.ok(at < 200, `server 3 asks for what it lacks and has it after ${at} ms`);
  cluster.pass(500);
  t.equal(cluster.sent.get('chosen'), 1, 'its answer to the late accept');
  t.equal(cluster.sent.get('accepted'), votes + 1, 'server 2 alone has voted');
});

t.test('every frame arrives three times: catching up takes no request more than without the copies', async (t) => {
  const run = (copies: number): BareCluster => {
    const cluster = new BareCluster(3).lead(1);
    cluster.faults.set({ preset: 'isolate', server: 3 });
    for (let line = 1; line <= 300; line++) {
      cluster.submit(1 + (line % 2), `line ${line}`);
      cluster.deliver();
    }
    cluster.faults.heal();
    if (copies > 0) cluster.faults.set({ do: { type: 'duplicate', copies } });
    for (const id of servers) cluster.submit(id, `after by ${id}`);
    cluster.pass(3000);
    return cluster;
  };
  const [once, thrice] = [run(0), run(2)];
  const answers = [once, thrice].map((cluster) => cluster.sent.get('heartbeatReply') ?? 0) as [number, number];
  t.ok(answers[1] > 1.5 * answers[0], 'the copies really came, and heartbeats were answered three times');
  // A forward that came thrice is proposed thrice: it is sessions that know a line again.
  t.equal(new Set(thrice.lines(3)).size, 303, 'server 3 has caught up');
  t.same(thrice.lines(3), thrice.lines(1));
  t.ok(learns(once) > 5, `catching up took ${learns(once)} requests`);
  t.equal(learns(thrice), learns(once), 'with copies as many');
});

t.test('a leader that cannot fetch what lies below its floor gives way to one that has it', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.set({ preset: 'isolate', server: 3 });
  for (let line = 1; line <= 20; line++) cluster.submit(1, `line ${line}`);
  cluster.pass(100);
  cluster.faults.heal();
  cluster.faults.mode(3, 'g:10');
  cluster.faults.set({ preset: 'isolate', server: 1 }, { match: { from: 2, kinds: ['prepare'] }, do: drop });
  cluster.until(() => cluster.leader() === 3);
  t.ok(cluster.node(3).replica.view.commit < 20, 'server 3 leads behind its floor');
  cluster.faults.heal();
  cluster.faults.mode(3, 'g:10');
  cluster.faults.set({ preset: 'isolate', server: 1 });
  cluster.submit(2, 'hi');
  const at = cluster.whenApplied('hi', 5000).get(2) ?? Number.POSITIVE_INFINITY;
  t.ok(at <= 2 * limits.patienceMs + limits.campaignBackoffMs, `server 2 took over and has the line after ${at} ms`);
});

for (const seed of [1, 2, 3, 4, 5]) {
  t.test(`frames lost, doubled and in any order: every line everywhere, in one order (seed ${seed})`, async (t) => {
    const cluster = new BareCluster(3, { faultSeed: seed });
    cluster.faults.set(
      { do: { type: 'delay', distribution: 'uniform', least: 0, most: '80ms' } },
      { match: { probability: '10%' }, do: drop },
      { match: { probability: '30%' }, do: { type: 'duplicate', gap: '50ms' } },
    );
    cluster.until(() => cluster.leader() !== undefined, 10_000);
    for (let line = 1; line <= 60; line++) {
      cluster.submit(1 + (line % 3), `line ${line}`);
      cluster.pass(50);
    }
    cluster.faults.heal();
    cluster.pass(10_000);
    t.equal(new Set(cluster.lines(1)).size, 60);
    for (const id of [2, 3]) t.same(cluster.lines(id), cluster.lines(1), `server ${id} as server 1`);
  });
}
