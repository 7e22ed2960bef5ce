/** Where a daemon's HTTP pages listen: the one place at which that address is checked. */
import { type Address, ExitError, exitCodes, hostToBind, parseAddress } from '../../base/index.js';

/**
 * Reads the `--http` of a daemon. The pages know no users and change nothing: whoever reaches them reads the members'
 * addresses and figures.
 *
 * @throws ExitError (2) for what is no address.
 */
export function checkHttpAddress(text: string): Address {
  const address = parseAddress(text);
  if ('error' in address) throw new ExitError(exitCodes.usage, 'BAD_ADDRESS', `--http: ${address.error}`);
  return { ...address, host: hostToBind(address.host) };
}
