/** Snapshots: a cluster saved, and begun anew as another one, with every number, sender, time and token. */
import { chownSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { silentLogger } from '../../src/base/index.js';
import { inspectSnapshot, restoreSnapshot, saveSnapshot } from '../../src/daemon/index.js';
import { takeOffline } from '../../src/daemon/server/offline.js';
import { SmallDisk } from '../support/small-disk.js';
import { Cluster, decide, User } from './cluster.js';
import { Raw, until } from './raw.js';
import { agree, fails, page, restored, restoredAs, smallLogs, start, stopAll, stopAndSave } from './snapshots.js';

t.setTimeout(180_000);
const room = '#ops';
const direct = '@aaron,lala';

t.test('everything that was said is there again, in another cluster', async (t) => {
  const old = await start(t, new Cluster());
  const aaron = await User.at(old.server(1).address, 'Aaron');
  const lala = await User.at(old.server(1).address, 'Lala');
  for (let i = 0; i < 40; i++) await aaron.say(room, `line ${i}`, 'ünï✓');
  aaron.send({ kind: 'join', room, text: '' }, { kind: 'topic', room, text: 'the topic' });
  await aaron.raw.take('ack');
  await lala.say(direct, 'secret');
  t.match(await decide(old, 1, { verb: 'retain', subject: room, count: 60 }), { outcome: 'taken' });
  t.match(await decide(old, 1, { verb: 'block', subject: 'root', why: 'nobody' }), { outcome: 'taken' });
  const before = await page(old, 1, room, aaron.token);
  const secret = await page(old, 1, direct, lala.token);
  const { applied } = await old.status(1);
  const running = saveSnapshot(old.dataDir('server-1'), path.join(old.directory, 'x.snap'), silentLogger);
  await fails(t, running, { code: 'DIRECTORY_LOCKED', exitCode: 7 }, 'a server that runs is not touched');
  const file = await stopAndSave(old);
  const contents = await inspectSnapshot(file);
  t.match(contents, { server: 1, rooms: 2, messages: 81, names: 2, firstKept: 1 });
  t.ok(contents.slot >= applied, 'all that it had applied');
  t.same(contents, await inspectSnapshot(file), 'to look changes nothing');

  const { cluster: made, id } = await restoredAs(file);
  t.not(id, contents.cluster, 'another cluster');
  await start(t, made);
  const owner = new User('Aaron', undefined as unknown as Raw);
  owner.token.set(aaron.token);
  for (const server of [1, 2, 3]) {
    const { headEvent, headN, groups } = await page(made, server, room, aaron.token);
    t.same({ headEvent, headN }, { headEvent: before.headEvent, headN: before.headN });
    t.same(groups, before.groups, `server ${server}: numbers, slots, times, senders, texts`);
    t.same((await page(made, server, direct, lala.token)).groups, secret.groups);
    t.match(await page(made, server, direct, Buffer.alloc(32)), { code: 'NOT_ALLOWED' }, 'for its two names only');
  }
  await owner.connect(made.server(2).address);
  t.equal((await owner.register()).code, 'ok', 'with the token that has the name');
  t.ok((owner.session?.slot ?? 0) > contents.slot, 'no session of the old cluster has this id');
  t.match(await owner.say(room, 'the next'), { outcomes: [{ code: 'ok', n: 81 }] }, 'numbers go on');
  t.match(await owner.subscribe(room, 0), { topic: 'the topic', people: [] }, 'nobody is there');
  const stranger = await Raw.welcomed(made.server(1).address, { authMethod: 'token', auth: Buffer.alloc(32, 5) });
  t.equal((await new User('aaron', stranger).register()).code, 'NAME_TAKEN');
  t.equal((await new User('root', stranger).register()).code, 'NOT_ALLOWED', 'blocked, as a client of 0.6 hears it');
  aaron.raw = await Raw.welcomed(made.server(3).address, { authMethod: 'token', auth: aaron.token });
  t.equal((await aaron.resume()).code, 'SESSION_EXPIRED', 'sessions stayed behind');
  t.match(await decide(made, 2, { verb: 'unblock', subject: 'root' }), { outcome: 'taken' }, 'decisions go on');
  const stray = made.startServer(3, { dataDir: old.dataDir('server-3') });
  await fails(t, stray, { exitCode: 3, code: 'FOREIGN_CLUSTER' }, 'a server of the old cluster has no business here');
  t.ok(await agree(made, [1, 2, 3]));
});

t.test('a disk that is emptied gets the state by transfer, and is as the others', async (t) => {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  await user.say(room, 'one');
  // Changes of the members: what they say is about servers of the old cluster.
  await old.kill(3);
  rmSync(old.dataDir('server-3'), { recursive: true });
  await old.startServer(3);
  t.ok(await agree(old, [1, 2, 3]));
  await until('server 3 to vote', async () => (await old.status(3)).note === '');
  await user.say(room, 'two');
  const file = await stopAndSave(old);
  const made = await start(t, await restored(file));
  const other = await User.at(made.server(1).address, 'Other');
  await other.say(room, 'three');
  for (const lost of [3, 1]) {
    await made.kill(lost);
    rmSync(made.dataDir(`server-${lost}`), { recursive: true });
    await made.startServer(lost);
    t.ok(await agree(made, [1, 2, 3]), `server ${lost} has come to the same state`);
    await until(`server ${lost} to vote`, async () => (await made.status(lost)).note === '');
    t.equal((await page(made, lost, room, user.token)).groups.length, 3, 'with all of the history');
  }
  // Each in its turn answers one that asks from slot 1: whoever has got the state knows where it began, too.
  await other.connect(made.server(2).address);
  for (const id of [1, 2, 3]) await made.kill(id);
  await made.startServers(1, 2, 3);
  await made.leader();
  t.ok(await agree(made, [1, 2, 3]), 'also after a restart');
});

t.test('without its state store a server does not start, and nobody learns from its log', async (t) => {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  await user.say(room, 'one', 'two');
  const file = await stopAndSave(old);
  const made = await start(t, await restored(file));
  const missing = {
    code: 'STATE_MISSING',
    exitCode: 7,
    message: /of slot \d+, and the directory state .*empty directory/,
  };
  await made.server(2).stop();
  rmSync(path.join(made.dataDir('server-2'), 'state'), { recursive: true });
  await fails(t, made.startServer(2), missing, 'the store is gone');
  await fails(t, made.startServer(2), missing, 'and again');
  await made.kill(3);
  rmSync(path.join(made.dataDir('server-3'), 'state', 'CURRENT'));
  await fails(t, made.startServer(3), missing, 'the store is damaged: it is set aside, and that is all');
  rmSync(made.dataDir('server-2'), { recursive: true });
  await made.startServer(2);
  t.equal((await made.status(2)).applied, 0, 'one sound server of three admits nobody');
});

t.test('a snapshot of a cluster that was made of one', async (t) => {
  const old = await start(t, new Cluster());
  const aaron = await User.at(old.server(1).address, 'Aaron');
  await aaron.say(room, 'one', 'two');
  const first = await stopAndSave(old);
  const second = await start(t, await restored(first));
  const lala = await User.at(second.server(2).address, 'Lala');
  await lala.say(room, 'three');
  const file = await stopAndSave(second, 2);
  t.ok((await inspectSnapshot(file)).slot > (await inspectSnapshot(first)).slot);
  const third = await start(t, await restored(file));
  const found = await page(third, 1, room, aaron.token);
  t.same(
    found.groups.flatMap(({ events }) => events.map(({ text }) => text)),
    ['one', 'two', 'three'],
    'from before the first one, and from between them',
  );
  await third.kill(3);
  rmSync(third.dataDir('server-3'), { recursive: true });
  await third.startServer(3);
  t.ok(await agree(third, [1, 2, 3]));
  t.same((await page(third, 3, room, aaron.token)).groups, found.groups);
});

t.test('of a log whose beginning is gone, by a server that took over a state', async (t) => {
  const old = await start(t, new Cluster(), smallLogs);
  const user = await User.at(old.server(1).address, 'Aaron');
  await old.kill(3);
  const talk = async (): Promise<void> =>
    void (await user.say(room, ...Array.from({ length: 20 }, () => 'x'.repeat(400))));
  await until(
    'the log is cut',
    async () => {
      await talk();
      return (await page(old, 1, room, user.token)).groups[0]?.firstEvent !== 1;
    },
    60_000,
  );
  await old.startServer(3, smallLogs);
  t.ok(await agree(old, [1, 2, 3]));
  await talk();
  t.ok(await agree(old, [1, 2, 3]));
  const before = await page(old, 3, room, user.token);
  const file = await stopAndSave(old, 3);
  t.ok((await inspectSnapshot(file)).firstKept > 1);
  const made = await start(t, await restored(file), smallLogs);
  const after = await page(made, 2, room, user.token);
  t.same(after.groups, before.groups);
  const other = await User.at(made.server(2).address, 'Other');
  t.match(await other.say(room, 'next'), { outcomes: [{ n: after.headN + 1 }] });
  // History from before the snapshot is given up like any other.
  await until(
    'the log is cut again',
    async () => {
      await other.say(room, ...Array.from({ length: 20 }, () => 'y'.repeat(400)));
      return (await page(made, 1, room, user.token)).groups[0]?.firstEvent !== before.groups[0]?.firstEvent;
    },
    60_000,
  );
  t.ok(await agree(made, [1, 2, 3]));
  await stopAll(made);
  await Promise.all([1, 2, 3].map((id) => made.startServer(id, smallLogs)));
  await made.leader();
  t.ok(await agree(made, [1, 2, 3]));
});

t.test('after an orderly stop a snapshot holds all that was acknowledged', async (t) => {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  for (let i = 0; i < 30; i++) await user.say(room, `line ${i}`);
  // No second passes in which the log would be told how far the others are.
  await old.server(1).stop();
  const file = path.join(old.directory, 'ops.snap');
  t.match(await saveSnapshot(old.dataDir('server-1'), file, silentLogger), { messages: 30 });
});

t.test('what cannot be saved or restored, and what to do', async (t) => {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  await user.say(room, 'one');
  const file = await stopAndSave(old);
  const [first, fresh] = [old.dataDir('server-1'), path.join(old.directory, 'fresh')];
  const saves = (dataDir: string, target: string, as: object): Promise<void> =>
    fails(t, saveSnapshot(dataDir, target, silentLogger), as, JSON.stringify(String(Object.values(as))));
  await saves(first, file, { exitCode: 3, message: /is there already: choose another name/ });
  await saves(old.directory, `${file}2`, { exitCode: 3, message: /is no server's data directory/ });
  await saves(old.dataDir('balancer'), `${file}2`, { exitCode: 3, message: /is no server's data directory/ });
  await saves(first, path.join(file, 'x'), { exitCode: 3, message: /a part of this path is a file/ });
  if (process.geteuid?.() === 0) {
    const theirs = old.dataDir('server-2');
    chownSync(path.join(theirs, 'identity'), 12_345, 12_345);
    await saves(theirs, `${file}2`, { exitCode: 3, message: /belongs to another user/ });
  }
  const restores = (target: string, as: object, servers = 3): Promise<void> =>
    fails(t, restoreSnapshot(file, target, servers, silentLogger), as, JSON.stringify(String(Object.values(as))));
  const alive = /it is a server's data directory. A snapshot cannot take a cluster back .*in a new --data-dir/;
  await restores(first, { exitCode: 3, message: alive });
  await restores(old.dataDir('.'), { exitCode: 3, message: /it holds balancer. A snapshot cannot/ });
  await restores(file, { exitCode: 3, message: /is a file: name a new folder/ });
  await restores(path.join(file, 'x'), { exitCode: 3, message: /a part of this path is a file/ });
  const link = path.join(old.directory, 'link');
  symlinkSync(path.join(old.directory, 'elsewhere'), link);
  await restores(link, { exitCode: 3, message: /is a symbolic link: name a new folder/ });
  const controller = new AbortController();
  const stopped = restoreSnapshot(file, fresh, 3, silentLogger, controller.signal);
  controller.abort();
  await fails(t, stopped, { exitCode: 0, message: '' }, 'the signal decides');
  await fails(t, saveSnapshot(first, `${file}2`, silentLogger, controller.signal), { exitCode: 0, message: '' });
  t.notOk(
    readdirSync(old.directory).some((name) => /fresh|snap2/.test(name)),
    'and nothing is left',
  );
  await restoreSnapshot(file, fresh, 3, silentLogger);
  await restores(fresh, { exitCode: 3, message: /it holds server-1/ });
});

t.test('of what stands in its way a restore removes only what an earlier one has left', async (t) => {
  const old = await start(t, new Cluster());
  await (await User.at(old.server(1).address, 'Aaron')).say(room, 'one');
  const file = await stopAndSave(old);
  const { slot } = await inspectSnapshot(file);
  const folder = path.join(old.directory, 'made');
  const [part, left] = [`${folder}.part`, path.join(`${folder}.part`, 'new')];
  const restores = (): Promise<unknown> => restoreSnapshot(file, folder, 3, silentLogger);
  const another = {
    exitCode: 3,
    message: /made.part.new.\S+ is not what an interrupted restore leaves.*move .*part away/,
  };
  const unfinished = async (): Promise<void> => {
    rmSync(part, { recursive: true, force: true });
    for (const id of [1, 2]) (await takeOffline(path.join(left, `server-${id}`), id, slot)).release();
    mkdirSync(path.join(left, 'server-3'));
  };
  await unfinished();
  writeFileSync(path.join(left, 'notes'), 'mine');
  await fails(t, restores(), another, 'a file of somebody');
  await unfinished();
  writeFileSync(path.join(left, 'server-3', 'notes'), 'mine');
  await fails(t, restores(), another, 'a file of somebody in one of the folders');
  await unfinished();
  const running = await takeOffline(path.join(left, 'server-3'), 3);
  await fails(t, restores(), another, 'a server that was started there');
  running.release();
  await fails(t, restores(), another, 'and stopped');
  t.ok(existsSync(path.join(left, 'server-3', 'identity')));
  await unfinished();
  await restores();
  t.notOk(existsSync(part));

  // All were whole, nobody had renamed them yet, and somebody has started them there.
  rmSync(part, { recursive: true, force: true });
  mkdirSync(part);
  renameSync(folder, left);
  const made = new Cluster();
  t.teardown(() => made.end());
  await made.startBalancer(3);
  for (const id of [1, 2, 3]) await made.startServer(id, { dataDir: path.join(left, `server-${id}`) });
  await made.leader();
  await fails(t, restores(), another, 'a cluster that runs');
  await (await User.at(made.server(1).address, 'Lala')).say(room, 'two');
  await stopAll(made);
  await fails(t, restores(), another, 'or has been stopped');
  t.ok(existsSync(path.join(left, 'server-1', 'identity')));
});

t.test('a disk that is too small for a restore', { skip: !SmallDisk.available && 'no right to mount' }, async (t) => {
  const old = await start(t, new Cluster());
  await (await User.at(old.server(1).address, 'Aaron')).say(room, 'one');
  const file = await stopAndSave(old);
  const disk = new SmallDisk(path.join(old.directory, 'small'), 6 * 1024);
  try {
    const full = { exitCode: 3, message: /cannot make .*made: the disk is full. Free some space/ };
    await fails(t, restoreSnapshot(file, path.join(disk.folder, 'made'), 3, silentLogger), full);
    t.same(readdirSync(disk.folder), [], 'nothing is left of it');
    const mounted = restoreSnapshot(file, disk.folder, 3, silentLogger);
    await fails(t, mounted, { exitCode: 3, message: /is a mount point: name a new folder below it/ });
  } finally {
    disk.unmount();
  }
});
