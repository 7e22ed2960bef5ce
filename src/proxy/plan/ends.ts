/** The ends of a link: a server by its number, or `client`. A link is an ordered pair of them. */
import { PlanError, quoted } from './errors.js';

/** `balancer` ends carry no faults, ever (BEHAVIOUR.md 5); `unknown` is a caller or listener not heard of yet. */
export type End = number | 'client' | 'balancer' | 'unknown';

/** Numbers that a server can have. */
export const serverRange = { least: 1, most: 65_535 } as const;

export function isServer(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= serverRange.least && (value as number) <= serverRange.most;
}

/** For people, logs and draws: `1>3`, `client>2`. */
export function linkName(from: End, to: End): string {
  return `${from}>${to}`;
}

/** Which ends a rule means: any server (`*`), servers by number, clients. */
export class EndPattern {
  readonly #anyServer: boolean;
  readonly #client: boolean;
  readonly #ids: ReadonlySet<number>;

  private constructor(anyServer: boolean, client: boolean, ids: ReadonlySet<number>) {
    this.#anyServer = anyServer;
    this.#client = client;
    this.#ids = ids;
  }

  /** Reads `1`, `"1"`, `"*"`, `"client"` or a list of these; absent means `*`. */
  static read(field: string, value: unknown): EndPattern {
    const items = value === undefined ? ['*'] : Array.isArray(value) ? (value as unknown[]) : [value];
    if (items.length === 0) throw new PlanError(`${field} is an empty list: name servers, "*" or "client"`);
    const ids = new Set<number>();
    let anyServer = false;
    let client = false;
    for (const item of items) {
      const id = typeof item === 'string' && /^\d{1,5}$/.test(item) ? Number(item) : item;
      if (item === '*') anyServer = true;
      else if (item === 'client') client = true;
      else if (isServer(id)) ids.add(id);
      else
        throw new PlanError(`${field}: ${quoted(item)} is no end of a link; give a server's number, "*" or "client"`);
    }
    return new EndPattern(anyServer, client, ids);
  }

  matches(end: End): boolean {
    if (typeof end === 'number') return this.#anyServer || this.#ids.has(end);
    return end === 'client' && this.#client;
  }

  /** Servers that are meant by number. */
  get ids(): readonly number[] {
    return [...this.#ids];
  }

  get meansClients(): boolean {
    return this.#client;
  }

  get meansServers(): boolean {
    return this.#anyServer || this.#ids.size > 0;
  }

  /** As it is shown and read back: one value, or a list. */
  toJSON(): unknown {
    const items = [...(this.#anyServer ? ['*'] : []), ...this.#ids, ...(this.#client ? ['client'] : [])];
    return items.length === 1 ? items[0] : items;
  }
}
