/**
 * Links that are late or dead for whole classes of frames, as `-mode` makes them: the golden timelines G1–G3 and the
 * gray failures of PAXOS.md by name.
 */
import t, { type Test } from 'tap';
import { ballotText, compareBallots } from '../../src/paxos/index.js';
import { BareCluster } from './bare-cluster.js';

const never = Number.POSITIVE_INFINITY;
const minuteMs = 60_000;

/** How much later than the first clean server, 2 or 3, server 1 shows `text`; the clean ones must be quick. */
function lateness(t: Test, cluster: BareCluster, text: string): number {
  const at = cluster.whenApplied(text, 45_000);
  const [late = never, ...clean] = [1, 2, 3].map((id) => at.get(id) ?? never);
  t.ok(Math.max(...clean) < 3000, `servers 2 and 3 have "${text}" after ${clean.join(' and ')} ms`);
  return late - Math.min(...clean);
}

for (const [name, commitDelayMs] of [
  ['G1', 30_000],
  ['G2', 10_000],
] as const) {
  const mode = `p:10::a:20::c:${commitDelayMs / 1000}`;
  const isDue = (lateMs: number): boolean => lateMs >= commitDelayMs - 50 && lateMs <= commitDelayMs + 1500;

  for (const at of [1, 2]) {
    t.test(`${name} from birth, said at server ${at}: server 1 shows it ${commitDelayMs} ms late`, async (t) => {
      const cluster = new BareCluster(3);
      cluster.faults.mode(1, mode);
      cluster.until(() => [2, 3].every((id) => cluster.node(id).replica.view.happy), 5000);
      cluster.submit(at, 'hi');
      const lateMs = lateness(t, cluster, 'hi');
      t.ok(isDue(lateMs), `${lateMs} ms after the others`);
    });
  }

  t.test(`${name} with server 1 as leader: it abdicates, and shows the line ${commitDelayMs} ms late`, async (t) => {
    const cluster = new BareCluster(3).lead(1);
    cluster.faults.mode(1, mode);
    cluster.submit(1, 'hi');
    const lateMs = lateness(t, cluster, 'hi');
    t.ok(isDue(lateMs), `${lateMs} ms after the others`);
  });

  t.test(`${name} with server 1 as leader: its old accepts are refused, and change nothing`, async (t) => {
    const cluster = new BareCluster(3).lead(1);
    cluster.faults.mode(1, mode);
    cluster.submit(1, 'hi');
    cluster.pass(5000);
    const leader = cluster.leader() as number;
    t.not(leader, 1);
    const { ballot } = cluster.node(leader).replica.view;
    const nacks = cluster.sent.get('nack') ?? 0;
    cluster.pass(16_000);
    t.ok((cluster.sent.get('nack') ?? 0) > nacks, 'they came and were refused');
    t.equal(cluster.sent.get('chosen'), undefined, 'without a word about what is chosen');
    cluster.pass(20_000);
    t.same(cluster.node(leader).replica.view.ballot, ballot, 'the refusals deposed nobody');
  });
}

/**
 * Server 1 has heard that another one campaigns, hears of the prepare 10 s later, and has campaigned itself meanwhile.
 */
function serverOneCampaignsToo(): BareCluster {
  const cluster = new BareCluster(3);
  cluster.faults.mode(1, 'p:10::a:20::c:30');
  const deaf = cluster.faults.set({ match: { to: [1, 2], kinds: ['heartbeatReply'] }, do: 'drop' });
  // An election takes so long that others hear of it before it is over.
  cluster.diskMs = () => 300;
  cluster.until(() => cluster.node(3).replica.view.durablePromise.server === 3);
  cluster.faults.remove(deaf);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.diskMs = () => 0;
  return cluster;
}

t.test('G1 from birth, server 1 campaigned too: the leader prepares above that once, and stays', async (t) => {
  const cluster = serverOneCampaignsToo();
  const ballots = [1, 3].map((id) => ballotText(cluster.node(id).replica.view.promised));
  t.same(ballots, ['2.1', '1.3'], 'server 1 has promised itself, above the leader');
  cluster.submit(2, 'hi');
  const led = new Set<string>();
  let mute = 0;
  for (let passedMs = 0; passedMs < 60_000; passedMs += 10) {
    cluster.pass(10);
    const leader = cluster.leader();
    if (leader === undefined) mute += 1;
    else led.add(ballotText(cluster.node(leader).replica.view.ballot));
  }
  t.same([...led], ['1.3', '3.3'], 'nobody else led, and no refusal of an old ballot made another one');
  t.ok(mute <= 1, 'nor did it take time');
  for (const id of [1, 2, 3]) {
    t.equal(ballotText(cluster.node(id).replica.view.promised), '3.3', `server ${id} follows`);
    t.equal(cluster.count(id, 'hi'), 1);
  }
});

t.test('G3: two of three servers cut off: nothing commits; healed, each line commits once', async (t) => {
  const cluster = new BareCluster(3).lead(2);
  for (const id of [1, 3]) cluster.faults.mode(id, 'd:0');
  for (const id of [1, 2, 3]) cluster.submit(id, `from ${id}`);
  cluster.pass(30_000);
  for (const id of [1, 2, 3]) t.same(cluster.lines(id), []);
  cluster.faults.heal();
  cluster.pass(10_000);
  for (const id of [1, 2, 3]) t.same(cluster.lines(id).sort(), ['from 1', 'from 2', 'from 3']);
});

t.test('p:10 on two servers from birth: a leader within half a minute', async (t) => {
  const cluster = new BareCluster(3);
  for (const id of [1, 2]) cluster.faults.mode(id, 'p:10');
  const tookMs = cluster.until(() => cluster.leader() !== undefined, 30_000);
  cluster.submit(3, 'hi');
  t.equal(cluster.whenApplied('hi', 5000).size, 3, `led after ${tookMs} ms, then committed everywhere`);
});

t.test('c:30 on the leader alone: it gives way, and the others show the line in time', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.mode(1, 'c:30');
  cluster.submit(2, 'hi');
  const at = cluster.whenApplied('hi', 5000);
  const clean = [2, 3].map((id) => at.get(id) ?? never);
  t.ok(Math.max(...clean) < 3000, `servers 2 and 3 have it after ${clean.join(' and ')} ms`);
  t.not(cluster.leader(), 1);
});

t.test('c:30 on two servers: every leader runs out of patience at first, which grows until one stays', async (t) => {
  const cluster = new BareCluster(3).lead(3);
  for (const id of [1, 2]) cluster.faults.mode(id, 'c:30');
  for (let line = 1; line <= 300; line++) {
    cluster.submit(3, `line ${line}`);
    cluster.pass(1000);
  }
  const { round } = cluster.node(1).replica.view.promised;
  t.ok(round <= 40, `${round} rounds of ballots in five minutes`);
  cluster.pass(minuteMs);
  for (const id of [1, 2, 3]) t.equal(new Set(cluster.lines(id)).size, 300, `server ${id} has every line`);
});

t.test('a:2 on all servers: patience grows until accepts come through, and then the leader stays', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  for (const id of [1, 2, 3]) cluster.faults.mode(id, 'a:2');
  cluster.submit(1, 'hi');
  const at = cluster.whenApplied('hi', minuteMs);
  t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
  cluster.pass(2 * minuteMs);
  const { round } = cluster.node(1).replica.view.promised;
  t.ok(round <= 8, `${round} rounds of ballots in all`);
  cluster.pass(2 * minuteMs);
  t.equal(cluster.node(1).replica.view.promised.round, round, 'no election since');
});

t.test('r:2 on the origin: its line takes two seconds, is settled once, and nobody else is touched', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  const { ballot } = cluster.node(1).replica.view;
  cluster.faults.mode(2, 'r:2');
  const batch = cluster.submit(2, 'late');
  cluster.submit(3, 'quick');
  t.ok(Math.max(...cluster.whenApplied('quick', 1000).values()) <= 20);
  const at = cluster.whenApplied('late', 5000);
  t.ok(
    Math.max(...at.values()) <= 2020 && Math.min(...at.values()) >= 1970,
    `applied at ${[...at.values()].join(', ')} ms`,
  );
  cluster.pass(20_000);
  t.same(cluster.node(2).settled, [batch]);
  t.same(cluster.node(1).replica.view.ballot, ballot, 'no election');
});

t.test('r:5 on the leader, a known limit: it cannot see that what others forward is late, and leads on', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  cluster.faults.mode(1, 'r:5');
  cluster.submit(2, 'late');
  const at = cluster.whenApplied('late', 10_000);
  t.ok(Math.min(...at.values()) >= 4970, `applied at ${[...at.values()].join(', ')} ms`);
  t.equal(cluster.leader(), 1);
  cluster.submit(1, 'own');
  t.ok(Math.max(...cluster.whenApplied('own', 1000).values()) <= 20, 'lines of its own clients are not late');
});

for (const leader of [1, 2, 3]) {
  const name = `d on server 1, s:10 on server 2, server ${leader} led, a known limit: slow, but every line comes once`;
  t.test(name, async (t) => {
    const cluster = new BareCluster(3).lead(leader);
    cluster.faults.mode(1, 'd:0');
    cluster.faults.mode(2, 's:10');
    cluster.submit(3, 'hi');
    const tookMs = cluster.until(() => cluster.has(3, 'hi'), 3 * minuteMs);
    t.notOk(cluster.has(1, 'hi'), `server 3 has it after ${tookMs} ms, server 1 not at all`);
    cluster.faults.heal();
    cluster.pass(3 * minuteMs);
    for (const id of [1, 2, 3]) t.same([...new Set(cluster.lines(id))], ['hi'], `server ${id} has it`);
  });
}

t.test('a prepare that is ten seconds late deposes nobody, although its ballot is the higher one', async (t) => {
  const cluster = new BareCluster(3);
  cluster.faults.set(
    { match: { from: [1, 2], kinds: ['prepare'] }, do: 'drop' },
    { match: { from: 3, kinds: ['prepare'] }, do: { type: 'delay', time: '10s' } },
  );
  cluster.until(() => cluster.node(3).replica.view.role === 'candidate');
  cluster.pass(10);
  cluster.faults.heal();
  cluster.faults.set({ preset: 'isolate', server: 3 });
  cluster.until(() => cluster.leader() !== undefined);
  const leader = cluster.leader() as number;
  const { ballot } = cluster.node(leader).replica.view;
  t.ok(compareBallots(cluster.node(3).replica.view.ballot, ballot) > 0, 'the late prepare is the higher one');
  cluster.pass(15_000);
  t.same(cluster.node(leader).replica.view.ballot, ballot, 'the leader stays');
  for (const id of [1, 2])
    t.same(cluster.node(id).replica.view.promised, ballot, `server ${id} has promised nobody else`);
});

t.test('a server that was cut off for a minute rejoins without a change of leader', async (t) => {
  const cluster = new BareCluster(3).lead(1);
  const { ballot } = cluster.node(1).replica.view;
  cluster.faults.set({ preset: 'isolate', server: 2 });
  cluster.pass(minuteMs);
  cluster.faults.heal();
  cluster.submit(2, 'back');
  t.equal(cluster.whenApplied('back', 5000).size, 3);
  t.same(cluster.node(1).replica.view.ballot, ballot, 'the same ballot leads');
});

for (const oneWayMs of [100, 200, 350]) {
  t.test(`links of ${oneWayMs} ms each way: one leader, which stays, and commits`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.faults.set({ do: { type: 'delay', time: oneWayMs } });
    cluster.until(() => cluster.leader() !== undefined, minuteMs);
    cluster.pass(10_000);
    t.type(cluster.leader(), 'number', 'somebody leads');
    const { round } = cluster.node(1).replica.view.promised;
    cluster.submit(1, 'hi');
    const at = cluster.whenApplied('hi', 10_000);
    t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
    cluster.pass(minuteMs);
    t.equal(cluster.node(1).replica.view.promised.round, round, 'no election since');
  });
}
