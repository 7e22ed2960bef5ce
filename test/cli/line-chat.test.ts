/** A chat in lines against a scripted client: what is printed, what is submitted, when it ends and with which code. */
import t from 'tap';
import type { LineEvent } from '../../src/cli/events.js';
import { LineChat, type LineClient } from '../../src/cli/line-chat.js';
import type { ClientEvent } from '../../src/client/index.js';
import type { FaultAction, FaultAnswer, FaultControl } from '../../src/tui/index.js';
import { until, within } from '../support/until.js';

const time = '2026-01-01T12:00:00.000Z';

/** Stands for the client library: records what it is asked and says what the test tells it to. */
class ScriptedClient {
  readonly calls: string[] = [];
  readonly name = 'Aaron';
  openLines = 0;
  drained = true;
  sessionState: 'open' | 'refused' = 'open';
  #listener: ((event: ClientEvent) => void) | undefined;
  #lastId = 0;

  on(_name: string, listener: (event: ClientEvent) => void): () => void {
    this.#listener = listener;
    return () => undefined;
  }
  connect(): void {
    this.calls.push('connect');
  }
  post(room: string, text: string): number {
    return this.#line(room, `post ${room} ${text}`);
  }
  action(room: string, text: string): number {
    return this.#line(room, `action ${room} ${text}`);
  }
  join(room: string): number {
    return this.#line(room, `join ${room}`);
  }
  leave(room: string): number {
    return this.#line(room, `leave ${room}`);
  }
  topic(room: string, text: string): number {
    return this.#line(room, `topic ${room} ${text}`);
  }
  nick(name: string): number {
    return this.#line('', `nick ${name}`);
  }
  subscribe(room: string, from: unknown): void {
    this.calls.push(`subscribe ${room} ${JSON.stringify(from)}`);
  }
  unsubscribe(room: string): void {
    this.calls.push(`unsubscribe ${room}`);
  }
  async drain(timeoutMs: number): Promise<boolean> {
    this.calls.push(`drain ${timeoutMs}`);
    return this.drained;
  }
  async close(): Promise<void> {}

  /** An event as the library would tell it. */
  tell(event: ClientEvent): void {
    this.#listener?.(event);
  }

  /** The room is open, and empty but for these people. */
  subscribed(room: string, ...people: string[]): void {
    this.tell({ event: 'subscribed', room, nextEvent: 1, headEvent: 0, headN: 0, topic: '', people });
  }

  #line(room: string, call: string): number {
    this.calls.push(call);
    const id = ++this.#lastId;
    this.tell({ event: 'state', id, state: 'queued', room });
    return id;
  }
}

function begin(history: 'all' | number = 'all', faults?: FaultControl) {
  const client = new ScriptedClient();
  const printed: LineEvent[] = [];
  const notes: string[] = [];
  const chat = new LineChat(client as unknown as LineClient, {
    room: '#lobby',
    history,
    timeoutMs: 1_000,
    print: (event) => printed.push(event),
    note: (text) => notes.push(text),
    ...(faults === undefined ? {} : { faults }),
  });
  chat.start();
  return { client, chat, printed, notes };
}

t.test('it subscribes before it joins, and joins before it connects', async (t) => {
  t.strictSame(begin().client.calls, ['subscribe #lobby "all"', 'join #lobby', 'connect']);
  t.equal(begin(20).client.calls[0], 'subscribe #lobby {"lastPosts":20}');
  t.equal(begin(0).client.calls[0], 'subscribe #lobby "now"');
});

t.test(
  'another cluster is an error with what to do, and what was to come back from the old one is not waited for',
  async (t) => {
    const { client, chat, printed } = begin();
    client.subscribed('#lobby');
    await chat.take('hello');
    client.tell({ event: 'state', id: 2, state: 'committed', room: '#lobby', slot: 3, n: 1 });
    const finished = chat.finish();
    const text = 'Another cluster answers: send again what you miss.';
    client.tell({ event: 'cluster', before: '1', now: '2', unconfirmed: 0, notSent: 0, text });
    t.equal(await within('its end, before an echo is given up', 1_000, finished), 0);
    t.strictSame(printed.at(-1), { event: 'error', code: 'OTHER_CLUSTER', text });
  },
);

t.test('lines become messages; slashes become commands; a doubled slash is a message', async (t) => {
  const { client, chat } = begin();
  for (const line of ['hello', '/me waves', '//etc', '/topic lunch', '/nick Ron', '/join ops', 'there', '', '   ']) {
    await chat.take(line);
  }
  t.strictSame(client.calls.slice(3), [
    'post #lobby hello',
    'action #lobby waves',
    'post #lobby /etc',
    'topic #lobby lunch',
    'nick Ron',
    'subscribe #ops "all"',
    'join #ops',
    'post #ops there',
  ]);
});

t.test(
  'faults are set where there is a fault proxy, and told on stderr; elsewhere it is said what is missing',
  async (t) => {
    const acted: FaultAction[] = [];
    const answer: FaultAnswer = { ok: true, text: 'cut 1 2', state: { rules: [], links: [], toxics: [] } };
    const faults: FaultControl = {
      read: async () => answer,
      act: async (action) => {
        acted.push(action);
        return answer;
      },
    };
    const { chat, notes, client } = begin('all', faults);
    for (const line of ['/cut 1 2 --one-way', '/delay 1 2 200ms', '/loss 1 2 20%', '/heal']) await chat.take(line);
    t.strictSame(acted, [
      { kind: 'cut', a: '1', b: '2', oneWay: true },
      { kind: 'delay', a: '1', b: '2', time: '200ms' },
      { kind: 'loss', a: '1', b: '2', share: '20%' },
      { kind: 'heal' },
    ]);
    await until('the answers', 5_000, () => notes.length === 4);
    t.strictSame(notes, ['cut 1 2', 'cut 1 2', 'cut 1 2', 'cut 1 2']);
    t.equal(client.calls.length, 3, 'none of them went to the room');

    const without = begin();
    for (const line of ['/cut 1 2', '/search x']) await without.chat.take(line);
    const texts = without.printed.map((event) => ('text' in event ? event.text : ''));
    t.match(texts[0], /^\/cut needs a fault proxy: start the chat with --proxy-api/);
    t.match(texts[1], /^\/search needs the full screen/);
  },
);

t.test('own lines are counted from 1 in spite of joins that the client makes by itself', async (t) => {
  const { client, chat, printed } = begin();
  await chat.take('one');
  client.join('#lobby');
  await chat.take('two');
  const states = printed.filter((event) => event.event === 'state');
  t.strictSame(
    states.map((event) => [event.id, event.state]),
    [
      [1, 'queued'],
      [2, 'queued'],
    ],
  );
  client.tell({ event: 'state', id: 4, state: 'committed', room: '#lobby', slot: 9, n: 5 });
  t.strictSame(printed.at(-1), { event: 'state', id: 2, state: 'committed', room: '#lobby', slot: 9, n: 5 });
});

t.test('a line is queued as soon as it is read, before there is any connection', async (t) => {
  const { chat, printed } = begin();
  await chat.take('hello');
  t.strictSame(printed, [{ event: 'state', id: 1, state: 'queued', room: '#lobby' }]);
});

t.test('messages are printed without what is only for programs', async (t) => {
  const { client, printed } = begin();
  client.tell({ event: 'phase', phase: 'ready' });
  client.tell({ event: 'message', room: '#lobby', n: 1, slot: 2, from: 'Lala', text: 'hi', time, id: 7 });
  t.strictSame(printed, [{ event: 'message', room: '#lobby', n: 1, slot: 2, from: 'Lala', text: 'hi', time }]);
});

t.test('a direct message goes to the room of the two names, whichever way round', async (t) => {
  const { client, chat, printed } = begin();
  await chat.take('/msg Zoe psst, you');
  await chat.take('/msg Aaron me?');
  t.strictSame(client.calls.slice(3), ['subscribe @aaron,zoe "now"', 'post @aaron,zoe psst, you']);
  t.match(printed.at(-1), { event: 'error', code: 'UNKNOWN_COMMAND' }, 'nobody writes to himself');
});

t.test('a direct room is followed as soon as the client hears of it, and never entered', async (t) => {
  const { client } = begin();
  client.tell({ event: 'direct', news: false, rooms: [{ room: '@aaron,zoe', headEvent: 3 }] });
  t.strictSame(client.calls.slice(3), ['subscribe @aaron,zoe "all"']);
  const fresh = begin(0);
  fresh.client.tell({ event: 'direct', news: false, rooms: [{ room: '@aaron,zoe', headEvent: 3 }] });
  fresh.client.tell({ event: 'direct', news: true, rooms: [{ room: '@aaron,bob', headEvent: 7 }] });
  t.strictSame(
    fresh.client.calls.slice(3),
    ['subscribe @aaron,zoe "now"', 'subscribe @aaron,bob {"event":7}'],
    'without history only what is new',
  );
  t.strictSame(fresh.printed, [], 'it is no event of the contract');
});

t.test('leaving a room goes back to the one before; the last one cannot be left', async (t) => {
  const { client, chat, printed } = begin();
  await chat.take('/join #ops');
  await chat.take('/part');
  await chat.take('back');
  t.strictSame(client.calls.slice(-3), ['leave #ops', 'unsubscribe #ops', 'post #lobby back']);
  await chat.take('/part');
  t.match(printed.at(-1), { event: 'error', text: /only room/ });
  await chat.take('/part #nowhere');
  t.match(printed.at(-1), { event: 'error', text: /not in #nowhere/ });
});

t.test('people are followed through joins, leaves and new names', async (t) => {
  const { client, chat, notes } = begin();
  const room = '#lobby';
  client.subscribed(room, 'Ann', 'Bob');
  client.tell({ event: 'room', room, kind: 'join', from: 'Cid', text: '', slot: 1 });
  client.tell({ event: 'room', room, kind: 'leave', from: 'Ann', text: '', slot: 2 });
  client.tell({ event: 'room', room, kind: 'nick', from: 'Bob', text: 'Rob', slot: 3 });
  await chat.take('/names');
  t.equal(notes.at(-1), 'in #lobby: Cid Rob');
});

t.test('a mistyped command never becomes a message, and the end says so', async (t) => {
  const { client, chat, printed } = begin();
  await chat.take('/jion #ops');
  await chat.take('/nick 1st');
  t.equal(client.calls.length, 3, 'nothing was submitted');
  t.match(printed[0], { event: 'error', code: 'UNKNOWN_COMMAND', text: 'No command /jion. Did you mean /join?' });
  t.equal(await chat.finish(), 3);
});

t.test('help goes to the notes, not among the events', async (t) => {
  const { chat, printed, notes } = begin();
  await chat.take('/help');
  t.strictSame(printed, []);
  t.match(notes.join('\n'), /\/msg NAME TEXT/);
});

const ends: readonly { what: string; events: ClientEvent[]; drained: boolean; code: number }[] = [
  { what: 'all is committed', events: [], drained: true, code: 0 },
  {
    what: 'a line was certainly refused',
    events: [{ event: 'state', id: 2, state: 'failed', room: '#lobby', reason: 'too long' }],
    drained: true,
    code: 3,
  },
  { what: 'no server was ever reached', events: [], drained: false, code: 4 },
  {
    what: 'a server was reached but the time ran out',
    events: [{ event: 'connected', server: 1, address: 'a:1' }],
    drained: false,
    code: 5,
  },
  {
    what: 'nobody will ever know (wins over refused)',
    events: [
      { event: 'connected', server: 1, address: 'a:1' },
      { event: 'state', id: 2, state: 'unconfirmed', room: '#lobby', reason: 'the session expired' },
      { event: 'state', id: 3, state: 'failed', room: '#lobby', reason: 'too long' },
    ],
    drained: true,
    code: 5,
  },
  {
    what: 'a line was late but is committed after all',
    events: [
      { event: 'state', id: 2, state: 'unconfirmed', room: '#lobby' },
      { event: 'state', id: 2, state: 'committed', room: '#lobby', slot: 3, n: 1 },
    ],
    drained: true,
    code: 0,
  },
];
for (const { what, events, drained, code } of ends) {
  t.test(`end of input: ${what}: ${code}`, async (t) => {
    const { client, chat } = begin();
    client.drained = drained;
    await chat.take('one');
    await chat.take('two');
    for (const event of events) client.tell(event);
    t.equal(await chat.finish(), code);
    t.ok(client.calls.includes('drain 1000'), 'it waited for the commits');
  });
}

t.test('at the end it waits until the own line has come back', async (t) => {
  const { client, chat, printed } = begin();
  const room = '#lobby';
  client.subscribed(room);
  await chat.take('one');
  client.tell({ event: 'state', id: 2, state: 'committed', room, slot: 3, n: 1 });
  const finished = chat.finish();
  setImmediate(() => client.tell({ event: 'message', room, n: 1, slot: 3, from: 'Aaron', text: 'one', time, id: 2 }));
  t.equal(await finished, 0);
  t.match(printed.at(-1), { event: 'message', text: 'one' });
});

t.test('an own line may come back before its acknowledgement: then nothing is waited for', async (t) => {
  const { client, chat } = begin();
  const room = '#lobby';
  client.subscribed(room);
  await chat.take('one');
  client.tell({ event: 'message', room, n: 1, slot: 3, from: 'Aaron', text: 'one', time, id: 2 });
  client.tell({ event: 'state', id: 2, state: 'committed', room, slot: 3, n: 1 });
  const startedMs = performance.now();
  t.equal(await chat.finish(), 0);
  t.ok(performance.now() - startedMs < 1_000, 'without waiting for the echo');
});

t.test('a name that belongs to somebody else ends the chat with 3', async (t) => {
  const { client, chat } = begin();
  client.sessionState = 'refused';
  client.tell({ event: 'error', code: 'NAME_TAKEN', text: 'choose another one' });
  t.equal(await chat.ended, 3);
});

t.test('/quit waits for what was typed', async (t) => {
  const { client, chat } = begin();
  await chat.take('last words');
  await chat.take('/quit');
  t.equal(await chat.ended, 0);
  t.ok(client.calls.includes('drain 1000'));
});

t.test('reading pauses while too many lines are open, and goes on when one is done', async (t) => {
  const { client, chat } = begin();
  client.openLines = 4_096;
  let taken = false;
  const taking = chat.take('one').then(() => {
    taken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.notOk(taken, 'the reader waits');
  client.tell({ event: 'state', id: 2, state: 'committed', room: '#lobby', slot: 3 });
  await taking;
  t.ok(taken);
});
