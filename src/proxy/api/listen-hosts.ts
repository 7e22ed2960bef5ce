/** Where the API listens, and by which names it may be called. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, ExitError, exitCodes, isUnspecified, parseAddress } from '../../base/index.js';

/** Tries at two free ports of the same number, one for each family. */
const pairTriesMax = 10;

/** @throws ExitError */
export function readApiAddress(text: string): Address {
  const address = parseAddress(text);
  if ('error' in address) throw new ExitError(exitCodes.usage, 'BAD_ADDRESS', `--api: ${address.error}`);
  return address;
}

/**
 * Listens with servers from `make`, two of them for localhost: clients take either family. Returns them, bound.
 *
 * @throws ExitError
 */
export async function bindApi(address: Address, make: () => Server): Promise<readonly Server[]> {
  try {
    if (address.host.toLowerCase() !== 'localhost') return [await bind(make(), address)];
    return await bindBoth(address.port, make);
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, address);
  }
}

async function bindBoth(port: number, make: () => Server): Promise<readonly Server[]> {
  for (let tries = 1; ; tries++) {
    const first = await bind(make(), { host: '127.0.0.1', port });
    try {
      return [first, await bind(make(), { host: '::1', port: (first.address() as AddressInfo).port })];
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return [first]; // This machine has no IPv6.
      await new Promise((resolve) => first.close(resolve));
      if (code !== 'EADDRINUSE' || port !== 0 || tries === pairTriesMax) throw error;
    }
  }
}

function bind(server: Server, { host, port }: Address): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function explained(error: NodeJS.ErrnoException, { host, port }: Address): ExitError {
  const refused = (code: string, text: string): ExitError =>
    new ExitError(exitCodes.refused, code, text, { cause: error });
  if (error.code === 'EADDRINUSE') {
    const who = 'is already in use (by another proxy, or by Toxiproxy?)';
    return refused('PORT_BUSY', `API port ${port} ${who}. Choose one with --api, or stop that process.`);
  }
  if (error.code === 'EACCES') {
    return refused('PORT_FORBIDDEN', `API port ${port} may not be opened by this user. Choose one with --api.`);
  }
  const remedy = `Choose one with --api, e.g. --api localhost:${port}.`;
  return refused('BAD_HOST', `The API can't listen at ${host} (${error.code ?? error.message}). ${remedy}`);
}

/**
 * Whether a request with this Host header may be served: a web page whose name was made to point here must not drive
 * the API. An API that listens at every address is there for others; it can't know the names they use.
 */
export function isHostAllowed(header: string | undefined, listenHost: string): boolean {
  if (header === undefined || isUnspecified(listenHost)) return true;
  const name = header
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
  const isLoopback = name === 'localhost' || name.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(name);
  return isLoopback || name === '::1' || name === listenHost.toLowerCase();
}
