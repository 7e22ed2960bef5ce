/** G5 (BEHAVIOUR.md, 6): a killed server that is started again learns all rounds and serves the whole log. */
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { placeAaronAndLala } from '../support/placement.js';

t.test('G5: the restarted server serves the whole log to a new client', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const victim = 1;
  const { aaron, lala } = await placeAaronAndLala(cluster, victim);
  for (let i = 1; i <= 20; i++) aaron.say(`before the kill ${i}`);
  await aaron.waitForState(aaron.linesSaid, 'committed', 10_000);

  const before = aaron.events.length;
  await cluster.killServer(victim);
  await aaron.waitForConnected(10_000, before);
  for (let i = 1; i <= 200; i++) (i % 2 === 0 ? aaron : lala).say(`while it is down ${i}`);
  await aaron.waitForState(aaron.linesSaid, 'committed', 10_000);
  await lala.waitForState(lala.linesSaid, 'committed', 10_000);

  await cluster.startServer(victim);
  await cluster.waitForAgreement();
  const newcomer = cluster.chat('Newcomer');
  t.equal((await newcomer.waitForConnected()).server, victim, 'the least occupied server is the restarted one');
  await newcomer.waitFor('the last line', ({ event, n }) => event === 'message' && n === 220, 10_000);
  t.same(
    newcomer.messages.map(({ n }) => n),
    Array.from({ length: 220 }, (_, index) => index + 1),
    'the whole log from 1 on',
  );
  await newcomer.sayAndCommit('through the restarted server');
  await lala.waitForText('through the restarted server');
  const verdict = await expectOneHistory(cluster, { watching: [aaron, lala, newcomer] });
  t.equal(verdict.length, 221);
});
