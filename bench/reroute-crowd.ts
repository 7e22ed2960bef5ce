/** A process full of chat clients that all follow one room: counts what each is shown, and when it is served again. */
import { randomBytes } from 'node:crypto';
import { ChatClient } from '../src/client/index.js';

export const room = '#stream';

/** What the bench tells a crowd. */
export type CrowdOrder =
  | { readonly order: 'connect'; readonly balancer: string; readonly first: number; readonly count: number }
  /** The server at this address is about to go: `watching` says how many that concerns, `served` how they fared. */
  | { readonly order: 'watch'; readonly address: string }
  | { readonly order: 'state' };

export type CrowdAnswer =
  | { readonly answer: 'connected' }
  | { readonly answer: 'watching'; readonly clients: number }
  /** When each was connected to another server and shown the next line by it, on the clock that all processes share. */
  | { readonly answer: 'served'; readonly connectedAtMs: readonly number[]; readonly shownAtMs: readonly number[] }
  | { readonly answer: 'state'; readonly state: CrowdState };

export interface CrowdState {
  /** Clients by the address of their server; those without one under "". */
  readonly byServer: Readonly<Record<string, number>>;
  /** The room's line shown last: to the client that is furthest behind, and to the one that is ahead. */
  readonly leastN: number;
  readonly mostN: number;
  /** Lines left out, or shown twice or out of order. */
  readonly wrong: number;
  /** How often each error was told. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Milliseconds on the monotonic clock of the machine. */
export function machineMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

interface Follower {
  readonly client: ChatClient;
  lastN: number;
  connectedAtMs: number;
  shownAtMs: number | undefined;
}

class Crowd {
  readonly #followers: Follower[] = [];
  /** Those whose server was about to go, when we were last told so. */
  #watched: Follower[] = [];
  #left = '';
  #unserved = 0;
  #wrong = 0;
  readonly #errors: Record<string, number> = {};
  readonly #tell: (answer: CrowdAnswer) => void;

  constructor(tell: (answer: CrowdAnswer) => void) {
    this.#tell = tell;
  }

  async obey(order: CrowdOrder): Promise<void> {
    if (order.order === 'connect') {
      await this.#connect(order);
      this.#tell({ answer: 'connected' });
    } else if (order.order === 'watch') {
      this.#watched = this.#followers.filter(({ client }) => client.server?.address === order.address);
      for (const follower of this.#watched) follower.shownAtMs = undefined;
      this.#left = order.address;
      this.#unserved = this.#watched.length;
      this.#tell({ answer: 'watching', clients: this.#watched.length });
      if (this.#unserved === 0) this.#tell({ answer: 'served', connectedAtMs: [], shownAtMs: [] });
    } else this.#tell({ answer: 'state', state: this.#state() });
  }

  async #connect({ balancer, first, count }: { balancer: string; first: number; count: number }): Promise<void> {
    const ready: Promise<void>[] = [];
    for (let i = 0; i < count; i++) {
      const client = new ChatClient({ name: `c${first + i}`, token: randomBytes(32), balancers: [balancer] });
      const follower: Follower = { client, lastN: 0, connectedAtMs: 0, shownAtMs: undefined };
      this.#followers.push(follower);
      client.subscribe(room, 'all');
      client.on('message', ({ n }) => this.#onMessage(follower, n));
      client.on('error', ({ code }) => {
        this.#errors[code] = (this.#errors[code] ?? 0) + 1;
      });
      client.on('connected', () => {
        follower.connectedAtMs = machineMs();
      });
      ready.push(new Promise((resolve) => client.on('connected', () => resolve())));
      client.connect();
      // Not all at once: the beginning is not what is measured.
      if (i % 50 === 49) await Promise.all(ready);
    }
    await Promise.all(ready);
  }

  #onMessage(follower: Follower, n: number): void {
    if (n !== follower.lastN + 1) this.#wrong += 1;
    follower.lastN = n;
    if (follower.shownAtMs !== undefined || !this.#watched.includes(follower)) return;
    if (follower.client.server?.address === this.#left) return;
    follower.shownAtMs = machineMs();
    this.#unserved -= 1;
    if (this.#unserved > 0) return;
    this.#tell({
      answer: 'served',
      connectedAtMs: this.#watched.map(({ connectedAtMs }) => connectedAtMs),
      shownAtMs: this.#watched.map(({ shownAtMs }) => shownAtMs ?? 0),
    });
  }

  #state(): CrowdState {
    const byServer: Record<string, number> = {};
    for (const { client } of this.#followers) {
      const address = client.server?.address ?? '';
      byServer[address] = (byServer[address] ?? 0) + 1;
    }
    const shown = this.#followers.map(({ lastN }) => lastN);
    return {
      byServer,
      leastN: Math.min(...shown),
      mostN: Math.max(...shown),
      wrong: this.#wrong,
      errors: { ...this.#errors },
    };
  }
}

if (process.send !== undefined) {
  const crowd = new Crowd((answer) => process.send?.(answer));
  process.on('message', (order: CrowdOrder) => {
    crowd.obey(order).catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
}
