/** G9 (BEHAVIOUR.md, 6): the balancer is advice: chat goes on without it, a restarted one knows seal and load. */
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { runToEnd } from '../support/program.js';

t.test('G9: kill -9 of the balancer', async (t) => {
  const cluster = await Cluster.start({ spelling: 'old' });
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  t.equal((await aaron.waitForConnected()).server, 1);
  const lala = cluster.chat('Lala');
  t.equal((await lala.waitForConnected()).server, 2);
  await aaron.sayAndCommit('with a balancer');

  await cluster.balancer.kill();
  await lala.sayAndCommit('without a balancer');
  await aaron.waitForText('without a balancer');

  // Clients reroute from the addresses that they cached.
  const before = aaron.events.length;
  await cluster.killServer(1);
  t.not((await aaron.waitForConnected(10_000, before)).server, 1);
  await aaron.sayAndCommit('rerouted without a balancer');
  // A sealed server starts and serves without a balancer.
  await cluster.startServer(1);
  await cluster.waitForAgreement();

  await cluster.startBalancer();
  const stranger = cluster.serverArgs(1, { id: 4, port: 0, dataDir: path.join(cluster.root, 'stranger') });
  const refused = await runToEnd('srunner', stranger, 20_000);
  t.equal(refused.code, 3, `the new id is refused: ${refused.stderr.slice(-300)}`);

  await cluster.waitForBalancer();
  // True load: Aaron sits on 2 or 3 and Lala on 2, so server 1 has no client.
  const newcomer = cluster.chat('Newcomer');
  t.equal((await newcomer.waitForConnected()).server, 1, 'a new client is routed by true load');
  await newcomer.sayAndCommit('with a new balancer');
  t.notOk(
    lala.events.some(({ event }) => event === 'disconnected'),
    'Lala never noticed any of it',
  );
  await expectOneHistory(cluster, { watching: [aaron, lala, newcomer] });
});
