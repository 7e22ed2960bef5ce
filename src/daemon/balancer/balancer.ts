/** The balancer's composition: one port for servers and clients. */
import { ExitError, exitCodes } from '../../base/index.js';
import type { BalancerHandle, BalancerOptions } from '../options.js';

/**
 * Starts a balancer; resolves when it listens (READY). Rejects with an {@link ExitError}: exit 3 for a busy port or a
 * data directory of another kind, exit 7 for a locked or damaged one.
 */
export async function startBalancer(options: BalancerOptions): Promise<BalancerHandle> {
  throw new ExitError(exitCodes.internal, 'INTERNAL', `the balancer for ${options.listen} is being written`);
}
