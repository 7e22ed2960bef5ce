/** A cluster behind `--master`, in this process: whose addresses are told to whom, and who follows a moving server. */
import t from 'tap';
import { type ProxyHandle, startProxy } from '../../src/proxy/index.js';
import type { MessageOf } from '../../src/wire/index.js';
import { Cluster, User } from './cluster.js';
import { type Proxied, proxyOptions, startProxied } from './proxied-cluster.js';
import { Raw, until } from './raw.js';

t.setTimeout(60_000);

async function members(address: string): Promise<MessageOf<'members'>> {
  const raw = await Raw.welcomed(address, { role: 'operator' });
  raw.send({ type: 'membersRequest', request: 1 });
  const answer = await raw.take('members');
  raw.end();
  return answer;
}

const addressesOf = ({ members: all }: MessageOf<'members'>): string[] => all.map(({ address }) => address);

interface ShownLink {
  readonly from: number | string;
  readonly to: number | string;
  readonly connections: number;
  readonly frames: number;
}

async function links({ proxy }: Proxied): Promise<ShownLink[]> {
  const response = await fetch(`http://${proxy.api}/links`);
  return ((await response.json()) as { links: ShownLink[] }).links;
}

t.test('every link between servers runs through the proxy, and nobody else is told of it', async (t) => {
  const proxied = await startProxied(t);
  const { cluster, proxy } = proxied;
  const real = [1, 2, 3].map((id) => cluster.server(id).address);
  t.same(
    addressesOf(await members(cluster.balancer?.address ?? '')),
    real,
    'the balancer knows the servers as they are',
  );
  const stoodIn = addressesOf(await members(proxy.address));
  t.equal(stoodIn.length, 3);
  t.notOk(
    stoodIn.some((address) => real.includes(address)),
    'who asks the proxy is told its addresses',
  );
  for (const id of [1, 2, 3]) {
    const { members: peers } = await cluster.status(id);
    for (const peer of peers) {
      if (peer.id !== id)
        t.equal(peer.address, stoodIn[peer.id - 1], `server ${id} knows ${peer.id} by the proxy's address`);
    }
  }
  const shown = await links(proxied);
  const between = shown.filter(({ from, to }) => typeof from === 'number' && typeof to === 'number');
  t.equal(between.length, 6, 'all six links');
  for (const { from, to, connections, frames } of between) {
    t.equal(
      connections,
      2,
      `${from}>${to}: what it says goes out on one connection, its answers come back on the other`,
    );
    t.ok(frames > 0, `${from}>${to} carries frames`);
  }
});

t.test('a client that comes through the proxy stays behind it, and its lines commit', async (t) => {
  const proxied = await startProxied(t);
  const { cluster, proxy } = proxied;
  const stoodIn = addressesOf(await members(proxy.address));
  const raw = await Raw.welcomed(proxy.address);
  raw.send({ type: 'route', request: 7, kind: 'init', failed: '' });
  const routed = await raw.take('routed');
  t.ok(stoodIn.includes(routed.address), 'the server it is sent to');
  t.same([...routed.addresses].sort(), [...stoodIn].sort(), 'all that it is told');
  raw.send({ type: 'route', request: 8, kind: 'retry', failed: routed.address });
  const again = await raw.take('routed');
  t.not(again.address, routed.address, 'the balancer understands which server failed');
  const user = await User.at(routed.address, 'aaron');
  const standing = user.raw.received.find(({ type }) => type === 'standing') as MessageOf<'standing'> | undefined;
  t.same([...(standing?.addresses ?? [])].sort(), [...stoodIn].sort(), 'and what its server tells it');
  await user.say('#lobby', 'through the proxy');
  await until('its link', async () =>
    (await links(proxied)).some(({ from, connections }) => from === 'client' && connections > 0),
  );
  t.pass('it is seen as a client');
  t.ok(await cluster.leader());
});

t.test('a server that comes back at another address is followed, on the same listener', async (t) => {
  const { cluster, proxy } = await startProxied(t);
  const before = addressesOf(await members(proxy.address));
  const [old] = addressesOf(await members(cluster.balancer?.address ?? ''));
  await cluster.kill(1);
  await cluster.startServer(1);
  t.not(cluster.server(1).address, old, 'it listens elsewhere');
  await cluster.leader(1, 2, 3);
  t.same(addressesOf(await members(proxy.address)), before, "its stand-in's address has not changed");
  const { members: peers } = await cluster.status(2);
  t.ok(
    peers.every(({ heard }) => heard),
    'it is heard through it',
  );
});

t.test('a proxy that is gone takes the links with it; a new one at its place brings them back', async (t) => {
  const { cluster, proxy } = await startProxied(t);
  await proxy.stop();
  await until('silence', async () => (await cluster.status(1)).members.every(({ id, heard }) => id === 1 || !heard));
  const again = await startProxy({
    ...proxyOptions,
    master: cluster.balancer?.address ?? '',
    listen: proxy.address,
  });
  t.teardown(() => again.stop());
  t.equal(again.address, proxy.address);
  t.ok(await cluster.leader(1, 2, 3), 'the servers found each other through it');
});

t.test("the cluster's own proxies can't be taken away over the API; a user's of such a name stays his", async (t) => {
  const calling =
    (proxy: ProxyHandle) =>
    (method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`http://${proxy.api}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const users = { name: 'server-1', listen: 'localhost:0', upstream: '127.0.0.1:80' };
  const { cluster, proxy } = await startProxied(t, (started) => calling(started)('POST', '/proxies', users));
  const api = calling(proxy);
  const all = (await (await api('GET', '/proxies')).json()) as Record<string, { upstream: string }>;
  t.equal(all['server-1']?.upstream, '127.0.0.1:80', "the user's own");
  t.equal(all['synod-server-1']?.upstream, cluster.server(1).address, "the cluster's");
  for (const name of ['balancer', 'server-2']) {
    t.equal((await api('DELETE', `/proxies/${name}`)).status, 400);
    t.equal((await api('PATCH', `/proxies/${name}`, { listen: 'localhost:0' })).status, 400);
    const body = [{ name, listen: 'localhost:0', upstream: '127.0.0.1:1' }];
    t.equal((await api('POST', '/populate', body)).status, 400);
  }
  t.equal(
    (await api('PATCH', '/proxies/server-2', { enabled: false })).status,
    200,
    'disabling is a fault like others',
  );
  await until('silence', async () => (await cluster.status(1)).members.some(({ id, heard }) => id === 2 && !heard));
  t.equal((await api('POST', '/reset')).status, 204);
  t.ok(await cluster.leader(1, 2, 3), 'and reset heals it');
});

t.test(
  '--mode inside a server: its own links, both directions, told in its status; clients are not touched',
  async (t) => {
    const cluster = new Cluster();
    t.teardown(() => cluster.end());
    await cluster.startBalancer(3);
    await Promise.all([cluster.startServer(1, { mode: 'd:0' }), cluster.startServer(2), cluster.startServer(3)]);
    await cluster.leader(2, 3);
    const isolated = await cluster.status(1);
    t.equal(isolated.faults, 'd:0');
    t.notOk(
      isolated.members.some(({ id, heard }) => id !== 1 && heard),
      'it hears nobody',
    );
    const other = await cluster.status(2);
    t.equal(other.faults, '');
    t.same(
      other.members.map(({ heard }) => heard),
      [false, true, true],
      'nobody hears it',
    );
    const user = await User.at(cluster.server(2).address, 'aaron');
    await user.say('#lobby', 'two are enough');
    t.equal((await cluster.status(1)).applied, 0, 'it learns nothing');
  },
);
