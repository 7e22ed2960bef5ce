/** G6 (BEHAVIOUR.md, 6): kills without clients, of a follower, of the leader, a stop of everything: nothing is lost. */
import t from 'tap';
import type { ChatClient } from '../support/chat-client.js';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';

async function clusterWithTalk(): Promise<{ cluster: Cluster; aaron: ChatClient }> {
  const cluster = await Cluster.start();
  const aaron = cluster.chat('Aaron');
  await aaron.waitForConnected();
  for (let i = 1; i <= 10; i++) aaron.say(`line ${i}`);
  await aaron.waitForState(10, 'committed', 10_000);
  return { cluster, aaron };
}

t.test('G6: a server is killed while no client is connected', async (t) => {
  const { cluster, aaron } = await clusterWithTalk();
  t.teardown(() => cluster.stop());
  t.equal(await aaron.finish(), 0);
  await cluster.killServer(1);
  const lala = cluster.chat('Lala');
  t.not((await lala.waitForConnected()).server, 1, 'a new client is not sent to the dead server');
  await lala.waitForText('line 10');
  await lala.sayAndCommit('line 11');
  await cluster.startServer(1);
  await cluster.waitForAgreement();
  const verdict = await expectOneHistory(cluster, { watching: [lala], gone: [aaron] });
  t.equal(verdict.length, 11);
});

for (const role of ['follower', 'leader'] as const) {
  t.test(`G6: a ${role} is killed`, async (t) => {
    const { cluster, aaron } = await clusterWithTalk();
    t.teardown(() => cluster.stop());
    const lala = cluster.chat('Lala');
    await lala.waitForConnected();
    const leader = await cluster.leader();
    const victim = role === 'leader' ? leader : (cluster.ids.find((id) => id !== leader) ?? 0);
    // Lines in flight on both clients at the moment of the kill.
    for (let i = 1; i <= 30; i++) {
      aaron.say(`a${i}`);
      lala.say(`b${i}`);
    }
    await cluster.killServer(victim);
    await aaron.waitForState(aaron.linesSaid, 'committed', 15_000);
    await lala.waitForState(lala.linesSaid, 'committed', 15_000);
    t.not(await cluster.leader(), victim);
    await aaron.sayAndCommit('after the kill');
    await cluster.startServer(victim);
    await cluster.waitForAgreement();
    const verdict = await expectOneHistory(cluster, { watching: [aaron, lala] });
    t.equal(verdict.length, 71);
  });
}

for (const how of ['SIGTERM', 'SIGKILL'] as const) {
  t.test(`G6: all three are stopped with ${how} and started again`, async (t) => {
    const { cluster, aaron } = await clusterWithTalk();
    t.teardown(() => cluster.stop());
    const before = aaron.events.length;
    for (let i = 1; i <= 30; i++) aaron.say(`in flight ${i}`);
    await aaron.waitForState(11, 'committed', 10_000);
    if (how === 'SIGKILL') await Promise.all(cluster.ids.map((id) => cluster.killServer(id)));
    else {
      const exits = await Promise.all(cluster.ids.map((id) => cluster.stopServer(id)));
      t.same(
        exits.map(({ code }) => code),
        [0, 0, 0],
      );
    }
    await aaron.waitFor('disconnected', ({ event }) => event === 'disconnected', 10_000, before);
    const id = aaron.say('said while nobody was there');
    await Promise.all(cluster.ids.map((server) => cluster.startServer(server)));
    await aaron.waitForState(id, 'committed', 20_000);
    await cluster.waitForAgreement();
    const verdict = await expectOneHistory(cluster, { watching: [aaron] });
    t.equal(verdict.length, 41);
  });
}
