/** Which addresses only this machine can reach. */

/** Whether a listener bound to `host` is out of reach for others; a name besides localhost may be anybody's. */
export function isLoopback(host: string): boolean {
  return /^127(\.\d{1,3}){3}$/.test(host) || host === '::1' || host.toLowerCase() === 'localhost';
}
