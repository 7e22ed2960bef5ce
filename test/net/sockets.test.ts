/** Real sockets on loopback: listening, dialling, the busy port, the full house, and the connection to oneself. */
import { createConnection, createServer, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { ExitError, nodeClock, parseAddress } from '../../src/base/index.js';
import {
  type CloseReason,
  clientLimits,
  type DialResult,
  dial,
  type FrameConnection,
  listen,
  netContext,
} from '../../src/net/index.js';
import type { Message } from '../../src/wire/index.js';

const context = netContext(nodeClock);
const connect = (address: string, timeoutMs = 2_000): Promise<DialResult> =>
  new Promise((resolve) => void dial(address, { timeoutMs }, context, resolve));
const portOf = (address: string): number => {
  const parsed = parseAddress(address);
  return 'error' in parsed ? 0 : parsed.port;
};

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await delay(5);
  }
}

t.test('dial and listen carry messages both ways, with TCP_NODELAY and one write per turn', async (t) => {
  const got: Message[] = [];
  const answers: Message[] = [];
  const accepted: FrameConnection[] = [];
  const listener = await listen(
    {
      address: 'localhost:0',
      connectionsMax: 10,
      onConnection: (connection) => {
        accepted.push(connection);
        connection.useLimits(clientLimits);
        connection.attach({
          onMessage: (message) => {
            got.push(message);
            connection.send({ type: 'waiting', serverId: 1, registered: got.length, servers: 3 });
          },
          onClose: () => undefined,
        });
      },
    },
    context,
  );
  const result = await connect(`localhost:${portOf(listener.address)}`);
  if (!result.ok) throw new Error(result.text);
  const closes: CloseReason[] = [];
  result.connection.attach({ onMessage: (message) => answers.push(message), onClose: (reason) => closes.push(reason) });
  for (let i = 0; i < 500; i++) result.connection.send({ type: 'route', request: i, kind: 'init', failed: '' });
  await until(() => answers.length === 500, 'all answered');
  t.equal(result.connection.stats.writes, 1);
  t.ok(accepted[0]!.stats.writes < 20, `${accepted[0]!.stats.writes} writes for 500 answers`);
  t.equal(listener.connections, 1);
  listener.closeAll('bye');
  await until(() => closes.length === 1, 'goodbye');
  t.match(closes, [{ code: 'SHUTTING_DOWN', text: 'bye', byPeer: true }]);
  await until(() => listener.connections === 0, 'closed');
  await listener.stop();
});

t.test('a busy port is one clear line and exit code 3', async (t) => {
  const first = await listen({ address: '127.0.0.1:0', connectionsMax: 1, onConnection: () => undefined }, context);
  const port = portOf(first.address);
  const options = { address: first.address, connectionsMax: 1, portFlag: '-port', onConnection: () => undefined };
  await t.rejects(listen(options, context), {
    exitCode: 3,
    code: 'PORT_BUSY',
    message: `Port ${port} is already in use (by another server?). Choose one with -port, or stop that process.`,
  });
  await first.stop();
  const again = await listen(options, context);
  t.equal(portOf(again.address), port, 'free again at once');
  await again.stop();
  await t.rejects(listen({ ...options, address: '203.0.113.7:0' }, context), ExitError);
  await t.rejects(listen({ ...options, address: 'nonsense' }, context), {
    code: 'BAD_ADDRESS',
    message: /expected HOST:PORT/,
  });
});

t.test('above the maximum a caller is told BUSY', async (t) => {
  const listener = await listen(
    {
      address: '127.0.0.1:0',
      connectionsMax: 4,
      onConnection: (c) => c.attach({ onMessage: () => undefined, onClose: () => undefined }),
    },
    context,
  );
  const held: FrameConnection[] = [];
  const closes: CloseReason[] = [];
  for (let i = 0; i < 5; i++) {
    const result = await connect(listener.address);
    if (!result.ok) throw new Error(result.text);
    held.push(result.connection);
    result.connection.attach({ onMessage: () => undefined, onClose: (reason) => closes.push(reason) });
    if (i < 4) await until(() => listener.connections === i + 1, 'accepted');
  }
  await until(() => closes.length === 1, 'the fifth is turned away');
  t.match(closes, [{ code: 'BUSY', byPeer: true, text: /maximum of 4 connections/ }]);
  for (const connection of held) connection.close('LOCAL', 'done');
  await until(() => listener.connections === 0, 'all gone');
  const result = await connect(listener.address);
  t.ok(result.ok, 'room again');
  if (result.ok) result.connection.abandon('done');
  await listener.stop();
});

t.test('a closed port is refused; no answer is a time-out; nonsense is nonsense', async (t) => {
  const listener = await listen({ address: '127.0.0.1:0', connectionsMax: 1, onConnection: () => undefined }, context);
  const { address } = listener;
  await listener.stop();
  t.match(await connect(address), { ok: false, code: 'REFUSED', text: `${address}: connection refused` });
  t.match(await connect(`localhost:${portOf(address)}`), { ok: false, code: 'REFUSED' });
  t.match(await connect('here'), { ok: false, code: 'BAD_ADDRESS', text: /expected HOST:PORT/ });
  t.match(await connect('no-such-host.invalid:1'), { ok: false, code: 'NOT_FOUND' });
  const result = await new Promise<DialResult>((resolve) => {
    // A socket that is never connected stands for a network that swallows the SYN.
    dial('127.0.0.1:9', { timeoutMs: 50, connect: () => new Socket() }, context, resolve);
  });
  t.match(result, { ok: false, code: 'TIMEOUT', text: /no answer within 50 ms/ });
});

t.test('a connection to oneself counts as refused', async (t) => {
  // A free port, then a socket bound to that very port that connects to it: TCP's simultaneous open.
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  let itself: Socket | undefined;
  const result = await new Promise<DialResult>((resolve) => {
    const options = {
      timeoutMs: 2_000,
      connect: (host: string, to: number) => {
        itself = createConnection({ host, port: to, localAddress: host, localPort: to });
        return itself;
      },
    };
    dial(`127.0.0.1:${port}`, options, context, resolve);
  });
  t.match(result, { ok: false, code: 'REFUSED', text: /connected it to itself/ });
  t.ok(itself?.destroyed);
});

t.test('a cancelled dial reports nothing', async (t) => {
  const listener = await listen(
    {
      address: '127.0.0.1:0',
      connectionsMax: 2,
      onConnection: (c) => c.attach({ onMessage: () => undefined, onClose: () => undefined }),
    },
    context,
  );
  let reported = false;
  dial(listener.address, { timeoutMs: 1_000 }, context, () => {
    reported = true;
  }).cancel();
  const result = await connect(listener.address);
  t.ok(result.ok);
  if (result.ok) result.connection.abandon('done');
  t.notOk(reported);
  await listener.stop();
});
