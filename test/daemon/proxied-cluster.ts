/** Three servers behind a fault proxy that stands in for their balancer, all in this process. */
import { nodeClock, silentLogger } from '../../src/base/index.js';
import { type ProxyHandle, startProxy } from '../../src/proxy/index.js';
import { Cluster } from './cluster.js';

export const proxyOptions = {
  listen: '127.0.0.1:0',
  links: [],
  modes: [],
  proxies: [],
  seed: 1,
  api: '127.0.0.1:0',
  logger: silentLogger,
  clock: nodeClock,
};

export interface Proxied {
  readonly cluster: Cluster;
  readonly proxy: ProxyHandle;
}

/**
 * The servers' balancer is the proxy; `cluster.balancer` is the real one. `before` the servers start, something is
 * done.
 */
export async function startProxied(
  t: { teardown(end: () => Promise<unknown>): void },
  before?: (proxy: ProxyHandle) => Promise<unknown>,
): Promise<Proxied> {
  const cluster = new Cluster();
  const balancer = await cluster.startBalancer(3);
  const proxy = await startProxy({ ...proxyOptions, master: balancer.address });
  t.teardown(async () => {
    await cluster.end();
    await proxy.stop();
  });
  await before?.(proxy);
  cluster.balancerAddress = proxy.address;
  await cluster.startServers(1, 2, 3);
  await cluster.leader();
  return { cluster, proxy };
}
