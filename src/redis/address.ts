/** Where a Redis is: its URL read, and shown again without what is secret in it. */

/** A Redis as `redis://[user:password@]host[:port][/db]` names it; `rediss://` is Redis through TLS. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** The URL without user and password: for logs and errors. */
  readonly shown: string;
}

const form = 'redis://[USER:PASSWORD@]HOST[:PORT][/DB], or rediss:// for TLS';
const portDefault = 6379;

/**
 * Reads a Redis URL. Gives a text that says what is right when `url` is none; the text never repeats `url`, which may
 * hold a password.
 */
export function readRedisUrl(url: string): RedisAddress | { readonly wrong: string } {
  if (!URL.canParse(url)) return { wrong: `takes ${form}` };
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(url);
  if (protocol !== 'redis:' && protocol !== 'rediss:') return { wrong: `takes ${form}` };
  if (hostname === '') return { wrong: `names no host: it takes ${form}` };
  const db = /^(?:\/(\d{1,5})?)?$/.exec(pathname);
  if (db === null) return { wrong: `ends in a path that is no database number: it takes ${form}` };
  if (search !== '' || hash !== '')
    return { wrong: `has ? or # in it (in a password write %3F, %23): it takes ${form}` };
  const secrets = [username, password].map(decoded);
  if (secrets.includes(undefined)) return { wrong: 'has a % in its user or password that must be written as %25' };
  const at = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? portDefault : Number(port) };
  const number = Number(db[1] ?? 0);
  return {
    ...at,
    db: number,
    tls: protocol === 'rediss:',
    username: secrets[0] || undefined,
    password: secrets[1] || undefined,
    shown: `${protocol}//${hostname}:${at.port}/${number}`,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
