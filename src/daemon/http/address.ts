/** Where a daemon's HTTP pages listen: the one place at which that address is checked. */
import { ExitError, exitCodes } from '../../base/index.js';
import { type Address, parseAddress } from '../../net/index.js';

/**
 * Reads the `--http` of a daemon. The pages know no users and change nothing: whoever reaches them reads the members'
 * addresses and figures.
 *
 * @throws ExitError (2) for what is no address.
 */
export function checkHttpAddress(text: string): Address {
  const address = parseAddress(text);
  if ('error' in address) throw new ExitError(exitCodes.usage, 'BAD_ADDRESS', `--http: ${address.error}`);
  // As everywhere: localhost means IPv4, whichever the system's resolver prefers.
  return address.host.toLowerCase() === 'localhost' ? { ...address, host: '127.0.0.1' } : address;
}
