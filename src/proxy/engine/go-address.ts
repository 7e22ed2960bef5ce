/**
 * Addresses as Toxiproxy takes them, with the error texts that its clients know (TOXIPROXY_API.md, 2 and 3). They are
 * not those of base: here no host means every address, and no port a free one.
 */
import { formatAddress } from '../../base/index.js';

/** `message` is Go's text for what is wrong; HTTP clients compare it literally. */
export class AddressError extends Error {
  override readonly name = 'AddressError';
}

export interface GoAddress {
  /** "" for any address of this machine; an IPv6 literal without its brackets. */
  readonly host: string;
  readonly port: number;
}

/** Splits `host:port`; "" means any address and any free port. @throws AddressError */
export function splitAddress(text: string): GoAddress {
  if (text === '') return { host: '', port: 0 };
  const colon = text.lastIndexOf(':');
  if (colon < 0 || text.endsWith(']')) throw new AddressError(`address ${text}: missing port in address`);
  const host = text.slice(0, colon);
  const port = text.slice(colon + 1);
  const isBracketed = host.startsWith('[') && host.endsWith(']');
  if (!isBracketed && host.includes(':')) throw new AddressError(`address ${text}: too many colons in address`);
  if (!/^\d*$/.test(port)) throw new AddressError(`lookup tcp/${port}: unknown port`);
  if (Number(port) > 65_535) throw new AddressError(`address ${port}: invalid port`);
  return { host: isBracketed ? host.slice(1, -1) : host, port: Number(port) };
}

/** Where to bind: `localhost` is IPv4 whatever the system's resolver prefers; "" is any address. */
export function bindHost(host: string): string {
  if (host.toLowerCase() === 'localhost') return '127.0.0.1';
  return host === '' ? '::' : host;
}

/** Where to dial: as {@link bindHost}, but "" is this machine. */
export function dialHost(host: string): string {
  return host === '' || host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'cannot assign requested address',
};

/** Why `text` could not be listened on, in Go's words. */
export function bindError(text: string, error: NodeJS.ErrnoException): AddressError {
  const { host, port } = splitAddress(text);
  const reason = reasons[error.code ?? ''];
  if (reason !== undefined)
    return new AddressError(`listen tcp ${formatAddress(bindHost(host), port)}: bind: ${reason}`);
  if (error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN') {
    return new AddressError(`listen tcp: lookup ${host}: no such host`);
  }
  return new AddressError(`listen tcp ${formatAddress(bindHost(host), port)}: ${error.message}`);
}
