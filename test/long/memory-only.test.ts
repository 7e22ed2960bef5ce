/** Servers that keep nothing on disk: one at a time they come back, a majority lost at once is lost and says so. */
import t, { type Test } from 'tap';
import { describeVerdict } from '../checkers/history.js';
import type { ChatClient } from '../support/chat-client.js';
import { Cluster } from '../support/cluster.js';
import { Load } from '../support/load.js';
import { judgeHistory } from '../support/one-history.js';
import { until } from '../support/until.js';

const deadlineMs = 40_000;

async function crowdOf(t: Test, cluster: Cluster): Promise<{ clients: ChatClient[]; load: Load }> {
  const clients = ['Aaron', 'Lala', 'Sihan'].map((name) => cluster.chat(name));
  await Promise.all(clients.map((client) => client.waitForConnected(deadlineMs)));
  const load = new Load(clients, { linesPerSecond: 60, inFlightMax: 8, explain: () => cluster.describe() });
  t.teardown(() => load.stop());
  return { clients, load };
}

async function expectNothingLost(t: Test, cluster: Cluster, clients: readonly ChatClient[], load: Load): Promise<void> {
  await load.drain(deadlineMs);
  await cluster.waitForAgreement(deadlineMs);
  const verdict = await judgeHistory(cluster, { watching: clients });
  t.ok(verdict.ok, describeVerdict(verdict));
  t.equal(verdict.length, load.linesSaid, `all ${load.linesSaid} lines are there, once`);
}

t.test('memory only: each killed in turn under load, then two at once', async (t) => {
  const cluster = await Cluster.start({ inMemory: () => true });
  t.teardown(() => cluster.stop());
  const { clients, load } = await crowdOf(t, cluster);
  for (const id of cluster.ids) {
    await cluster.killServer(id);
    await load.progress(`with server ${id} killed`, 2, deadlineMs);
    await cluster.startServer(id);
    await cluster.waitForVotes(deadlineMs);
    await load.progress(`with server ${id} admitted`, 2, deadlineMs);
  }
  await expectNothingLost(t, cluster, clients, load);

  const [left = 0, ...lost] = cluster.ids;
  await Promise.all(lost.map((id) => cluster.killServer(id)));
  await Promise.all(lost.map((id) => cluster.startServer(id)));
  const halted = await cluster.waitForStatus(
    'everybody to say why nothing goes on',
    ({ servers }) => servers.every(({ note }) => note !== ''),
    deadlineMs,
  );
  const noteOf = (id: number): string => halted.servers.find((server) => server.id === id)?.note ?? '';
  t.match(noteOf(left), /^no majority: servers 2, 3 are back without the data .*start a new one/);
  for (const id of lost) {
    t.match(noteOf(id), /^waits to be admitted: .*majority lost at once cannot come back: start a new cluster/);
    await until('its log to say so too', deadlineMs, () => /waits to be admitted/.test(cluster.server(id).stderr));
  }
  t.match(halted, { quorum: { up: 1, size: 3, ok: false }, leader: 0 });
  const { committed } = halted.servers[0] ?? {};
  const id = clients[0]?.say('never') ?? 0;
  await clients[0]?.waitForState(id, 'unconfirmed', deadlineMs);
  t.equal((await cluster.status()).servers[0]?.committed, committed, 'nothing commits');
});

t.test('mixed: a majority with disks brings those without along', async (t) => {
  const cluster = await Cluster.start({ inMemory: (id) => id === 3 });
  t.teardown(() => cluster.stop());
  const { clients, load } = await crowdOf(t, cluster);
  await load.progress('at the start', 2, deadlineMs);
  // Two of three at once: the one with a disk comes back with its vote, and both admit the third.
  await Promise.all([cluster.killServer(2), cluster.killServer(3)]);
  await Promise.all([cluster.startServer(2), cluster.startServer(3)]);
  await load.progress('with the disk back', 2, deadlineMs);
  await cluster.waitForVotes(deadlineMs);
  await cluster.killServer(1);
  await load.progress('with the vote of the server in memory', 2, deadlineMs);
  await cluster.startServer(1);
  await expectNothingLost(t, cluster, clients, load);
});
