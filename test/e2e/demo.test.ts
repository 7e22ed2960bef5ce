/** `synod demo`: a whole cluster and a chat with one command, from a pipe, and nothing left behind. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import type { ChatEvent } from '../support/chat-client.js';
import { runToEnd } from '../support/program.js';

t.test('three lines piped into the demo are three committed messages', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-demo-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const env = { XDG_CONFIG_HOME: path.join(folder, 'config'), TMPDIR: folder };
  const input = 'one\ntwo\nthree\n';
  const result = await runToEnd('synod', ['demo', '--json', '--name', 'Aaron'], 60_000, { env, input });
  t.equal(result.code, 0, result.stderr.slice(-2000));

  const events = result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ChatEvent);
  const messages = events.filter(({ event }) => event === 'message');
  t.same(
    messages.map(({ n, from, text, room }) => ({ n, from, text, room })),
    ['one', 'two', 'three'].map((text, index) => ({ n: index + 1, from: 'Aaron', text, room: '#lobby' })),
  );
  let slot = 0;
  for (const message of messages) {
    t.ok((message.slot ?? 0) >= Math.max(1, slot), `"${message.text}" has slot ${message.slot}`);
    slot = message.slot ?? 0;
  }
  const committed = events.filter(({ event, state }) => event === 'state' && state === 'committed');
  t.same(
    committed.map(({ id, n }) => ({ id, n })),
    [1, 2, 3].map((id) => ({ id, n: id })),
  );
  for (const { id, slot: told } of committed) {
    t.equal(told, messages[(id ?? 0) - 1]?.slot, `line ${id} was acknowledged in the slot in which it is shown`);
  }
  const left = readdirSync(folder).filter((name) => name !== 'config');
  t.same(left, [], 'the throw-away data is gone');
});
