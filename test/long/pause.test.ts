/** A server that stands still (SIGSTOP) and wakes up again: the others go on, and what it believed does no harm. */
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';

for (const role of ['leader', 'follower'] as const) {
  t.test(`a ${role} is paused under load and wakes up`, async (t) => {
    const cluster = await Cluster.start();
    t.teardown(() => cluster.stop());
    const leader = await cluster.leader();
    const victim = role === 'leader' ? leader : (cluster.ids.find((id) => id !== leader) ?? 0);
    const other = cluster.ids.find((id) => id !== victim) ?? 0;
    const clients = [cluster.chat('Aaron'), cluster.chat('Lala'), cluster.chat('Sihan')];
    for (const client of clients) await client.waitForConnected();
    for (const client of clients) await client.sayAndCommit(`first of ${client.name}`);
    t.same(clients.map(({ server }) => server).sort(), [1, 2, 3], 'one client on each server');

    for (let i = 1; i <= 20; i++) for (const client of clients) client.say(`${client.name} ${i}`);
    cluster.server(victim).signal('SIGSTOP');
    for (const client of clients) {
      for (let i = 21; i <= 30; i++) client.say(`${client.name} ${i}`);
      await client.waitForState(client.linesSaid, 'committed', 20_000);
    }
    t.notOk(
      clients.some(({ server }) => server === victim),
      'the client of the paused server has moved',
    );
    const { log, read } = await cluster.tail(other, '#lobby');
    t.ok(read, 'a fresh read needs no paused server');

    // It wakes up as a leader of the past, with frames of the past in its sockets.
    cluster.server(victim).signal('SIGCONT');
    for (const client of clients) await client.sayAndCommit(`last of ${client.name}`);
    await cluster.waitForAgreement();
    const reads = read === undefined ? [] : [read];
    const verdict = await expectOneHistory(cluster, { watching: clients, reads });
    t.equal(verdict.length, 96);
    t.ok(log.entries.length >= 93, 'the read showed everything acknowledged before it');
  });
}
