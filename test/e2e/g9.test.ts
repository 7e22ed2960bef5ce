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

  const sihan = cluster.chat('Sihan', ['--server', cluster.address(1)]);
  await sihan.sayAndCommit('on the restarted server, without a balancer');

  await cluster.startBalancer();
  const stranger = cluster.serverArgs(1, { id: 4, port: 0, dataDir: path.join(cluster.root, 'stranger') });
  const refused = await runToEnd('srunner', stranger, 20_000);
  t.equal(refused.code, 3, `the new id is refused: ${refused.stderr.slice(-300)}`);

  // The restarted balancer placed nobody: what it knows are the servers' reports. Only server 3 is left without
  // clients.
  t.equal(await aaron.finish(), 0);
  await cluster.waitForLoad({ 1: 1, 2: 1, 3: 0 });
  const newcomer = cluster.chat('Newcomer');
  t.equal((await newcomer.waitForConnected()).server, 3, 'a new client is routed by true load');
  await newcomer.sayAndCommit('with a new balancer');
  t.notOk(
    lala.events.some(({ event }) => event === 'disconnected'),
    'Lala never noticed any of it',
  );
  await expectOneHistory(cluster, { watching: [lala, sihan, newcomer], gone: [aaron] });
});
