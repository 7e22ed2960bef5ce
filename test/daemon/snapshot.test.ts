/** Snapshots: a cluster saved, damaged, and begun anew as another one, with every number, sender, time and token. */

import { rejects, throws } from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import t, { type Test } from 'tap';
import { ExitError, silentLogger } from '../../src/base/index.js';
import { inspectSnapshot, restoreSnapshot, type ServerOptions, saveSnapshot } from '../../src/daemon/index.js';
import type { MessageOf } from '../../src/wire/index.js';
import { Cluster, decide, User } from './cluster.js';
import { Raw, until } from './raw.js';

t.setTimeout(120_000);
const room = '#ops';
const direct = '@aaron,lala';

async function start(t: Test, cluster: Cluster, more: Partial<ServerOptions> = {}): Promise<Cluster> {
  t.teardown(() => cluster.end());
  await cluster.startBalancer(3);
  await Promise.all([1, 2, 3].map((id) => cluster.startServer(id, more)));
  await cluster.leader();
  return cluster;
}

async function fails(t: Test, work: Promise<unknown>, as: object, what = 'it is refused'): Promise<void> {
  await rejects(work, as);
  t.pass(what);
}

async function page(cluster: Cluster, id: number, name: string, token: Uint8Array): Promise<MessageOf<'page'>> {
  const raw = await Raw.welcomed(cluster.server(id).address, { authMethod: 'token', auth: token });
  const request = { type: 'history', request: 1, direction: 'from', by: 'event', event: 1, limit: 1000 } as const;
  raw.send({ ...request, room: name, fresh: true });
  const found = await raw.take('page');
  raw.end();
  return found;
}

async function hash(cluster: Cluster, id: number, slot: number): Promise<string> {
  const raw = await Raw.welcomed(cluster.server(id).address, { role: 'operator' });
  raw.send({ type: 'verifyRequest', request: 1, slot });
  const reply = await raw.take('verifyReply');
  raw.end();
  return `${reply.slot} ${Buffer.from(reply.hash).toString('hex')}`;
}

/** Saves server 1, which has applied everything, once all are stopped. */
async function stopAndSave(cluster: Cluster): Promise<string> {
  const file = path.join(cluster.directory, 'ops.snap');
  for (const id of [1, 2, 3]) await cluster.server(id).stop();
  cluster.servers.clear();
  await saveSnapshot(cluster.dataDir('server-1'), file, silentLogger);
  return file;
}

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
  await fails(t, running, { exitCode: 7 }, 'a server that runs is not touched');
  const file = await stopAndSave(old);
  const contents = inspectSnapshot(file);
  t.match(contents, { server: 1, rooms: 2, messages: 81, names: 2, firstKept: 1 });
  t.ok(contents.slot >= applied, 'all that it had applied');
  t.same(contents, inspectSnapshot(file), 'to look changes nothing');
  await fails(t, saveSnapshot(old.dataDir('server-1'), file, silentLogger), { exitCode: 3 }, 'no file is overwritten');
  await fails(t, saveSnapshot(old.directory, `${file}2`, silentLogger), { exitCode: 3 }, 'no data directory');

  const made = new Cluster();
  const restored = await restoreSnapshot(file, made.directory, 3, silentLogger);
  t.not(restored.cluster, contents.cluster, 'another cluster');
  await fails(t, restoreSnapshot(file, made.directory, 3, silentLogger), { exitCode: 3, message: /is there already/ });
  await start(t, made);
  const owner = new User('Aaron', undefined as unknown as Raw);
  owner.token.set(aaron.token);
  for (const id of [1, 2, 3]) {
    const { headEvent, headN, groups } = await page(made, id, room, aaron.token);
    t.same({ headEvent, headN }, { headEvent: before.headEvent, headN: before.headN });
    t.same(groups, before.groups, `server ${id}: numbers, slots, times, senders, texts`);
    t.same((await page(made, id, direct, lala.token)).groups, secret.groups);
    t.match(await page(made, id, direct, Buffer.alloc(32)), { code: 'NOT_ALLOWED' }, 'for its two names only');
  }
  await owner.connect(made.server(2).address);
  t.equal((await owner.register()).code, 'ok', 'with the token that has the name');
  t.match(await owner.say(room, 'the next'), { outcomes: [{ code: 'ok', n: 81 }] }, 'numbers go on');
  t.match(await owner.subscribe(room, 0), { topic: 'the topic', people: [] }, 'nobody is there');
  const stranger = await Raw.welcomed(made.server(1).address, { authMethod: 'token', auth: Buffer.alloc(32, 5) });
  t.equal((await new User('aaron', stranger).register()).code, 'NAME_TAKEN');
  t.equal((await new User('root', stranger).register()).code, 'NOT_ALLOWED', 'blocked, as a client of 0.6 hears it');
  aaron.raw = await Raw.welcomed(made.server(3).address, { authMethod: 'token', auth: aaron.token });
  t.equal((await aaron.resume()).code, 'SESSION_EXPIRED', 'sessions stayed behind');

  // A server of the old cluster has no business here, and a disk that is emptied learns all of it.
  const stray = made.startServer(3, { dataDir: old.dataDir('server-3') });
  await fails(t, stray, { exitCode: 3, code: 'FOREIGN_CLUSTER' });
  await made.kill(3);
  rmSync(made.dataDir('server-3'), { recursive: true });
  await made.startServer(3);
  await until(
    'the emptied one agrees',
    async () => {
      const { applied: slot } = await made.status(1);
      return (await hash(made, 3, slot)) === (await hash(made, 1, slot));
    },
    60_000,
  );
  t.same((await page(made, 3, direct, lala.token)).groups, secret.groups);
  for (const id of [1, 2]) await made.kill(id);
  for (const id of [1, 2]) await made.startServer(id);
  await made.leader();
  t.same((await page(made, 1, direct, lala.token)).groups, secret.groups, 'also after a restart');
});

t.test('a log whose beginning is gone begins later in the new cluster, too', async (t) => {
  const small = { segmentBytes: 64 << 10, retainBytes: 128 << 10 };
  const old = await start(t, new Cluster(), small);
  const user = await User.at(old.server(1).address, 'Aaron');
  await until(
    'the log is cut',
    async () => {
      await user.say(room, ...Array.from({ length: 20 }, () => 'x'.repeat(400)));
      return (await page(old, 1, room, user.token)).groups[0]?.firstEvent !== 1;
    },
    60_000,
  );
  const file = await stopAndSave(old);
  t.ok(inspectSnapshot(file).firstKept > 1);
  const made = new Cluster();
  await restoreSnapshot(file, made.directory, 3, silentLogger);
  await start(t, made);
  const after = await page(made, 2, room, user.token);
  t.ok((after.groups[0]?.firstEvent ?? 0) > 1, `it begins with event ${after.groups[0]?.firstEvent}`);
  const other = await User.at(made.server(2).address, 'Other');
  t.match(await other.say(room, 'next'), { outcomes: [{ n: after.headN + 1 }] });
});

t.test('damage anywhere is noticed', async (t) => {
  const old = await start(t, new Cluster());
  const user = await User.at(old.server(1).address, 'Aaron');
  await user.say(room, 'one', 'two');
  const file = await stopAndSave(old);
  const sound = readFileSync(file);
  const damaged = (bytes: Uint8Array): unknown => {
    writeFileSync(file, bytes);
    try {
      return inspectSnapshot(file);
    } catch (error) {
      return error instanceof ExitError ? error.exitCode : error;
    }
  };
  for (let at = 0; at < sound.length; at++) {
    const bytes = Buffer.from(sound);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    const found = damaged(bytes);
    if (found !== 7) t.equal(found, 7, `a bit of byte ${at}`);
  }
  for (let length = 0; length < sound.length; length++) {
    const found = damaged(sound.subarray(0, length));
    if (found !== 7) t.equal(found, 7, `cut off at ${length}`);
  }
  t.equal(damaged(Buffer.concat([sound, Buffer.of(0)])), 7, 'a byte more');
  truncateSync(file, 10);
  const target = path.join(old.directory, 'restored');
  await fails(t, restoreSnapshot(file, target, 3, silentLogger), { exitCode: 7 }, 'and not restored');
  throws(() => inspectSnapshot(`${file}.none`), { exitCode: 3 });
  t.type(damaged(sound), 'object', 'the sound one is sound');
});
