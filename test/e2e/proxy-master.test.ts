/** `synod proxy --master`: it may be killed and comes back, it follows servers that move, clients stay behind it. */
import t from 'tap';
import type { ChatClient } from '../support/chat-client.js';
import { Cluster } from '../support/cluster.js';
import { expectOneHistory } from '../support/one-history.js';
import { nowMs, timePasses, until } from '../support/until.js';

/** A client that finds no balancer asks again after 2 s at the latest; servers call at least as often. */
const resumedWithinMs = 5000;
/** Long enough for a cluster that has a way around the proxy to find it. */
const brokenMs = 3000;

/** Waits until the client's connection to its present server runs through the proxy. */
async function waitUntilProxied(cluster: Cluster, client: ChatClient): Promise<void> {
  await until(`${client.name} to talk to server ${client.server} through the proxy`, 10_000, async () => {
    const { links } = await cluster.proxy.links();
    return links.some(({ from, to, connections }) => from === 'client' && to === client.server && connections > 0);
  });
}

/** Waits until frames pass between every two servers, in both directions, through the proxy. */
async function waitUntilAllLinked(cluster: Cluster): Promise<void> {
  const before = await cluster.proxy.links();
  const isLinked = async (): Promise<boolean> => {
    const { links } = await cluster.proxy.links();
    const passed = links.filter(({ from, to, connections, frames }) => {
      const earlier = before.links.find((link) => link.from === from && link.to === to);
      return from !== 'client' && to !== 'client' && connections > 0 && frames > (earlier?.frames ?? 0);
    });
    return passed.length === cluster.size * (cluster.size - 1);
  };
  await until('all servers to talk through the proxy', 10_000, isLinked, () => JSON.stringify(before));
}

t.test('a cluster behind a proxy', async (t) => {
  const cluster = await Cluster.start({ proxy: {} });
  t.teardown(() => cluster.stop());
  const aaron = cluster.chat('Aaron');
  const lala = cluster.chatThroughProxy('Lala');
  await aaron.sayAndCommit('first of Aaron');
  await lala.sayAndCommit('first of Lala');
  await waitUntilAllLinked(cluster);
  await waitUntilProxied(cluster, lala);
  const direct = (await cluster.proxy.links()).links.filter(({ from }) => from === 'client');
  t.same(
    direct.map(({ to }) => to),
    [lala.server],
    'the other client went to the real balancer, and around the proxy',
  );

  t.test('a client that came through it is moved through it', async (t) => {
    const left = lala.server;
    const before = lala.events.length;
    await cluster.killServer(left);
    t.not((await lala.waitForConnected(10_000, before)).server, left, 'Lala has moved');
    await waitUntilProxied(cluster, lala);
    const moved = cluster.ids.map((id) => cluster.address(id));
    t.notOk(moved.includes(lala.events.findLast(({ event }) => event === 'connected')?.address ?? ''), 'not directly');
    await lala.sayAndCommit('moved');

    await cluster.movePort(left);
    await cluster.startServer(left);
    await waitUntilAllLinked(cluster);
    const applied = await cluster.waitForAgreement();
    t.ok(applied > 0, `server ${left} came back at another address, is linked again and caught up to slot ${applied}`);
  });

  t.test('it is killed, and comes back', async (t) => {
    const servers = cluster.ids.map((id) => cluster.server(id));
    const before = aaron.events.length;
    await cluster.proxy.program.kill();
    const id = aaron.say('while the proxy is dead');
    await aaron.waitFor('no quorum', ({ event, ok }) => event === 'quorum' && ok === false, 10_000, before);
    await timePasses(brokenMs);
    t.not(aaron.state(id), 'committed', 'nothing commits: every link ran through the proxy');

    const restartedMs = nowMs();
    await cluster.startProxy();
    const { atMs } = await aaron.waitForState(id, 'committed', 20_000);
    t.ok(atMs - restartedMs < resumedWithinMs, `it goes on after ${(atMs - restartedMs).toFixed(0)} ms`);
    await lala.sayAndCommit('and Lala too');
    await waitUntilAllLinked(cluster);
    for (const server of servers) t.equal(server.exit, undefined, `${server.title} was never restarted`);
    await cluster.waitForAgreement();
    const verdict = await expectOneHistory(cluster, { watching: [aaron, lala] });
    t.equal(verdict.length, 5, 'every line once');
  });
});
