/** Bad input of the issue: each gives one clear line, the others go on, nothing acknowledged is lost. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { silentLogger } from '../../src/base/index.js';
import { type StartProgress, startServer } from '../../src/daemon/index.js';
import { encode, membershipHash } from '../../src/wire/index.js';
import { Cluster, User } from './cluster.js';
import { hello, openSocket, Raw, until } from './raw.js';

t.setTimeout(90_000);
const lobby = '#lobby';

t.test('bytes that are no frames: the sender is told and cut off, chat goes on', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const { address } = cluster.server(1);
  const user = await User.at(address, 'Aaron');
  await user.subscribe(lobby);
  const huge = Buffer.alloc(12);
  huge.writeUInt32BE(0xffff_ffff, 0);
  const garbage = [randomBytes(4096), huge, Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(64)];
  for (const [i, bytes] of garbage.entries()) {
    const { socket, closed } = await openSocket(address);
    socket.write(bytes);
    await until(`the end of garbage ${i}`, closed);
    await user.say(lobby, `after garbage ${i}`);
  }
  const whole = encode(hello());
  const torn = Buffer.from(whole);
  torn[torn.length - 1] = (torn[torn.length - 1] as number) ^ 1;
  const flipped = await openSocket(address);
  flipped.socket.write(torn);
  await until('the end of a frame with a wrong checksum', flipped.closed);
  const half = await openSocket(address);
  half.socket.write(whole.subarray(0, whole.length - 3));
  const silent = await openSocket(address);
  await until('the end of a silent connection', silent.closed, 8_000);
  t.match(silent.bytes().toString('latin1'), /hello/, 'it is told what was missing');
  await until('the end of half a frame', half.closed, 8_000);
  await user.say(lobby, 'still here');
  t.equal((await user.hears(lobby, garbage.length + 1)).length, garbage.length + 1);
});

t.test('frames of strangers: impossible content reaches no replica', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const { address } = cluster.server(1);
  const user = await User.at(address, 'Aaron');
  const { slot } = await user.say(lobby, 'before');
  const status = await cluster.status(1);
  const commit = { type: 'commit' as const, ballot: status.ballot, upto: Number.MAX_SAFE_INTEGER };

  const client = await Raw.welcomed(address);
  client.send(commit);
  t.match(await client.ended(), { code: 'PROTOCOL_ERROR', byPeer: true });
  const stranger = await Raw.open(address, hello({ role: 'server', serverId: 2, incarnation: 2 ** 40 }));
  stranger.send(commit);
  t.match(await stranger.ended(), { code: 'FOREIGN_CLUSTER' });
  const { clusterId } = status;
  const insider = await Raw.open(
    address,
    hello({ role: 'server', serverId: 9, incarnation: 2 ** 40, clusterId, epoch: 1 }),
  );
  t.match(await insider.ended(), { code: 'UNKNOWN_ID' });
  const forged = await Raw.open(
    address,
    hello({
      role: 'server',
      serverId: 2,
      incarnation: 2 ** 50,
      clusterId,
      epoch: 1,
      membershipHash: membershipHash(1, []),
    }),
  );
  t.match(await forged.ended(), { code: 'DUPLICATE_ID' }, 'the member is there');
  const early = await Raw.open(address, commit);
  t.match(await early.ended(), { code: 'BAD_HELLO' });

  const after = await user.say(lobby, 'after');
  t.ok(after.slot > slot && after.slot < slot + 1_000);
  t.ok((await cluster.status(1)).committed < 1_000, 'no slot 2^53-1 was believed');
});

t.test('unlawful frames of a client cost that client its connection only', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const { address } = cluster.server(1);
  const user = await User.at(address, 'Aaron');
  for (const message of [
    { type: 'sealed' as const, clusterId: new Uint8Array(16), epoch: 1, recovering: false, members: [] },
    { type: 'heartbeat' as const, round: 1 },
    hello(),
  ]) {
    const raw = await Raw.welcomed(address);
    raw.send(message);
    t.match(await raw.ended(), { code: 'PROTOCOL_ERROR', byPeer: true }, message.type);
  }
  const future = await Raw.open(address, hello({ versionMin: 7, versionMax: 9 }));
  t.match(await future.ended(), { code: 'BAD_VERSION' });
  const waiting = await Raw.welcomed(address, { authMethod: 'token', auth: randomBytes(32) });
  waiting.send({
    type: 'resume',
    request: 1,
    session: { slot: Number.MAX_SAFE_INTEGER, index: 0 },
    nonce: randomBytes(16),
  });
  await user.say(lobby, 'fine');
  t.notOk(
    waiting.received.some(({ type }) => type === 'registered'),
    'a session of the future is waited for, never denied',
  );
});

t.test('a server that must not join ends with its code and one line', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  const user = await User.at(cluster.server(1).address, 'Aaron');
  await user.say(lobby, 'one');
  const base = {
    listen: '127.0.0.1:0',
    balancers: [cluster.balancerAddress],
    fsync: 'never' as const,
    logger: silentLogger,
  };
  const fresh = (name: string): string => cluster.dataDir(`fresh-${name}`);
  await t.rejects(startServer({ ...base, id: 4, dataDir: fresh('4') }), {
    exitCode: 3,
    code: 'UNKNOWN_ID',
    message: /1, 2, 3/,
  });
  await t.rejects(startServer({ ...base, id: 0, dataDir: fresh('0') }), { exitCode: 3, code: 'UNKNOWN_ID' });
  await t.rejects(startServer({ ...base, id: 2, dataDir: fresh('2') }), {
    exitCode: 3,
    code: 'DUPLICATE_ID',
    message: /stop it first/,
  });
  await t.rejects(startServer({ ...base, id: 1, dataDir: cluster.dataDir('server-2') }), {
    exitCode: 7,
    code: 'DIRECTORY_LOCKED',
  });
  await t.rejects(startServer({ ...base, id: 1, dataDir: cluster.dataDir('balancer') }), {
    exitCode: 3,
    code: 'WRONG_DIRECTORY',
  });
  await t.rejects(startServer({ ...base, id: 7, dataDir: fresh('busy'), listen: cluster.server(1).address }), {
    exitCode: 3,
    code: 'PORT_BUSY',
    message: /in use/,
  });
  writeFileSync(cluster.dataDir('a-file'), '');
  await t.rejects(startServer({ ...base, id: 7, dataDir: path.join(cluster.dataDir('a-file'), 'x') }), {
    exitCode: 3,
    code: 'BAD_DIRECTORY',
  });

  await cluster.kill(3);
  await t.rejects(startServer({ ...base, id: 2, dataDir: cluster.dataDir('server-3') }), {
    exitCode: 3,
    code: 'WRONG_ID',
  });
  writeFileSync(path.join(cluster.dataDir('server-3'), 'identity'), 'rubbish');
  await t.rejects(startServer({ ...base, id: 3, dataDir: cluster.dataDir('server-3') }), {
    exitCode: 7,
    code: 'IDENTITY_DAMAGED',
  });

  await user.say(lobby, 'two');
  await user.subscribe(lobby);
  t.same(await user.hears(lobby, 2), ['one', 'two'], 'the cluster was undisturbed');
});

t.test('a server of another cluster is refused by balancer and by servers', async (t) => {
  const ours = await Cluster.start();
  const theirs = await Cluster.start();
  t.teardown(() => Promise.all([ours.end(), theirs.end()]));
  await theirs.kill(2);
  await t.rejects(theirs.startServer(2, { balancers: [ours.balancerAddress] }), {
    exitCode: 3,
    code: 'FOREIGN_CLUSTER',
    message: /its own cluster/,
  });
  await theirs.startServer(2);
  await theirs.leader();
});

t.test('copied and restored disks: a second life is refused, an older one too', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  await cluster.leader();
  await cluster.kill(3);
  const copy = cluster.dataDir('copy-of-3');
  cpSync(cluster.dataDir('server-3'), copy, { recursive: true });
  const backup = cluster.dataDir('backup-of-3');
  cpSync(cluster.dataDir('server-3'), backup, { recursive: true });
  await cluster.startServer(3);
  await cluster.leader();
  await t.rejects(cluster.startServer(3, { dataDir: copy }), { exitCode: 3, code: 'DUPLICATE_ID' });
  const twin = await startServer({
    id: 3,
    listen: '127.0.0.1:0',
    balancers: ['127.0.0.1:1'],
    dataDir: copy,
    fsync: 'never',
    logger: silentLogger,
  });
  t.match(await twin.closed, { exitCode: 3, code: 'DUPLICATE_ID' }, 'without a balancer the peers refuse it');
  await cluster.kill(3);
  await cluster.startServer(3);
  await cluster.leader();
  await cluster.kill(3);
  const old = await startServer({
    id: 3,
    listen: '127.0.0.1:0',
    balancers: [cluster.balancerAddress],
    dataDir: backup,
    fsync: 'never',
    logger: silentLogger,
  });
  t.match(await old.closed, { exitCode: 7, code: 'OLD_INCARNATION', text: /newest/ });
  await cluster.startServer(3);
  await cluster.leader();
});

t.test('a backup made during the latest life: its counter is new, what it remembers is not', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.end());
  const leader = await cluster.leader();
  const [victim = 0, other = 0] = [1, 2, 3].filter((id) => id !== leader);
  const backup = cluster.dataDir('live-backup');
  // A backup does not take the running process's lock along.
  const filter = (source: string): boolean => !path.basename(source).startsWith('lock.');
  cpSync(cluster.dataDir(`server-${victim}`), backup, { recursive: true, filter });
  await cluster.kill(leader);
  await cluster.leader(victim, other);
  await cluster.startServer(leader);
  await cluster.leader();
  await cluster.kill(victim);
  // A prepare that reaches the copy before its first reply raises its promise, and hides what it has forgotten.
  await cluster.leader(leader, other);
  const old = await startServer({
    id: victim,
    listen: '127.0.0.1:0',
    balancers: [cluster.balancerAddress],
    dataDir: backup,
    fsync: 'never',
    logger: silentLogger,
  });
  t.match(await old.closed, { exitCode: 7, code: 'OLD_INCARNATION', text: /newest/ });
  await cluster.startServer(victim);
  await cluster.leader();
});

t.test('a missing balancer: the server retries and says so, and ends when it is told to', async (t) => {
  const cluster = new Cluster();
  t.teardown(() => cluster.end());
  const progress: StartProgress[] = [];
  const stop = new AbortController();
  const starting = startServer({
    id: 1,
    listen: '127.0.0.1:0',
    balancers: ['127.0.0.1:1'],
    dataDir: cluster.dataDir('server-1'),
    fsync: 'never',
    logger: silentLogger,
    onProgress: (step) => progress.push(step),
    signal: stop.signal,
  });
  const ended = starting.then(
    () => undefined,
    (error: unknown) => error,
  );
  await until('two attempts', () => progress.length >= 2);
  t.match(progress[0], { kind: 'balancer', address: '127.0.0.1:1', reason: /refused/ });
  stop.abort();
  t.match(await ended, { exitCode: 0, code: 'STOPPED' });
  rmSync(cluster.dataDir('server-1'), { recursive: true });
  mkdirSync(cluster.dataDir('server-1'));

  const balancer = await cluster.startBalancer();
  const { address } = balancer;
  await balancer.destroy();
  const servers = [1, 2, 3].map((id) => cluster.startServer(id));
  await new Promise((resolve) => setTimeout(resolve, 300));
  cluster.balancerAddress = address;
  await cluster.startBalancer();
  await Promise.all(servers);
  await cluster.leader();
});
