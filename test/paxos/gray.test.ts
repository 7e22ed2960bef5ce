/**
 * Slow links and slow disks at simulated time: the golden timelines G1–G3 and the gray failures of PAXOS.md by name.
 */
import t from 'tap';
import { BareCluster, type DelayOf } from './bare-cluster.js';
import { messageClass } from './classes.js';

type Delays = Partial<Record<'p' | 'a' | 'c' | 'g' | 'r', number>>;

/**
 * The `-mode` of some servers: each class late by so many seconds on all their links, both directions, ends adding up.
 */
function modes(by: Readonly<Record<number, Delays>>): DelayOf {
  return ({ from, to, message }) => {
    const kind = messageClass(message.type);
    if (kind === undefined || kind === 'h') return 0;
    return 1000 * ((by[from]?.[kind] ?? 0) + (by[to]?.[kind] ?? 0));
  };
}

/** When each server applies `text`, in ms from now; undefined: not within the limit. */
function whenApplied(cluster: BareCluster, text: string, limitMs: number): Map<number, number | undefined> {
  const startMs = cluster.ms;
  const at = new Map<number, number | undefined>();
  while (cluster.ms - startMs < limitMs && at.size < cluster.nodes.size) {
    for (const [id, node] of cluster.nodes) {
      if (!at.has(id) && [...node.applied.values()].some((value) => value.includes(text)))
        at.set(id, cluster.ms - startMs);
    }
    cluster.pass(10);
  }
  return at;
}

const submit = (cluster: BareCluster, at: number, text: string): void =>
  cluster.step(at, { kind: 'submit', batch: 1, bytes: Buffer.from(text) });

/** Makes server 1 the leader: the others are silent until it leads. */
function withLeaderOne(servers = 3): BareCluster {
  const cluster = new BareCluster(servers);
  cluster.delay = ({ from, message }) => (from !== 1 && message.type === 'prepare' ? undefined : 0);
  cluster.until(() => cluster.leader() === 1, 60_000);
  cluster.pass(3000);
  if (cluster.leader() !== 1) throw new Error('server 1 does not lead');
  return cluster;
}

for (const [name, commitDelay, shows] of [
  ['G1', 30, 30_000],
  ['G2', 10, 10_000],
] as const) {
  const spec = { 1: { p: 10, a: 20, c: commitDelay } };

  t.test(`${name} from birth: the clean servers commit in time, server 1 ${commitDelay} s after them`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.delay = modes(spec);
    cluster.until(() => [2, 3].every((id) => cluster.node(id).replica.view.happy), 5000);
    submit(cluster, 2, 'hi');
    const at = whenApplied(cluster, 'hi', 40_000);
    const clean = Math.min(at.get(2) ?? Infinity, at.get(3) ?? Infinity);
    t.ok(clean < 3000 && Math.max(at.get(2) ?? Infinity, at.get(3) ?? Infinity) < 3000, `clean after ${clean} ms`);
    const late = (at.get(1) ?? Infinity) - clean;
    t.ok(late >= shows - 50 && late <= shows + 1500, `server 1 follows ${late} ms later`);
  });

  t.test(
    `${name} with server 1 as leader: it abdicates, another commits, its old accepts change nothing`,
    async (t) => {
      const cluster = withLeaderOne();
      cluster.delay = modes(spec);
      submit(cluster, 1, 'hi');
      const at = whenApplied(cluster, 'hi', 40_000);
      const clean = Math.min(at.get(2) ?? Infinity, at.get(3) ?? Infinity);
      t.ok(clean < 3000, `clean after ${clean} ms`);
      const late = (at.get(1) ?? Infinity) - clean;
      t.ok(late >= shows - 50 && late <= shows + 1500, `server 1 follows ${late} ms later`);
      t.not(cluster.leader(), 1);
    },
  );
}

t.test('G3: two of three servers cut off: nothing commits; healed, each line commits once', async (t) => {
  const cluster = new BareCluster(3);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.pass(500);
  cluster.delay = ({ from, to }) => (from === 1 || from === 3 || to === 1 || to === 3 ? undefined : 0);
  for (const id of [1, 2, 3]) submit(cluster, id, `from ${id}`);
  cluster.pass(30_000);
  for (const id of [1, 2, 3]) t.notOk([...cluster.node(id).applied.values()].some((v) => v.includes('from')));
  cluster.delay = () => 0;
  cluster.pass(10_000);
  for (const id of [1, 2, 3]) {
    const lines = [...cluster.node(id).applied.values()].flatMap((value) => (value === '' ? [] : value.split(',')));
    for (const from of [1, 2, 3]) t.ok(lines.includes(`from ${from}`), `server ${id} has the line of ${from}`);
  }
});

t.test('p:10 on two servers from birth: a leader within half a minute', async (t) => {
  const cluster = new BareCluster(3);
  cluster.delay = modes({ 1: { p: 10 }, 2: { p: 10 } });
  const took = cluster.until(() => cluster.leader() !== undefined, 90_000);
  submit(cluster, 3, 'hi');
  const at = whenApplied(cluster, 'hi', 5000);
  t.equal(at.size, 3, `led after ${took} ms, then committed everywhere`);
});

t.test(
  'c:30 on two servers: growing patience lets commits through although every leader runs out at first',
  async (t) => {
    const cluster = new BareCluster(3);
    cluster.delay = modes({ 1: { c: 30 }, 2: { c: 30 } });
    cluster.until(() => cluster.leader() !== undefined, 10_000);
    submit(cluster, 3, 'hi');
    const at = whenApplied(cluster, 'hi', 300_000);
    t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
  },
);

for (const diskMs of [1500, 3000]) {
  t.test(`disks of ${diskMs} ms on all: progress with few elections (slow-disk duel)`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.diskMs = () => diskMs;
    cluster.until(() => cluster.leader() !== undefined, 120_000);
    submit(cluster, 1, 'hi');
    submit(cluster, 2, 'ho');
    const at = whenApplied(cluster, 'hi', 120_000);
    t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
    cluster.pass(120_000);
    const rounds = cluster.node(1).replica.view.promised.round;
    t.ok(rounds <= 8, `${rounds} rounds of ballots in all`);
    const before = rounds;
    cluster.pass(120_000);
    t.equal(cluster.node(1).replica.view.promised.round, before, 'and then the leader stays');
  });
}

t.test('a prepare delayed by ten seconds does not depose a good leader', async (t) => {
  const cluster = new BareCluster(3);
  cluster.delay = ({ from, message }) => (from === 3 && message.type === 'prepare' ? 10_000 : 0);
  cluster.until(() => cluster.leader() !== undefined && cluster.leader() !== 3, 30_000);
  cluster.pass(2000);
  const { ballot } = cluster.node(cluster.leader() as number).replica.view;
  cluster.pass(30_000);
  t.same(cluster.node(cluster.leader() as number).replica.view.ballot, ballot);
});

t.test('a server that was cut off for a minute rejoins without a change of leader', async (t) => {
  const cluster = new BareCluster(3);
  cluster.until(() => cluster.leader() !== undefined);
  cluster.pass(2000);
  const leader = cluster.leader() as number;
  const lone = [1, 2, 3].find((id) => id !== leader) as number;
  const { ballot } = cluster.node(leader).replica.view;
  cluster.delay = ({ from, to }) => (from === lone || to === lone ? undefined : 0);
  cluster.pass(60_000);
  cluster.delay = () => 0;
  submit(cluster, lone, 'back');
  const at = whenApplied(cluster, 'back', 5000);
  t.equal(at.size, 3);
  t.same(cluster.node(leader).replica.view.ballot, ballot, 'the same ballot leads');
});

for (const oneWayMs of [100, 200, 350]) {
  t.test(`links of ${oneWayMs} ms each way: one leader, which stays, and commits`, async (t) => {
    const cluster = new BareCluster(3);
    cluster.delay = () => oneWayMs;
    cluster.until(() => cluster.leader() !== undefined, 60_000);
    cluster.pass(10_000);
    const leader = cluster.leader();
    t.type(leader, 'number', 'somebody leads');
    const { round } = cluster.node(1).replica.view.promised;
    submit(cluster, 1, 'hi');
    const at = whenApplied(cluster, 'hi', 10_000);
    t.equal(at.size, 3, `applied at ${[...at.values()].join(', ')} ms`);
    cluster.pass(60_000);
    t.equal(cluster.node(1).replica.view.promised.round, round, 'no election since');
  });
}
