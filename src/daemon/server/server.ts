/** The server's composition: disk, membership, driver, listener, in this order. */
import { ExitError, exitCodes } from '../../base/index.js';
import type { ServerHandle, ServerOptions } from '../options.js';

/**
 * Starts a server; resolves when it is registered, its membership sealed and it listens (READY). Retries the balancer
 * for ever. Rejects with an {@link ExitError}: exit 3 when the cluster refuses it, the port is busy or the data directory
 * is another server's; exit 7 when the directory is locked, damaged, or not the one the cluster was sealed with.
 */
export async function startServer(options: ServerOptions): Promise<ServerHandle> {
  throw new ExitError(exitCodes.internal, 'INTERNAL', `the server for ${options.listen} is being written`);
}
