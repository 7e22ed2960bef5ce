/** Toxics on real sockets, for a protocol that is not ours: what a client of the proxied service sees of each. */
import { connect, createServer, type Socket } from 'node:net';
import t from 'tap';
import { nodeClock, silentLogger } from '../../src/base/index.js';
import { Proxies } from '../../src/proxy/engine/proxies.js';
import type { NamedProxy } from '../../src/proxy/engine/proxy.js';
import type { Toxic } from '../../src/proxy/engine/toxic-chain.js';
import { newWorld } from '../../src/proxy/engine/world.js';
import { toxicKinds } from '../../src/proxy/toxics/index.js';
import { nowMs, until } from '../support/until.js';

const soonMs = 20_000;

/** A caller's end: what came, and how it ended. */
class Caller {
  readonly socket: Socket;
  text = '';
  ended = false;
  error: string | undefined;

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    this.socket.setEncoding('utf8');
    this.socket.on('data', (chunk: string) => {
      this.text += chunk;
    });
    this.socket.on('end', () => {
      this.ended = true;
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.error = error.code;
    });
  }
}

interface Live {
  readonly proxy: NamedProxy;
  /** What the service has been sent, over all connections. */
  readonly heard: () => string;
  call(): Caller;
  toxics(...toxics: Toxic[]): void;
}

function toxic(type: string, attributes: Record<string, number>, stream = 'downstream'): Toxic {
  const kind = toxicKinds.find((candidate) => candidate.type === type);
  if (kind === undefined) throw new Error(`no toxic ${type}`);
  const all = Object.fromEntries(kind.attributes.map(({ name, fallback }) => [name, fallback]));
  return { name: `${type}_${stream}`, kind, stream, toxicity: 1, attributes: { ...all, ...attributes } };
}

/** A service that echoes, and says `bye` when its caller has ended, behind a proxy. */
async function live(t: { teardown(end: () => Promise<void>): void }, upstream?: string): Promise<Live> {
  const world = newWorld(nodeClock, silentLogger, 1);
  const proxies = new Proxies(world);
  let heard = '';
  const served = new Set<Socket>();
  const callers: Caller[] = [];
  const service = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    served.add(socket);
    socket.on('data', (chunk) => {
      heard += chunk.toString();
      socket.write(chunk);
    });
    socket.on('end', () => socket.end('bye'));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', () => resolve()));
  const { port } = service.address() as { port: number };
  const address = upstream ?? `127.0.0.1:${port}`;
  const proxy = await proxies.create({ name: 'service', listen: 'localhost:0', upstream: address, enabled: true });
  t.teardown(async () => {
    for (const { socket } of callers) socket.destroy();
    for (const socket of served) socket.destroy();
    await proxies.stop();
    world.faults.stop();
    await new Promise((resolve) => service.close(resolve));
  });
  return {
    proxy,
    heard: () => heard,
    call: () => {
      const caller = new Caller(Number(proxy.listen.split(':').at(-1)));
      callers.push(caller);
      return caller;
    },
    toxics: (...toxics) => proxy.setToxics(toxics),
  };
}

t.test('a half-closed connection stays half open: the late reply arrives', async (t) => {
  const { call, proxy } = await live(t);
  const caller = call();
  caller.socket.end('question');
  await until('the whole reply', soonMs, () => caller.ended);
  t.equal(caller.text, 'questionbye');
  await until('the connection to be forgotten', soonMs, () => proxy.connections.size === 0);
});

t.test('latency, both ways, also with the end of the stream behind what is held', async (t) => {
  const { call, toxics } = await live(t);
  toxics(toxic('latency', { latency: 80 }), toxic('latency', { latency: 40 }, 'upstream'));
  const startMs = nowMs();
  const caller = call();
  caller.socket.end('question');
  await until('the whole reply', soonMs, () => caller.ended);
  t.equal(caller.text, 'questionbye');
  t.ok(nowMs() - startMs >= 120, `after ${(nowMs() - startMs).toFixed(1)} ms`);
});

t.test('limit_data lets exactly so many bytes through, then ends', async (t) => {
  const { call, toxics } = await live(t);
  toxics(toxic('limit_data', { bytes: 3 }));
  const caller = call();
  caller.socket.write('abcdef');
  await until('the end', soonMs, () => caller.ended);
  t.equal(caller.text, 'abc');
});

t.test('bandwidth 0 blocks without closing, and taking it away lets everything go', async (t) => {
  const { call, toxics, heard } = await live(t);
  toxics(toxic('bandwidth', { rate: 0 }));
  const caller = call();
  caller.socket.write('held');
  await until('the service to hear it', soonMs, () => heard() === 'held');
  t.equal(caller.text, '');
  toxics();
  await until('the reply', soonMs, () => caller.text === 'held');
  t.notOk(caller.ended);
});

t.test('timeout loses the data and ends; taking an endless one away ends the connection too', async (t) => {
  const { call, toxics, heard } = await live(t);
  toxics(toxic('timeout', { timeout: 30 }));
  const first = call();
  first.socket.write('one');
  await until('its end', soonMs, () => first.ended);
  t.equal(first.text, '');
  toxics(toxic('timeout', { timeout: 0 }));
  const second = call();
  second.socket.write('two');
  await until('the service to hear it', soonMs, () => heard().endsWith('two'));
  toxics();
  await until('the end', soonMs, () => second.ended);
  t.equal(second.text, '', 'its stream had a hole');
});

t.test('reset_peer resets, on connections that were open before too', async (t) => {
  const { call, toxics } = await live(t);
  const caller = call();
  caller.socket.write('fine');
  await until('an echo', soonMs, () => caller.text === 'fine');
  toxics(toxic('reset_peer', { timeout: 0 }));
  caller.socket.write('x');
  await until('the reset', soonMs, () => caller.error);
  t.equal(caller.error, 'ECONNRESET');
});

t.test('slicer and slow_close: the same bytes in small pieces, and a late end', async (t) => {
  const { call, toxics } = await live(t);
  toxics(toxic('slicer', { average_size: 7, size_variation: 3, delay: 100 }), toxic('slow_close', { delay: 60 }));
  const caller = call();
  const text = 'abcdefghij'.repeat(50);
  const startMs = nowMs();
  caller.socket.end(text);
  await until('the end', soonMs, () => caller.ended);
  t.equal(caller.text, `${text}bye`);
  t.ok(nowMs() - startMs >= 60);
});

t.test('toxics come and go under a stream, and no byte is lost or out of place', async (t) => {
  const { call, toxics } = await live(t);
  const caller = call();
  let sent = '';
  for (let round = 0; round < 40; round++) {
    const chunk = `${round}:${'x'.repeat((round * 97) % 3_000)};`;
    sent += chunk;
    caller.socket.write(chunk);
    if (round % 4 === 0) toxics(toxic('latency', { latency: 15, jitter: 10 }), toxic('slicer', { average_size: 50 }));
    if (round % 4 === 1) toxics(toxic('bandwidth', { rate: 500 }, 'upstream'), toxic('noop', {}));
    if (round % 4 === 3) toxics();
    await until('some progress', soonMs, () => caller.text.length >= sent.length / 4);
  }
  toxics();
  await until('all of it', soonMs, () => caller.text.length >= sent.length);
  t.equal(caller.text, sent);
});

t.test('an upstream that is not there: the caller meets a listener, then the end; others are untouched', async (t) => {
  const { call, proxy } = await live(t, '127.0.0.1:1');
  const caller = call();
  await until('the end', soonMs, () => caller.ended);
  t.equal(caller.error, undefined, 'no reset: connected, then FIN');
  await until('nothing is left', soonMs, () => proxy.connections.size === 0);
  const { call: callOther } = await live(t);
  const other = callOther();
  other.socket.write('still here');
  await until('an echo', soonMs, () => other.text === 'still here');
});

t.test('disabling refuses new connections and ends the open ones in order; the port is kept', async (t) => {
  const { call, proxy } = await live(t);
  const caller = call();
  caller.socket.write('hello');
  await until('an echo', soonMs, () => caller.text === 'hello');
  const { listen } = proxy;
  await proxy.update({ enabled: false });
  await until('the end', soonMs, () => caller.ended);
  t.equal(caller.error, undefined);
  const refused = call();
  await until('the refusal', soonMs, () => refused.error);
  t.equal(refused.error, 'ECONNREFUSED');
  await proxy.update({ enabled: true });
  t.equal(proxy.listen, listen);
  const again = call();
  again.socket.write('again');
  await until('an echo', soonMs, () => again.text === 'again');
});
