/** A process full of idle chat clients on one server. */
import { randomBytes } from 'node:crypto';
import { ChatClient } from '../../src/client/index.js';
import { until } from '../../test/support/until.js';

/** So many clients of one kind. */
export interface IdleClients {
  readonly server: string;
  /** Names begin here, so that no two processes share one. */
  readonly first: number;
  readonly count: number;
  /** True: each has a name, a session in the log and a room open. False: connections that only could read. */
  readonly areUsers: boolean;
}

/** What the bench tells it. */
export type IdleOrder = ({ readonly order: 'connect' } & IdleClients) | { readonly order: 'state' };

export type IdleAnswer =
  | { readonly answer: 'connected' }
  /** Clients that are served just now, and how often any lost its connection. */
  | { readonly answer: 'state'; readonly served: number; readonly lost: number };

/** The room that every idle user has open. */
export const room = '#idle';
/** As many connect at once. */
const atOnce = 25;
const servedDeadlineMs = 30_000;

const clients: ChatClient[] = [];
let lost = 0;

async function connectAll({ server, first, count, areUsers }: IdleClients): Promise<void> {
  for (let at = 0; at < count; at += atOnce) {
    const some = Array.from({ length: Math.min(atOnce, count - at) }, (_, i) =>
      newClient(server, first + at + i, areUsers),
    );
    clients.push(...some);
    await until('these clients to be served', servedDeadlineMs, () =>
      some.every((client) => isServed(client, areUsers)),
    );
  }
}

function newClient(server: string, number: number, isUser: boolean): ChatClient {
  const client = new ChatClient({ token: randomBytes(32), server, ...(isUser ? { name: `idle${number}` } : {}) });
  if (isUser) client.subscribe(room, 'now');
  client.on('disconnected', () => {
    lost += 1;
  });
  client.on('error', ({ code, text }) => console.error(`idle client ${number}: ${code}: ${text}`));
  client.connect();
  return client;
}

/** Connected with every room open; for a user its session is in the log, too. */
function isServed({ phase, sessionState }: ChatClient, isUser: boolean): boolean {
  return phase === 'ready' && (!isUser || sessionState === 'open');
}

if (process.send !== undefined) {
  process.on('message', (order: IdleOrder) => {
    if (order.order === 'state') {
      const served = clients.filter(({ phase }) => phase === 'ready').length;
      process.send?.({ answer: 'state', served, lost } satisfies IdleAnswer);
      return;
    }
    connectAll(order).then(
      () => process.send?.({ answer: 'connected' } satisfies IdleAnswer),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
}
