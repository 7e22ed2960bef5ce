/** `synod balancer`: checks its options and serves until it is told to end. */
import { startBalancer } from '../daemon/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, httpOptions, serve } from './daemon.js';
import { UsageError } from './go-flags.js';
import { readAddress, readInteger } from './values.js';

/** The most servers a cluster may have. */
export const serversMax = 99;

/** @throws UsageError unless the number is odd: an even one survives no more failures than one server fewer. */
export function readServers(value: string): number {
  const servers = readInteger('--servers', value, 1, serversMax);
  if (servers % 2 === 0) throw new UsageError(`--servers takes an odd number, not ${servers}: try ${servers + 1}`);
  return servers;
}

export async function balancer(call: Call): Promise<number> {
  const signal = daemonSignal(call);
  const handle = await startBalancer({
    listen: readAddress('--listen', call.options.text('listen') ?? ''),
    servers: readServers(call.options.text('servers') ?? ''),
    dataDir: call.options.text('data-dir') ?? '',
    ...httpOptions(call),
    logger: await daemonLogger(call, 'balancer'),
  });
  return serve(call, handle, `READY balancer ${handle.address}`, signal);
}
