/** What is wrong with a Redis: worth another attempt, without space, or nothing that waiting will mend. Pure. */

/**
 * down: not there, not answering, or not ready. full: it answers and takes no writes now. refused: only somebody can
 * mend it who changes the command line or Redis.
 */
export type TroubleKind = 'down' | 'full' | 'refused';

/** Every failure of a Redis command; `message` is one line that ends in what to do and holds no password. */
export class RedisTrouble extends Error {
  override readonly name = 'RedisTrouble';
  readonly kind: TroubleKind;
  /** A short constant: Redis' own word where it has one (`OOM`, `WRONGTYPE`), else ours. */
  readonly code: string;

  constructor(kind: TroubleKind, code: string, text: string) {
    super(text);
    this.kind = kind;
    this.code = code;
  }

  /**
   * Who answers next may have less than who answered before: restarted without its data, or another one at this
   * address, as after a failover.
   */
  get mayLose(): boolean {
    return this.kind === 'down' || this.code === 'READONLY';
  }
}

interface Row {
  /** What the error's text must hold; scripts put their own words around Redis'. */
  readonly sign: RegExp;
  readonly kind: TroubleKind;
  readonly code: string;
  readonly text: string;
}

/** The first row that fits counts. `text` follows the address. */
const rows: readonly Row[] = [
  {
    sign: /\b(WRONGPASS|NOAUTH)\b|invalid (username-)?password|without any password|no password is set/,
    kind: 'refused',
    code: 'WRONGPASS',
    text: 'does not accept the user or password: put the right ones into the URL',
  },
  {
    sign: /\bNOPERM\b/,
    kind: 'refused',
    code: 'NOPERM',
    text: 'does not allow this user what is needed: see docs/REDIS.md, What Redis must allow',
  },
  {
    sign: /\bWRONGTYPE\b/,
    kind: 'refused',
    code: 'WRONGTYPE',
    text: 'holds something else (redis-cli TYPE tells): remove it with redis-cli DEL, or use another database',
  },
  {
    sign: /\b(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)\b/,
    kind: 'refused',
    code: 'REDIS_CLUSTER',
    text: 'is a node of a Redis Cluster: synod needs a single Redis, with replicas if you like',
  },
  {
    sign: /DB index is out of range|invalid DB index|SELECT is not allowed/i,
    kind: 'refused',
    code: 'NO_DATABASE',
    text: 'has no such database: choose a lower number at the end of the URL',
  },
  {
    sign: /unknown command/i,
    kind: 'refused',
    code: 'OLD_REDIS',
    text: 'lacks a command that is needed (EVAL, XADD): use Redis 5 or newer',
  },
  {
    sign: /Protocol error|wrong version number|packet length too long|EPROTO/i,
    kind: 'refused',
    code: 'NOT_REDIS',
    text: 'does not speak the Redis protocol: check the port, and redis:// or rediss://',
  },
  {
    sign: /certificate|CERT_|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/i,
    kind: 'refused',
    code: 'BAD_CERTIFICATE',
    text: 'shows a certificate that is not trusted: name its CA with NODE_EXTRA_CA_CERTS=FILE, or renew it',
  },
  {
    sign: /\bREADONLY\b/,
    kind: 'full',
    code: 'READONLY',
    text: 'is a replica and takes no writes: use the primary; trying again in case it becomes one',
  },
  {
    sign: /\bOOM\b/,
    kind: 'full',
    code: 'OOM',
    text: 'is full (maxmemory): free some memory or raise it; trying again, nothing is lost',
  },
  {
    sign: /\b(MISCONF|NOREPLICAS)\b/,
    kind: 'full',
    code: 'MISCONF',
    text: 'refuses writes because it cannot save or replicate them: look at its log; trying again, nothing is lost',
  },
  {
    sign: /\b(LOADING|BUSY|MASTERDOWN|TRYAGAIN)\b/,
    kind: 'down',
    code: 'LOADING',
    text: 'is not ready yet: trying again',
  },
  {
    sign: /timed out|ETIMEDOUT/i,
    kind: 'down',
    code: 'TIMEOUT',
    text: 'does not answer: trying again; see whether it hangs, a firewall drops packets, or it speaks no TLS (redis://)',
  },
];

/** Says what `error` means for the Redis at `shown`; `key` is what was worked on. */
export function troubleOf(error: unknown, shown: string, key = ''): RedisTrouble {
  if (error instanceof RedisTrouble) return error;
  const found = error instanceof Error ? `${error.message} ${(error as NodeJS.ErrnoException).code ?? ''}` : `${error}`;
  const row = rows.find(({ sign }) => sign.test(found));
  const where = key === '' ? shown : `${shown}, key '${key}',`;
  if (row !== undefined) return new RedisTrouble(row.kind, row.code, `Redis at ${where} ${row.text}`);
  const code = /\bE[A-Z]{4,}\b/.exec(found)?.[0];
  if (code !== undefined || /closed|ended|reset/i.test(found)) {
    const why = code === undefined ? 'it closed the connection' : code;
    const text = `No Redis at ${shown} (${why}): trying again. Is it running? Check the address`;
    return new RedisTrouble('down', 'UNREACHABLE', text);
  }
  const said = error instanceof Error ? error.message : String(error);
  return new RedisTrouble('refused', 'REDIS_ERROR', `Redis at ${where} answers: ${said.slice(0, 200)}; see its log`);
}
