/** `synod balancer`: checks its options and serves until it is told to end. */
import { startBalancer } from '../daemon/index.js';
import type { Call } from './command.js';
import { daemonLogger, daemonSignal, httpOptions, portFlag, serve } from './daemon.js';
import { readAccess } from './security.js';
import { readAddress, readServers } from './values.js';

export async function balancer(call: Call): Promise<number> {
  const signal = daemonSignal(call);
  const logger = await daemonLogger(call, 'balancer');
  const listen = readAddress('--listen', call.options.text('listen') ?? '');
  const access = readAccess(call, listen, logger);
  const registry = call.options.text('registry');
  const handle = await startBalancer({
    listen,
    ...access,
    ...httpOptions(call, access.security?.keyring, logger),
    servers: readServers('--servers', call.options.text('servers') ?? ''),
    dataDir: call.options.text('data-dir') ?? '',
    // What speaks to Redis is loaded only by those who want it.
    ...(registry === undefined ? {} : { registry: (await import('./redis-address.js')).openRegistry(registry) }),
    signal,
    portFlag: portFlag(call),
    logger,
  });
  return serve(call, handle, `READY balancer ${handle.address}`, signal);
}
