/** `synod balancer`: checks its options and serves until it is told to end. */
import { type SealRegistry, startBalancer } from '../daemon/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, serve } from './daemon.js';
import { UsageError } from './go-flags.js';
import { readRedis } from './redis-address.js';
import { readAddress, readInteger } from './values.js';

/** The most servers a cluster may have. */
export const serversMax = 99;

/** @throws UsageError unless the number is odd: an even one survives no more failures than one server fewer. */
export function readServers(value: string): number {
  const servers = readInteger('--servers', value, 1, serversMax);
  if (servers % 2 === 0) throw new UsageError(`--servers takes an odd number, not ${servers}: try ${servers + 1}`);
  return servers;
}

/** What speaks to Redis is loaded only by those who want it. */
async function openRegistry(url: string): Promise<SealRegistry> {
  const { RedisRegistry } = await import('../redis/index.js');
  return new RedisRegistry(await readRedis('--registry', url));
}

export async function balancer(call: Call): Promise<number> {
  const signal = daemonSignal(call);
  const registry = call.options.text('registry');
  const handle = await startBalancer({
    listen: readAddress('--listen', call.options.text('listen') ?? ''),
    servers: readServers(call.options.text('servers') ?? ''),
    dataDir: call.options.text('data-dir') ?? '',
    ...(registry === undefined ? {} : { registry: await openRegistry(registry) }),
    logger: daemonLogger(call, 'balancer'),
    signal,
  });
  return serve(call, handle, `READY balancer ${handle.address}`, signal);
}
