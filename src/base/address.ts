/** Addresses as people and frames write them, `host:port`, `[v6]:port`, `:port`: the one place that reads them. */
import { BlockList, isIPv6 } from 'node:net';

/** A host name or literal (an IPv6 literal without its brackets) and a port. */
export interface Address {
  readonly host: string;
  /** 0..65535; 0 asks the system for a free port when listening. */
  readonly port: number;
}

/**
 * Parses `host:port`; no host is this machine, 127.0.0.1. The error names the text and says what is expected. Names
 * are not looked up, and international ones are taken as the network has them, xn--….
 */
export function parseAddress(text: string): Address | { readonly error: string } {
  const colon = text.lastIndexOf(':');
  const host = colon < 0 ? '' : text.slice(0, colon);
  const digits = text.slice(colon + 1);
  const port = /^[0-9]{1,5}$/.test(digits) ? Number(digits) : -1;
  if (colon < 0 || port < 0 || port > 65_535)
    return { error: `"${text}" is no address; expected HOST:PORT, e.g. localhost:9010` };
  if (host.startsWith('[') && host.endsWith(']')) {
    const literal = host.slice(1, -1);
    if (isIPv6(literal)) return { host: literal, port };
    return { error: `"${text}" is no address; expected [IPV6]:PORT, e.g. [::1]:9010` };
  }
  if (host.includes(':')) return { error: `"${text}" is ambiguous; write an IPv6 address as [${host}]:${digits}` };
  if (!/^[A-Za-z0-9._-]*$/.test(host))
    return { error: `"${text}" holds characters that no host name has; expected HOST:PORT` };
  return { host: host === '' ? '127.0.0.1' : host, port };
}

/** `host:port`, an IPv6 literal in brackets. */
export function formatAddress(host: string, port: number): string {
  // Joined, it is one string; a template keeps its pieces, too, and every connection keeps an address.
  return [host.includes(':') ? `[${host}]` : host, port].join(':');
}

const unspecified = new BlockList();
unspecified.addAddress('::', 'ipv6');
unspecified.addAddress('0.0.0.0', 'ipv4');

/**
 * Whether who listens at `host` listens at every address of the machine, in any spelling that the system takes: `::`,
 * `0::0`, `::ffff:0.0.0.0`, but also `0` and `0x0.0`. For others such an address leads nowhere.
 */
export function isUnspecified(host: string): boolean {
  return isIPv6(host) ? unspecified.check(host, 'ipv6') : /^(0x)?0+(\.(0x)?0+){0,3}$/i.test(host);
}

/** Where to listen: `localhost` is IPv4 whatever the system's resolver prefers. */
export function hostToBind(host: string): string {
  return host.toLowerCase() === 'localhost' ? '127.0.0.1' : host;
}

/** The hosts to try in turn: `localhost` means IPv4 first, whatever the system's resolver prefers. */
export function hostsToTry(host: string): readonly string[] {
  return host.toLowerCase() === 'localhost' ? ['127.0.0.1', '::1'] : [host];
}
