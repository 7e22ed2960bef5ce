/** Lines that end without an answer of the log: each is told what happened to it, and what to do. */
import t from 'tap';
import { ChatClient, type FinalCode } from '../../src/client/index.js';
import type { Message } from '../../src/wire/index.js';
import { BALANCER, World } from './world.js';

interface Ending {
  readonly what: string;
  readonly options?: ConstructorParameters<typeof World>[0];
  /** Posts at least one line and sees to it that the last one ends. */
  readonly end: (w: World, post: () => number) => void | Promise<void>;
  readonly code: FinalCode;
  readonly reason: RegExp;
  readonly error?: { readonly code: string; readonly text: RegExp };
}

/** A line is on its way, and nobody answers it. */
function sent(w: World, post: () => number): void {
  w.clock.settle();
  w.current.script.mute = true;
  post();
  w.clock.settle();
}

function toldBy(w: World, message: Message): void {
  for (const connection of w.current.connections) connection.send(message);
  w.until(() => w.client.openLines === 0, 5_000, 'it ended');
}

/** What a server says of the client's session, and what comes with each line of it. */
function sessionEnds(say: (w: World) => Message): Ending['end'] {
  return (w, post) => {
    sent(w, post);
    const message = say(w);
    w.log.expire();
    toldBy(w, message);
  };
}

const session = (w: World) => w.log.sessions[0]!.id;
const lookThere = 'the line may be in the room or not; look there, and send it again if it is missing';

const endings: readonly Ending[] = [
  {
    what: 'the client is closed while a line is on its way',
    end: async (w, post) => {
      sent(w, post);
      await w.client.close();
    },
    code: 'UNKNOWN',
    reason: new RegExp(`^The client was closed before an answer came: ${lookThere}$`),
  },
  {
    what: 'the client is closed while a line waits',
    options: { window: 1 },
    end: async (w, post) => {
      sent(w, post);
      post();
      w.clock.settle();
      await w.client.close();
    },
    code: 'NOT_SENT',
    reason: /^The client was closed before the line could be sent; send it again$/,
  },
  {
    what: 'the client was closed before',
    end: async (w, post) => {
      await w.client.close();
      post();
    },
    code: 'NOT_SENT',
    reason: /^The client was closed before this line came; open another one and send it again there$/,
  },
  {
    what: 'one line waits and no more may',
    options: { linesMax: 1 },
    end: (w, post) => {
      sent(w, post);
      post();
    },
    code: 'NOT_SENT',
    reason: /^1 line waits already; wait until some are committed and send it again$/,
  },
  {
    what: 'it is taken back',
    end: (w, post) => void w.client.cancel(post()),
    code: 'NOT_SENT',
    reason: /^It was taken back before it was sent; send it again if/,
  },
  {
    what: 'the server says why the session is over',
    end: sessionEnds((w) => {
      const text = 'the name "Aaron" belongs to another token now';
      return { type: 'reject', request: 0, session: session(w), code: 'SESSION_EXPIRED', text };
    }),
    code: 'UNKNOWN',
    reason: new RegExp(
      `^The session ended before an answer came \\(the name "Aaron" belongs to another token now\\): ${lookThere}$`,
    ),
    error: {
      code: 'SESSION_EXPIRED',
      text: /^Your session is over \(the name .* token now\); 1 line stays unconfirmed: look whether it is in/,
    },
  },
  {
    what: 'the log says that the session is over, not why',
    end: sessionEnds((w) => {
      const outcomes = [{ code: 'SESSION_EXPIRED', count: 1, n: 0 }] as const;
      return { type: 'ack', session: session(w), firstSeq: 1, slot: 9, outcomes };
    }),
    code: 'UNKNOWN',
    reason: new RegExp(
      `^The session ended before .* \\(it was idle for too long, or its name was given away\\): ${lookThere}$`,
    ),
    error: { code: 'SESSION_EXPIRED', text: /^Your session is over \(it was idle for too long, or its name/ },
  },
  {
    what: 'the log knows the session as another user’s',
    end: sessionEnds((w) => {
      const outcomes = [{ code: 'BAD_NONCE', count: 1, n: 0 }] as const;
      return { type: 'ack', session: session(w), firstSeq: 1, slot: 9, outcomes };
    }),
    code: 'UNKNOWN',
    reason: new RegExp(`^The session ended before an answer came \\(it belongs to somebody else\\): ${lookThere}$`),
    error: { code: 'BAD_NONCE', text: /^Your session is over \(it belongs to somebody else\)/ },
  },
  {
    what: 'another cluster answers while a line is on its way',
    end: (w, post) => {
      sent(w, post);
      w.startAnew();
      w.until(() => w.client.openLines === 0, 5_000, 'it ended');
    },
    code: 'UNKNOWN',
    reason: /^Another cluster answers now: the line may be in the one before or not.*send it again if it is missing$/,
  },
  {
    what: 'another cluster answers while a line waits',
    options: { window: 1 },
    end: (w, post) => {
      sent(w, post);
      post();
      w.clock.settle();
      w.startAnew();
      w.until(() => w.client.openLines === 0, 5_000, 'it ended');
    },
    code: 'NOT_SENT',
    reason: /^Another cluster answers now than the one it was written for; send it again if it is meant for this one$/,
  },
];

for (const { what, options, end, code, reason, error } of endings) {
  t.test(`${what}: ${code}`, async (t) => {
    const w = new World(options).up();
    const ends: [number, FinalCode][] = [];
    await end(w, () => w.client.post('#lobby', 'a line', (how, _slot, _n, id) => ends.push([id, how])));
    const last = ends.at(-1);
    const [id] = last ?? [];
    t.same(last, [id, code]);
    const told = w.of('state').findLast((event) => event.id === id);
    t.equal(told?.state, code === 'UNKNOWN' ? 'unconfirmed' : 'failed');
    t.match(told?.reason, reason);
    t.match(w.of('error').slice(-1), error === undefined ? [] : [error]);
  });
}

t.test('a client without a name says that it only reads', async (t) => {
  const w = new World();
  const client = new ChatClient({ token: new Uint8Array(32), balancers: [BALANCER], environment: w.environment });
  const told: unknown[] = [];
  client.on('state', (event) => told.push(event));
  client.post('#lobby', 'a line', (code) => told.push(code));
  const reason = /^This client has no name and only reads; give it a name and send the line again$/;
  t.match(told, [{ state: 'failed', reason }, 'NOT_SENT']);
});
