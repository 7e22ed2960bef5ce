/**
 * Connections over real sockets: other protocols, half-closed ones, receivers that do not read, and what is left over.
 */
import { createServer } from 'node:net';
import t from 'tap';
import { readRule } from '../../../src/proxy/plan/rule.js';
import { encode } from '../../../src/wire/index.js';
import { until } from '../../support/until.js';
import { accept, FramedPair, helloOf, welcomeOf } from '../framed-pair.js';
import { foreignStreams } from './foreign-streams.js';
import { type RawEnd, rawPair } from './raw-pair.js';

const soonMs = 10_000;

t.test('streams of other protocols pass unchanged, both ways, also those that wait after a few bytes', async (t) => {
  const { pair, proxy } = await rawPair(t);
  pair.world.faults.setRules([readRule({ match: { from: ['*', 'client'], to: ['*', 'client'] }, do: 'drop' }, 'all')]);
  const answer = Buffer.concat([Buffer.from('N'), encode(accept(1)), Buffer.alloc(70_000, 3)]);
  for (const [name, bytes] of Object.entries(foreignStreams)) {
    const { caller, listener } = await pair.pair(proxy);
    caller.socket.write(bytes);
    await until(`${name} to arrive`, soonMs, () => listener.bytes === bytes.length);
    listener.socket.write(answer);
    await until(`the answer to ${name}`, soonMs, () => caller.bytes === answer.length);
    t.ok(listener.received.equals(bytes) && caller.received.equals(answer), name);
  }
  const count = Object.keys(foreignStreams).length;
  t.equal(proxy.foreignConnections, count);
  t.same(
    pair.logged.filter((line) => line.includes('foreign-stream')),
    ['info foreign-stream'],
    'said once',
  );
});

t.test('where frames are expected, a stream that is none is worth a warning', async (t) => {
  const { pair, proxy } = await rawPair(t, { expectsFrames: true });
  const { caller, listener } = await pair.pair(proxy);
  caller.socket.write('GET / HTTP/1.1\r\n');
  await until('the request', soonMs, () => listener.bytes > 0);
  t.same(pair.logged, ['warn foreign-stream']);
});

t.test('a stream that stops being frames, in both directions, is one connection that is not ours', async (t) => {
  const pair = await FramedPair.start();
  t.teardown(() => pair.stop());
  const { caller, listener } = await pair.greet();
  caller.socket.write('what is this, no frame at all');
  listener.socket.write('nor is this, by any means');
  await until('both of them to be broken', soonMs, () => caller.broken !== undefined && listener.broken !== undefined);
  t.equal(pair.proxy.foreignConnections, 1);
});

t.test('a listener that speaks first', async (t) => {
  const { pair, proxy } = await rawPair(t);
  pair.onAccept = ({ socket }) => socket.write('220 ready\r\n');
  const { caller, listener } = await pair.pair(proxy);
  await until('the greeting', soonMs, () => caller.received.toString() === '220 ready\r\n');
  caller.socket.write('HELO\r\n');
  await until('the answer', soonMs, () => listener.received.toString() === 'HELO\r\n');
  listener.socket.write('250 ok\r\n');
  await until('the rest', soonMs, () => caller.received.toString() === '220 ready\r\n250 ok\r\n');
  t.pass('all of it passed');
});

t.test('links with the balancer carry everything, whatever rules are set', async (t) => {
  const { pair, proxy } = await rawPair(t, { listenerEnd: 'balancer', expectsFrames: true });
  const everybody = { from: ['*', 'client'], to: ['*', 'client'] };
  pair.world.faults.setRules(['drop', 'refuse', 'stall'].map((what) => readRule({ match: everybody, do: what }, what)));
  pair.onAccept = ({ socket }) => socket.once('data', () => socket.write(encode(welcomeOf(0))));
  for (const role of ['registrant', 'client', 'operator', 'server'] as const) {
    const { caller, listener } = await pair.pair(proxy);
    const said = Buffer.concat([encode(helloOf(role, role === 'client' ? 0 : 1)), encode({ type: 'ping', token: 1 })]);
    caller.socket.write(said);
    await until(`what a ${role} says`, soonMs, () => listener.received.equals(said));
    listener.socket.write(encode({ type: 'pong', token: 1 }));
    const answer = Buffer.concat([encode(welcomeOf(0)), encode({ type: 'pong', token: 1 })]);
    await until('the answer', soonMs, () => caller.received.equals(answer));
    t.pass(role);
  }
  t.same(
    pair.world.faults.book.list().map(({ matched }) => matched),
    [0, 0, 0],
  );
});

t.test('half-closed both ways: an end passes, and the other direction goes on', async (t) => {
  const { pair, proxy } = await rawPair(t);
  for (const isCallerFirst of [true, false]) {
    const { caller, listener } = await pair.pair(proxy);
    caller.socket.write('question');
    await until('the question', soonMs, () => listener.bytes === 8);
    const [first, second]: readonly [RawEnd, RawEnd] = isCallerFirst ? [caller, listener] : [listener, caller];
    first.socket.end('last words');
    await until('the end', soonMs, () => second.isEnded);
    t.match(second.received.toString(), /last words$/);
    t.notOk(first.isEnded);
    second.socket.write(Buffer.alloc(300_000, 1));
    await until('what is still said', soonMs, () => first.bytes >= 300_000);
    second.socket.end();
    await until('both ends to be over', soonMs, () => first.isEnded && proxy.connections.size === 0);
  }
  t.equal(pair.world.faults.lines.size, 0);
});

t.test('half-closed frames: what is late when its sender ends is lost and counted, the rest arrives', async (t) => {
  const pair = await FramedPair.start();
  t.teardown(() => pair.stop());
  const { caller, listener } = await pair.greet();
  pair.rule({ match: { from: 1, first: 1 }, do: { type: 'delay', time: '1h' } });
  caller.send(accept(1), accept(2));
  caller.socket.end();
  await until('the end', soonMs, () => listener.ended);
  t.same(listener.slots(), [2]);
  t.equal(pair.faults.link(1, 2).counts.total('lost'), 1);
  listener.send(accept(3));
  await until('the other direction', soonMs, () => caller.slots().includes(3));
});

/** Waits until a number has stood still for a while. */
async function still(what: string, read: () => number): Promise<number> {
  let last = -1;
  let times = 0;
  await until(`${what} to stand still`, 30_000, () => {
    times = read() === last ? times + 1 : 0;
    last = read();
    return times >= 8;
  });
  return last;
}

t.test('a receiver that does not read stops its sender, within bounds, and holds nobody else up', async (t) => {
  const { pair, proxy } = await rawPair(t);
  const { caller, listener } = await pair.pair(proxy);
  caller.socket.write('text first');
  await until('the connection to be known', soonMs, () => listener.bytes > 0);
  listener.socket.pause();
  const whole = 96 << 20;
  const before = process.memoryUsage().arrayBuffers;
  // One buffer, written again and again, so that only what the proxy keeps counts.
  const piece = Buffer.alloc(1 << 20, 7);
  for (let sent = 0; sent < whole; sent += piece.length) caller.socket.write(piece);
  const taken = await still('what the proxy takes', () => proxy.traffic.upstream.received);
  t.ok(taken < 40 << 20, `${taken >> 20} MiB of 96 were taken, most of it by the kernel`);
  const keptBytes = process.memoryUsage().arrayBuffers - before;
  t.ok(keptBytes < 24 << 20, `${keptBytes >> 20} MiB are in memory`);
  const other = await pair.pair(proxy);
  other.caller.socket.write('somebody else');
  await until('the other connection', soonMs, () => other.listener.bytes === 13);
  listener.socket.resume();
  await until('all of it', 30_000, () => listener.bytes === whole + 10);
});

t.test('a link that holds as much as it may: its sender is not read, which is told with the bound', async (t) => {
  const pair = await FramedPair.start();
  t.teardown(() => pair.stop());
  const events: unknown[] = [];
  pair.faults.hub.listen(['bound'], (event) => events.push(event));
  const { caller, listener } = await pair.greet();
  const other = await pair.greet(helloOf('server', 3));
  pair.rule({ id: 'clog', match: { from: 1, to: 2 }, do: 'clog' });
  for (let slot = 1; slot <= 120; slot++) caller.send(accept(slot, 1 << 20));
  const held = await still('what is held', () => pair.heldFrames);
  t.ok(held >= 63 && held <= 65, `${held} frames of 1 MiB`);
  t.match(events, [{ event: 'bound', link: '1>2', proxy: 'pair', heldBytesMax: 64 << 20 }]);
  other.caller.send(accept(1));
  await until('another link', soonMs, () => other.listener.slots().length === 1);
  pair.faults.heal();
  await until('all of it', 30_000, () => listener.slots().length === 120);
  t.same(
    listener.slots().toSorted((a, b) => a - b),
    Array.from({ length: 120 }, (_, at) => at + 1),
    'each once',
  );
  t.equal(events.length, 1);
});

t.test('an upstream that is not there: connect, then the end; other links go on', async (t) => {
  const { pair, proxy } = await rawPair(t);
  const events: string[] = [];
  pair.world.faults.hub.listen(['connection'], ({ unreached, proxy: name }) => {
    if (unreached !== undefined) events.push(String(name));
  });
  const good = await pair.pair(proxy);
  // A port that was free a moment ago.
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', () => resolve()));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));
  for (const [name, upstream] of [
    ['absent', `127.0.0.1:${port}`],
    ['nonsense', 'nowhere'],
  ] as const) {
    const broken = await pair.proxy({ name, upstream });
    const caller = await pair.dial(broken);
    caller.socket.write(encode(helloOf('server', 1)));
    await until(`the end (${name})`, soonMs, () => caller.isEnded);
    t.equal(caller.error, undefined, 'in order, with no reset');
    t.equal(caller.bytes, 0);
    await until('nothing to be left', soonMs, () => broken.connections.size === 0);
  }
  t.same(events, ['absent', 'nonsense']);
  good.caller.socket.write('still here');
  await until('the good link', soonMs, () => good.listener.bytes === 10);
});

t.test('200 connections opened and closed in every way leave nothing behind', async (t) => {
  const pair = await FramedPair.start();
  t.teardown(() => pair.stop());
  pair.rule({ match: { kinds: 'accept', every: 2 }, do: 'clog' });
  pair.rule({ match: { kinds: 'commit' }, do: { type: 'reorder', frames: 9, within: '1h' } });
  const greeted = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const end = await pair.dial();
      end.send(helloOf('server', 1 + (at % 5)), accept(1), accept(2), accept(3));
      await until('a welcome', soonMs, () => end.kinds().includes('welcome'));
      return end;
    }),
  );
  const { faults, proxy } = pair;
  await until('the frames to be held', soonMs, () => pair.heldFrames > 200);
  t.equal(proxy.connections.size, 200);
  t.equal(faults.lines.size, 400);
  for (const [at, { socket }] of greeted.entries()) {
    if (at % 4 === 0) socket.destroy();
    else if (at % 4 === 1) socket.end();
    else if (at % 4 === 2) socket.resetAndDestroy();
  }
  for (const { socket } of pair.accepted) {
    socket.on('end', () => socket.end());
    if (socket.readableEnded) socket.end();
  }
  await until('three quarters to be gone', soonMs, () => proxy.connections.size === 50);
  for (const connection of proxy.connections) connection.close();
  await until('all connections to be gone', soonMs, () => proxy.connections.size === 0);
  t.equal(faults.lines.size, 0);
  t.equal(faults.deadlines.waiting, 0);
  for (const link of faults.links) t.equal(link.connections, 0, link.name);
  t.same([pair.heldFrames, proxy.accepted], [0, 200]);
});

t.test('a proxy that stops ends every connection, also those whose other side says nothing', async (t) => {
  const { pair, proxy } = await rawPair(t);
  const { caller, listener } = await pair.pair(proxy);
  caller.socket.write('text');
  await until('the text', soonMs, () => listener.bytes === 4);
  await pair.proxies.stop();
  pair.world.faults.stop();
  await until('both to see the end', soonMs, () => caller.isEnded && listener.isEnded);
  t.equal(caller.error, undefined, 'in order, with no reset');
  await until('the sockets to be gone, though neither has answered', soonMs, () => proxy.connections.size === 0);
});
