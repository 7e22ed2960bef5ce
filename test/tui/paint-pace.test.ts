/** How soon the chat paints: a key at once, what became of an own line soon, what others write at an eye's pace. */
import t from 'tap';
import type { ChatClient, ClientEvent } from '../../src/client/index.js';
import { ScreenChat } from '../../src/tui/index.js';
import type { EventGroup } from '../../src/wire/index.js';
import { FakeClock } from '../support/fake-clock.js';
import { headless } from './support/headless.js';

/** The part of a client that a chat uses when nothing is asked of it; it tells what the test says. */
class ToldClient {
  readonly standing = undefined;
  readonly contactAgeMs = undefined;
  readonly queuedLines = 0;
  readonly name = 'ann';
  readonly sessionState = 'open';
  #listeners = new Map<string, (event: ClientEvent) => void>();

  on(name: string, listener: (event: ClientEvent) => void): () => void {
    this.#listeners.set(name, listener);
    return () => void this.#listeners.delete(name);
  }

  tell(event: ClientEvent): void {
    this.#listeners.get(event.event)?.(event);
  }

  subscribe(): void {}
  join(): void {}
  connect(): void {}
  post(): number {
    return 7;
  }
}

function post(n: number, from: string, text: string): EventGroup {
  return {
    slot: n,
    wallMs: 0,
    firstEvent: n,
    firstN: n,
    events: [{ kind: 'post', from, text, session: { slot: 1, index: 0 }, seq: n }],
  };
}

t.test('an own line is painted sooner than those of others', async (t) => {
  const clock = new FakeClock();
  const client = new ToldClient();
  const screen = headless({ columns: 60, rows: 12 });
  const ended = new AbortController();
  const chat = new ScreenChat({
    client: client as unknown as ChatClient,
    name: 'ann',
    room: '#r',
    input: screen.input,
    output: screen.output,
    environment: { TERM: 'xterm-256color' },
    clock,
    theme: 'dark',
    faults: undefined,
    signal: ended.signal,
    notes: [],
  });
  const over = chat.run();
  /** What is shown without time passing. */
  const now = async (): Promise<string> => {
    // What was typed has come through the stream, and what it brought about is painted.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    return (await screen.screen()).join('\n');
  };
  const after = async (ms: number): Promise<string> => {
    clock.advance(ms);
    return await now();
  };
  t.match(await now(), 'ann>');

  screen.type('h');
  t.match(await now(), 'ann> h', 'a key shows at once');
  screen.type('i\r');
  t.match(await now(), /⋯ +ann +hi/);
  client.tell({ event: 'state', id: 7, state: 'committed', room: '#r', slot: 1, n: 1 });
  t.notMatch(await after(4), '✓');
  t.match(await after(1), /✓ +ann +hi/);

  client.tell({ event: 'group', room: '#r', group: post(1, 'bob', 'well'), skip: 0, ids: undefined });
  t.notMatch(await after(32), 'well');
  t.match(await after(1), 'well');

  client.tell({ event: 'group', room: '#r', group: post(2, 'bob', 'then'), skip: 0, ids: undefined });
  t.notMatch(await after(10), 'then');
  client.tell({ event: 'group', room: '#r', group: post(3, 'ann', 'hi'), skip: 0, ids: new Map([[0, 7]]) });
  t.match(await now(), /then[\s\S]*✓ +ann +hi/, 'and takes with it what waited');

  clock.advance(100);
  client.tell({ event: 'group', room: '#r', group: post(4, 'bob', 'late'), skip: 0, ids: undefined });
  t.match(await now(), 'late', 'at once when the last painting is long ago');
  ended.abort();
  await over;
});
