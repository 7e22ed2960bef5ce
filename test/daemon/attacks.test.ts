/** What a stranger, a guest and somebody with a recording may not do to a cluster with a secret, each one tried. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import t from 'tap';
import { nodeClock, silentLogger } from '../../src/base/index.js';
import { startServer } from '../../src/daemon/index.js';
import { Keyring, type Security, SWEEP_MS } from '../../src/net/index.js';
import { encode, FrameSplitter, type Hello, type Message } from '../../src/wire/index.js';
import { until } from '../support/until.js';
import { Cluster, User } from './cluster.js';
import { hello, Raw } from './raw.js';

t.setTimeout(120_000);
const deadlineMs = 15_000;
const lobby = '#lobby';
const secret = randomBytes(32);
const invitation = randomBytes(32);
/** What daemons, operators and chats that know the secret go by; each has a keyring of its own. */
const known = (): Security => ({ keyring: new Keyring({ cluster: [secret], invite: [invitation] }) });
const invited = (): Security => ({ keyring: new Keyring({ cluster: [], invite: [invitation] }) });
const wrong = (): Security => ({ keyring: new Keyring({ cluster: [randomBytes(32)], invite: [] }) });

const cluster = await Cluster.start(3, () => ({ security: known() }));
t.teardown(() => cluster.end());
/** One that has no secret. */
const open = await Cluster.start(1);
t.teardown(() => open.end());
await cluster.leader();
const member = await User.at(cluster.server(1).address, 'Aaron', known());
await member.subscribe(lobby);
await member.say(lobby, 'for members only');

/** Whatever a connection does, the members go on. */
async function allIsWell(t: { ok(value: unknown, text: string): unknown }): Promise<void> {
  const text = `still here ${randomBytes(4).toString('hex')}`;
  await member.say(lobby, text);
  t.ok((await member.hears(lobby, 1)).length > 0, 'the chat goes on');
}

const roles: readonly Hello['role'][] = ['client', 'operator', 'server'];

t.test('nobody gets in without the secret, with a wrong one, or by claiming to prove it', async (t) => {
  const places = [cluster.server(1).address, cluster.balancerAddress];
  for (const address of places) {
    for (const role of address === cluster.balancerAddress ? (['client', 'operator', 'registrant'] as const) : roles) {
      const stranger = await Raw.open(address, hello({ role, serverId: role === 'server' ? 2 : 0 }));
      t.match(await stranger.ended(), { code: 'FORBIDDEN', byPeer: true, text: /--secret-file/ }, `${role}: without`);
      t.same(stranger.received, [], 'and hears nothing');
      const guesser = await Raw.open(address, hello({ role, serverId: role === 'server' ? 2 : 0 }), wrong());
      t.match(
        await guesser.ended(),
        { code: 'FORBIDDEN', byPeer: true, text: /not that of this cluster/ },
        `${role}: wrong`,
      );
      t.same(guesser.received, []);
    }
  }
  await allIsWell(t);
});

t.test('with a secret to a cluster that has none, and releases up to 0.6 to one that has', async (t) => {
  const member = await Raw.open(open.server(1).address, hello(), known());
  t.match(await member.ended(), { code: 'FORBIDDEN', text: /no cluster secret.*--secret-file/ });
  // Bytes that 0.6 sent, and what it makes of the answer: a refuse frame with a code that it knows, up to 17.
  const recorded: { name: string; frame: string }[] = JSON.parse(
    readFileSync('test/wire/vectors/handshake.json', 'utf8'),
  );
  for (const name of ['a client with its token', 'an operator', 'a server']) {
    const frame = Buffer.from(recorded.find((vector) => vector.name === name)?.frame ?? '', 'hex');
    const answer = await play(cluster.server(1).address, frame);
    t.same(typesOf(answer), [3], `${name}: refuse and nothing else`);
    t.equal(answer[12], 12, 'FORBIDDEN');
    t.match(answer.toString('utf8', 15), /^this cluster has a secret/);
    if (name !== 'a server')
      t.equal(typesOf(await welcomedBytes(open.server(1).address, frame))[0], 2, 'without a secret as ever');
  }
});

t.test('a stranger can neither register nor read nor send what servers send', async (t) => {
  const { ballot } = await cluster.status(1);
  const attempts: Message[] = [
    { type: 'register', request: 1, nonce: randomBytes(16), name: 'Mallory', window: 64 },
    { type: 'subscribe', request: 1, room: lobby, fromEvent: 1, lastPosts: 0 },
    {
      type: 'history',
      request: 1,
      room: lobby,
      direction: 'from',
      by: 'event',
      event: 1,
      limit: 10,
      fresh: false,
    },
    { type: 'commit', ballot, upto: 1 },
    { type: 'prepare', ballot: { ...ballot, round: ballot.round + 1 }, commit: 0 },
    { type: 'replaceServer', request: 1, replaced: 1, invited: 9 },
  ];
  for (const attempt of attempts) {
    // Before hello, and right behind a hello that is refused.
    const first = await Raw.open(cluster.server(1).address, attempt);
    t.match(await first.ended(), { byPeer: true }, `${attempt.type} first`);
    t.same(first.received, []);
    const behind = await Raw.open(cluster.server(1).address, hello());
    behind.send(attempt);
    t.match(await behind.ended(), { code: 'FORBIDDEN', byPeer: true }, `${attempt.type} behind hello`);
    t.same(behind.received, []);
  }
  await allIsWell(t);
});

t.test('an invitation chats, and is no server, no registrant and no operator', async (t) => {
  const { address } = cluster.server(2);
  const guest = await User.at(address, 'Guest', invited());
  await guest.subscribe(lobby);
  await guest.say(lobby, 'hello from a guest');
  const peer = await Raw.open(address, hello({ role: 'server', serverId: 1, incarnation: 2 ** 40 }), invited());
  t.match(await peer.ended(), { code: 'FORBIDDEN', text: /a server needs more/ });
  const registrant = await Raw.open(cluster.balancerAddress, hello({ role: 'registrant', serverId: 9 }), invited());
  t.match(await registrant.ended(), { code: 'FORBIDDEN', text: /a registrant needs more/ });
  const operator = await Raw.welcomed(address, { role: 'operator' }, invited());
  operator.send({ type: 'replaceServer', request: 1, replaced: 1, invited: 9 });
  operator.send({ type: 'verifyRequest', request: 2, slot: 0 });
  const wish = { subject: 'Aaron', count: 0, ageMs: 0, tokenHash: Buffer.alloc(32, 1), why: '' };
  operator.send({ type: 'decide', request: 4, verb: 'recover', ...wish });
  operator.send({ type: 'namesRequest', request: 5, blocked: false, after: '' });
  for (const request of [1, 2, 4, 5]) {
    t.match(await operator.take('reject'), { request, code: 'NOT_ALLOWED', text: /invitation.*--secret-file/ });
  }
  operator.send({ type: 'statusRequest', request: 3 });
  const { serverId, clients } = await operator.take('status');
  t.equal(serverId, 2, 'what any chat may ask, to find a leader');
  const commit: Message = { type: 'commit', ballot: (await cluster.status(1)).ballot, upto: 1 };
  const paxos = await Raw.welcomed(address, {}, invited());
  paxos.send(commit);
  t.match(await paxos.ended(), { code: 'PROTOCOL_ERROR', byPeer: true });
  operator.send(commit);
  t.match(await operator.ended(), { code: 'PROTOCOL_ERROR', byPeer: true });
  t.equal((await cluster.status(2)).clients, clients, 'an operator that is gone was no chat');
  await allIsWell(t);
});

/** Everything that passes between a caller and a server, as it came; and the bytes, to be sent again. */
async function tapped(address: string): Promise<{
  readonly address: string;
  readonly up: Buffer[];
  readonly down: Buffer[];
  end(): void;
}> {
  const up: Buffer[] = [];
  const down: Buffer[] = [];
  const sockets = new Set<Socket>();
  const port = Number(address.split(':')[1]);
  const server = createServer((caller) => {
    const upstream = createConnection({ port, host: '127.0.0.1' });
    for (const [from, to, kept] of [[caller, upstream, up] as const, [upstream, caller, down] as const]) {
      sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        kept.push(bytes);
        to.write(bytes);
      });
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const bound = server.address() as { port: number };
  return {
    address: `127.0.0.1:${bound.port}`,
    up,
    down,
    end: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** Sends bytes as they are, and gives the types of the frames that come back until the end. */
function play(address: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = createConnection({ port: Number(address.split(':')[1]), host: '127.0.0.1' }, () =>
      socket.write(bytes),
    );
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => undefined).on('close', () => resolve(Buffer.concat(chunks)));
  });
}

/** As {@link play}, but hangs up at the first bytes that come back. */
function welcomedBytes(address: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = createConnection({ port: Number(address.split(':')[1]), host: '127.0.0.1' }, () =>
      socket.write(bytes),
    );
    socket.once('data', (chunk: Buffer) => {
      socket.destroy();
      resolve(chunk);
    });
  });
}

function typesOf(bytes: Buffer): number[] {
  const splitter = new FrameSplitter(4096);
  splitter.push(bytes);
  const types: number[] = [];
  for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) types.push(frame[1] as number);
  return types;
}

t.test('a recorded handshake opens nothing, and holds neither the secret nor the token before the proof', async (t) => {
  const tap = await tapped(cluster.server(1).address);
  t.teardown(() => tap.end());
  const user = await User.at(tap.address, 'Bertha', known());
  await user.say(lobby, 'recorded');
  const up = Buffer.concat(tap.up);
  t.same(typesOf(up).slice(0, 2), [1, 8], 'hello, proof');
  t.same(typesOf(Buffer.concat(tap.down)).slice(0, 2), [7, 2], 'challenge, welcome');
  for (const [what, bytes] of [
    ['secret', secret],
    ['secret in hex', Buffer.from(secret.toString('hex'))],
  ] as const) {
    t.notOk(Buffer.concat([up, ...tap.down]).includes(bytes), `no ${what}`);
  }
  const helloBytes = up.subarray(0, up.readUInt32BE(0) + 8);
  t.notOk(helloBytes.includes(user.token), 'no token in hello');
  for (const id of [1, 2]) {
    const types = typesOf(await play(cluster.server(id).address, up));
    t.equal(types[0], 7, 'a new challenge');
    t.notOk(types.includes(2), `no welcome from server ${id}`);
  }
  await allIsWell(t);
});

t.test('a server that dials somebody who only repeats what it says is not taken in', async (t) => {
  // A listener in the balancer's place sends each hello back to where it came from, and the answers too.
  const reflected: Message['type'][] = [];
  const mirror = createServer((caller) => {
    const splitter = new FrameSplitter(4096);
    caller.on('error', () => caller.destroy());
    caller.on('data', (bytes: Buffer) => {
      splitter.push(bytes);
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        reflected.push(frame[1] === 1 ? 'hello' : frame[1] === 8 ? 'proof' : 'refuse');
      }
      caller.write(bytes);
    });
  });
  await new Promise<void>((resolve) => mirror.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => mirror.close());
  const { port } = mirror.address() as { port: number };
  const failed = await startServer({
    id: 7,
    listen: '127.0.0.1:0',
    balancers: [`127.0.0.1:${port}`],
    dataDir: undefined,
    fsync: 'never',
    logger: silentLogger,
    security: known(),
  }).then(
    () => 'started',
    (error: Error) => error.message,
  );
  t.match(failed, /asks for no proof/);
  t.notOk(reflected.includes('proof'), 'it proves nothing to whoever has proved nothing');
});

t.test('its own hello, sent back to a server that dials, is refused', async (t) => {
  // In the place of a balancer: what a starting server says is played to that server's own port.
  let target = '';
  const back: Buffer[] = [];
  const place = createServer((caller) => {
    caller.on('error', () => caller.destroy());
    caller.once('data', (bytes: Buffer) => {
      play(target, bytes).then(
        (answer) => {
          back.push(answer);
          caller.destroy();
        },
        () => caller.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => place.listen(0, '127.0.0.1', () => resolve()));
  t.teardown(() => place.close());
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', () => resolve()));
  target = `127.0.0.1:${(probe.address() as { port: number }).port}`;
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  const stop = new AbortController();
  const starting = startServer({
    id: 8,
    listen: target,
    balancers: [`127.0.0.1:${(place.address() as { port: number }).port}`],
    dataDir: undefined,
    fsync: 'never',
    logger: silentLogger,
    security: known(),
    signal: stop.signal,
  }).catch((error: Error) => error.message);
  await until('an answer to the reflected hello', deadlineMs, () => back.some((answer) => answer.length > 0));
  stop.abort();
  await starting;
  for (const answer of back) t.notOk(typesOf(answer).includes(7), 'no challenge, which the mirror could have used');
});

t.test('a hello that is too big ends at once', async (t) => {
  const { address } = cluster.server(1);
  const startMs = nodeClock.monotonicMs();
  const big = createConnection({ port: Number(address.split(':')[1]), host: '127.0.0.1' });
  const bigEnded = new Promise((resolve) => big.on('close', resolve).on('error', () => undefined));
  const frame = Buffer.from(encode(hello({ authMethod: 'challenge', auth: new Uint8Array(40) })));
  frame.writeUInt32BE(1 << 20, 0);
  big.write(frame);
  big.resume();
  await bigEnded;
  t.ok(nodeClock.monotonicMs() - startMs < 3_000, 'too big is noticed at once');
  await allIsWell(t);
});

t.test('proofs that never come: the place is given up after five seconds', async (t) => {
  const { address } = cluster.server(1);
  const keyring = new Keyring({ cluster: [secret], invite: [] });
  const auth = Buffer.concat([keyring.proving.id, randomBytes(32)]);
  const startMs = nodeClock.monotonicMs();
  const answer = await play(address, Buffer.from(encode(hello({ authMethod: 'challenge', auth }))));
  t.same(typesOf(answer), [7, 3], 'challenge, refuse');
  const lastedMs = nodeClock.monotonicMs() - startMs;
  t.ok(lastedMs > 4_000 && lastedMs < 7_000 + SWEEP_MS, `${Math.round(lastedMs)} ms`);
});

t.test('thousands of wrong proofs disturb nobody, and are soon not answered any more', async (t) => {
  const { address } = cluster.server(1);
  const port = Number(address.split(':')[1]);
  const keyring = new Keyring({ cluster: [secret], invite: [] });
  const frames = Buffer.concat([
    encode(hello({ authMethod: 'challenge', auth: Buffer.concat([keyring.proving.id, randomBytes(32)]) })),
    encode({ type: 'proof', proof: randomBytes(32), authMethod: 'none', auth: new Uint8Array(0) }),
  ]);
  let answered = 0;
  let tried = 0;
  const attempt = (): Promise<void> =>
    new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write(frames));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined);
      socket.on('close', () => {
        tried++;
        if (typesOf(Buffer.concat(chunks)).includes(3)) answered++;
        resolve();
      });
    });
  let isOver = false;
  const storm = Promise.all(
    Array.from({ length: 20 }, async () => {
      while (!isOver) await attempt();
    }),
  );
  let slowestMs = 0;
  const before = member.posts(lobby).length;
  for (let line = 0; line < 50; line++) {
    const startMs = nodeClock.monotonicMs();
    await member.say(lobby, `through the storm ${line}`);
    slowestMs = Math.max(slowestMs, nodeClock.monotonicMs() - startMs);
  }
  await until('two thousand attempts', 60_000, () => tried >= 2_000);
  const newcomer = await User.at(address, 'Newcomer', known());
  await newcomer.say(lobby, 'from the same address as the storm');
  isOver = true;
  await storm;
  await member.hears(lobby, before + 51);
  t.ok(answered <= 20, `${answered} of ${tried} were answered`);
  t.ok(slowestMs < 2_000, `the slowest line took ${Math.round(slowestMs)} ms`);
});
