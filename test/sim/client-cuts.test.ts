/**
 * Sets of one-way cuts among servers as clients see them: whatever server they are on, their lines go on within two
 * seconds wherever some server can talk both ways to a majority, and stand in the log once.
 */
import t, { type Test } from 'tap';
import { Prng } from '../../src/base/index.js';
import type { ServerId } from '../../src/wire/index.js';
import { allCuts, allLinks, type Cut, cutName, hasHub } from '../support/cut-sets.js';
import { MemoryCluster, type Person } from '../support/memory-cluster.js';

t.setTimeout(120_000);

const room = '#lobby';
/** For the best placed client, and for the others: a second without a leader before they move, and the election. */
const bestWithinMs = 1000;
const allWithinMs = 2000;

/** One person on each server, known to the log. */
async function gather(cluster: MemoryCluster): Promise<Person[]> {
  const people: Person[] = [];
  for (const { id } of cluster.servers) {
    const person = cluster.person(`user${id}`);
    const { client } = person;
    client.subscribe(room);
    client.post(room, `hello from ${id}`);
    await cluster.until(() => client.server?.id === id && client.openLines === 0, 2000, `user${id} has said hello`);
    people.push(person);
  }
  return people;
}

/** When the line that each says as the cuts come is acknowledged, in ms from then; Infinity: not within 5 s. */
async function resume(cluster: MemoryCluster, people: readonly Person[], cuts: readonly Cut[]): Promise<number[]> {
  const startMs = cluster.clock.monotonicMs();
  const times = people.map(() => Number.POSITIVE_INFINITY);
  cluster.faults.set(...cuts);
  people.forEach(({ client }, at) => {
    client.post(room, `line of ${at + 1}`, (code) => {
      if (code === 'ok') times[at] = Math.round(cluster.clock.monotonicMs() - startMs);
    });
  });
  await cluster.waitFor(() => Math.max(...times) < Number.POSITIVE_INFINITY, 5000);
  return times;
}

/** What is wrong once everything is healed: a line that is missing or doubled, or two orders. */
async function wrongAfterHealing(cluster: MemoryCluster, people: readonly Person[]): Promise<string> {
  cluster.faults.heal();
  const said = cluster.servers.flatMap(({ id }) => [`hello from ${id}`, `line of ${id}`]).sort();
  const logs = [...cluster.servers.map(({ applied }) => applied), ...people.map(({ shown }) => shown)];
  await cluster.waitFor(() => logs.every((texts) => texts.length >= said.length), 15_000);
  await cluster.pass(1000);
  const [first = []] = logs;
  if ([...first].sort().join() !== said.join()) return `the log holds ${first.join(', ')}`;
  const other = logs.find((texts) => texts.join() !== first.join());
  return other === undefined ? '' : `${first.join(', ')} and ${other.join(', ')}`;
}

/** Plays every case on a new cluster, and tells the slowest times of all. */
async function play(t: Test, servers: readonly ServerId[], leader: ServerId, cases: readonly Cut[][]): Promise<void> {
  let bestMs = 0;
  let worstMs = 0;
  for (const [seed, cuts] of cases.entries()) {
    const cluster = await MemoryCluster.start(servers.length, seed);
    await cluster.lead(leader);
    const people = await gather(cluster);
    const times = await resume(cluster, people, cuts);
    const [soonestMs, latestMs] = [Math.min(...times), Math.max(...times)];
    const what = `seed ${seed}, cuts ${cutName(cuts)}`;
    if (!hasHub(servers, cuts)) {
      if (soonestMs < Number.POSITIVE_INFINITY) t.fail(`${what}: a line without a majority after ${soonestMs} ms`);
    } else {
      if (soonestMs > bestWithinMs || latestMs > allWithinMs) t.fail(`${what}: after ${times.join(', ')} ms`);
      bestMs = Math.max(bestMs, soonestMs);
      worstMs = Math.max(worstMs, latestMs);
    }
    const wrong = await wrongAfterHealing(cluster, people);
    if (wrong !== '') t.fail(`${what}, healed: ${wrong}`);
  }
  t.ok(bestMs <= bestWithinMs, `the best placed client went on after ${bestMs} ms at most`);
  t.ok(worstMs <= allWithinMs, `every client after ${worstMs} ms at most`);
}

for (const leader of [1, 2, 3]) {
  t.test(`all 64 sets of three servers with server ${leader} as leader and a client on every server`, async (t) => {
    await play(t, [1, 2, 3], leader, allCuts([1, 2, 3]));
  });
}

t.test('five servers: each link is cut or not at random', async (t) => {
  const random = new Prng(5);
  const servers = [1, 2, 3, 4, 5];
  const cases = Array.from({ length: 40 }, () => {
    const tenths = random.between(1, 6);
    return allLinks(servers).filter(() => random.chance(tenths, 10));
  });
  await play(t, servers, 1, cases);
});
