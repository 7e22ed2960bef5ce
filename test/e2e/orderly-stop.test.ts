/** SIGTERM and SIGINT end every program in order: the leader hands over, clients move on, nothing is lost. */
import path from 'node:path';
import t from 'tap';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { Program } from '../support/program.js';
import { until } from '../support/until.js';

t.test('a rolling stop under load', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  const clients = [cluster.chat('Aaron'), cluster.chat('Lala')];
  await Promise.all(clients.map((client) => client.waitForConnected()));
  await Promise.all(clients.map((client, index) => client.sayAndCommit(`first of ${index}`)));

  // The leader first, then whoever leads next, and so on.
  for (let round = 1; round <= 3; round++) {
    const leader = await cluster.leader();
    for (let i = 1; i <= 20; i++) {
      for (const [index, client] of clients.entries()) client.say(`r${round} c${index} ${i}`);
    }
    const exit = await cluster.stopServer(leader);
    t.same(exit, { code: 0, signal: undefined }, `leader ${leader} ends with 0 in round ${round}`);
    await Promise.all(clients.map((client) => client.waitForState(client.linesSaid, 'committed', 10_000)));
    t.not(await cluster.leader(), leader);
    await cluster.startServer(leader);
  }
  await cluster.waitForAgreement();
  const verdict = await expectOneHistory(cluster, { watching: clients });
  t.equal(verdict.length, 122);

  const [aaron, lala] = clients;
  lala?.program.signal('SIGTERM');
  t.equal((await lala?.program.waitForExit(10_000))?.code, 143, 'a chat that gets SIGTERM ends with 143');
  t.equal(await aaron?.finish(), 0);
  cluster.balancer.signal('SIGINT');
  t.equal((await cluster.balancer.waitForExit(10_000)).code, 0, 'a balancer that gets SIGINT ends with 0');
  for (const id of cluster.ids) t.equal((await cluster.stopServer(id)).code, 0, `server ${id} ends with 0`);
});

t.test('a server that still waits for its balancer', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.stop());
  await cluster.choosePorts();
  const server = cluster.spawnServer(1);
  await until('a first complaint', 20_000, () => server.stderr.includes('No balancer'));
  t.equal((await cluster.stopServer(1)).code, 0);
});

t.test('a balancer that still waits for servers', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.stop());
  await cluster.choosePorts();
  await cluster.startBalancer();
  const chat = new Program('synod', ['chat', '--json', '--name', 'Aaron', '--balancer', cluster.balancerAddress], {
    env: { XDG_CONFIG_HOME: path.join(cluster.root, 'config') },
  });
  t.teardown(() => chat.kill());
  const waiting = await chat.waitForLine('waiting', (line) => line.includes('"waiting"'), 20_000);
  t.match(JSON.parse(waiting), { event: 'waiting', for: 'servers', registered: 0, servers: 3 });
  cluster.balancer.signal('SIGTERM');
  t.equal((await cluster.balancer.waitForExit(10_000)).code, 0);
  chat.signal('SIGINT');
  t.equal((await chat.waitForExit(10_000)).code, 130);
});
