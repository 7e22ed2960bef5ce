/**
 * The mirror as a process on a real Redis: killed again and again, in twos, on a Redis that dies, fills up and hangs.
 */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { Authority } from '../support/certificates.js';
import { Cluster } from '../support/cluster.js';
import { freePort } from '../support/ports.js';
import { Program, runToEnd } from '../support/program.js';
import { noRedis, RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

type Tap = typeof t;

t.setTimeout(230_000);

const deadlineMs = 40_000;

/** A message as `tail --json` and the stream both tell it. */
interface Told {
  readonly room: string;
  readonly n: number;
  readonly slot: number;
  readonly from: string;
  readonly text: string;
  readonly time: string;
}

async function tail(cluster: Cluster, room: string): Promise<Told[]> {
  const args = ['tail', '--json', '--room', room, '--balancer', cluster.balancerAddress];
  const { code, stdout, stderr } = await runToEnd('synod', args, deadlineMs);
  if (code !== 0) throw new Error(`tail ended with ${code}: ${stderr}`);
  const events = stdout.split('\n').filter((line) => line !== '');
  return events
    .map((line) => JSON.parse(line) as Told & { event: string })
    .filter(({ event }) => event === 'message')
    .map(({ room, n, slot, from, text, time }) => ({ room, n, slot, from, text, time }));
}

async function stream(redis: RedisServer, room: string): Promise<Told[]> {
  const entries = await redis.client.xrange(`synod:${room}`, '-', '+');
  return entries.map(([id, list]) => {
    const fields = new Map<string, string>();
    for (let i = 0; i < list.length; i += 2) fields.set(list[i] as string, list[i + 1] as string);
    const text = (name: string): string => fields.get(name) ?? '';
    if (id !== `${text('n')}-0`) throw new Error(`entry ${id} has the number ${text('n')}`);
    const number = { n: Number(text('n')), slot: Number(text('slot')) };
    return { room: text('room'), ...number, from: text('from'), text: text('text'), time: text('time') };
  });
}

async function equal(t: Pick<Tap, 'same'>, cluster: Cluster, redis: RedisServer, room: string): Promise<void> {
  const said = await tail(cluster, room);
  await until(
    `${said.length} entries of ${room}`,
    deadlineMs,
    async () => (await redis.client.xlen(`synod:${room}`)) >= said.length,
    () => cluster.describe(),
  );
  t.same(await stream(redis, room), said, `${said.length} messages of ${room}`);
}

/** Lines are sent all the time, as fast as they are committed, until `stop`. */
class Chatter {
  #stopped = false;
  readonly #cluster: Cluster;
  readonly #done: Promise<void>;

  constructor(cluster: Cluster, room: string) {
    this.#cluster = cluster;
    this.#done = this.#run(room);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
  }

  async #run(room: string): Promise<void> {
    for (let round = 0; !this.#stopped; round++) {
      const input = Array.from({ length: 400 }, (_, i) => `${round}.${i} 🌍 "x"\n`).join('');
      await say(this.#cluster, room, input);
    }
  }
}

async function say(cluster: Cluster, room: string, input: string): Promise<void> {
  const env = { XDG_CONFIG_HOME: cluster.root };
  const args = ['send', '--name', 'amy', '--room', room, '--balancer', cluster.balancerAddress, '--timeout', '30s'];
  const { code, stderr } = await runToEnd('synod', args, deadlineMs, { input, env });
  if (code !== 0) throw new Error(`send ended with ${code}: ${stderr.slice(-500)}`);
}

function mirror(cluster: Cluster, redis: RedisServer, ...more: string[]): Program {
  return cluster.run('synod', ['mirror', '--to', redis.url, '--balancer', cluster.balancerAddress, ...more]);
}

async function ready(program: Program): Promise<Program> {
  await program.waitForLine('READY', (line) => line.startsWith('READY mirror redis://'), deadlineMs);
  return program;
}

async function setup(t: Pick<Tap, 'teardown'>, ...flags: string[]): Promise<{ cluster: Cluster; redis: RedisServer }> {
  const [cluster, redis] = await Promise.all([Cluster.start(), RedisServer.start(...flags)]);
  t.teardown(async () => {
    await cluster.stop();
    await redis.end();
  });
  return { cluster, redis };
}

t.test('two mirrors, killed in the middle again and again', { skip: noRedis }, async (t) => {
  const { cluster, redis } = await setup(t as Tap, '--appendonly', 'yes');
  const chatter = new Chatter(cluster, '#lobby');
  t.teardown(() => chatter.stop());
  await say(cluster, '#ops', 'one\ntwo\n');
  const steady = await ready(mirror(cluster, redis, '--room', 'lobby'));
  for (let kills = 0; kills < 12; kills++) {
    const before = await redis.client.xlen('synod:#lobby');
    const one = mirror(cluster, redis);
    await ready(one);
    if (kills === 4) await steady.kill();
    await until('entries', deadlineMs, async () => (await redis.client.xlen('synod:#lobby')) > before);
    await one.kill();
  }
  // Redis is killed, and a server, while it writes.
  const last = await ready(mirror(cluster, redis));
  const beside = await ready(mirror(cluster, redis));
  for (const id of [1, 2]) {
    await redis.kill();
    await last.waitForText('redis-unusable', deadlineMs);
    await cluster.killServer(id);
    await redis.start();
    await cluster.startServer(id);
    const before = await redis.client.xlen('synod:#lobby');
    await until('entries', deadlineMs, async () => (await redis.client.xlen('synod:#lobby')) > before);
  }
  await cluster.restartBalancer(false);
  await redis.client.flushall();
  await chatter.stop();
  await equal(t as Tap, cluster, redis, '#lobby');
  await equal(t as Tap, cluster, redis, '#ops');
  for (const program of [last, beside]) {
    program.signal('SIGTERM');
    t.equal((await program.waitForExit(deadlineMs)).code, 0);
  }
});

t.test('a Redis that is full, that hangs, that is no primary', { skip: noRedis }, async (t) => {
  const { cluster, redis } = await setup(t as Tap);
  const program = await ready(mirror(cluster, redis));
  await say(cluster, '#lobby', 'one\n');
  await equal(t as Tap, cluster, redis, '#lobby');

  await redis.client.config('SET', 'maxmemory', '1');
  await say(cluster, '#lobby', 'two\nthree\n'.repeat(2_000));
  await program.waitForText('"code":"OOM"', deadlineMs);
  const restBytes = await program.residentBytes();
  await say(cluster, '#lobby', `${'x'.repeat(2_000)}\n`.repeat(10_000));
  t.ok((await program.residentBytes()) < restBytes + (20 << 20), 'what Redis does not take is not read from the chat');
  t.equal(await redis.client.xlen('synod:#lobby'), 1);
  await redis.client.config('SET', 'maxmemory', '0');
  await equal(t as Tap, cluster, redis, '#lobby');
  await program.waitForText('redis-usable', deadlineMs);

  redis.pause();
  await say(cluster, '#lobby', 'four\n');
  await program.waitForText('"code":"TIMEOUT"', deadlineMs);
  redis.resume();
  await equal(t as Tap, cluster, redis, '#lobby');

  await redis.client.replicaof('127.0.0.1', 1);
  await say(cluster, '#lobby', 'five\n');
  await program.waitForText('"code":"READONLY"', deadlineMs);
  await redis.client.replicaof('NO', 'ONE');
  await equal(t as Tap, cluster, redis, '#lobby');

  const told = program.stderr.split('\n').filter((line) => line.includes('redis-unusable'));
  t.ok(told.length <= 6, `each trouble is told once, not at each attempt: ${told.length} lines`);
  const trimmed = await ready(mirror(cluster, redis, '--prefix', 'short:', '--trim', '100', '--room', '#lobby'));
  const head = (await tail(cluster, '#lobby')).length;
  await until('the short stream', deadlineMs, async () => {
    const [last] = await redis.client.xrevrange('short:#lobby', '+', '-', 'COUNT', 1);
    return last?.[0] === `${head}-0`;
  });
  t.ok((await redis.client.xlen('short:#lobby')) < 400);
  trimmed.signal('SIGTERM');
  t.equal((await trimmed.waitForExit(deadlineMs)).code, 0);

  // Somebody takes a key: the mirror ends and says which.
  await redis.client.del('synod:#lobby');
  await redis.client.set('synod:#lobby', 'mine');
  await say(cluster, '#lobby', 'six\n');
  t.equal((await program.waitForExit(deadlineMs)).code, 3);
  t.match(program.stderr, /key 'synod:#lobby' or 'synod:cluster', holds something else.*redis-cli DEL/);
});

t.test('new certificates without a restart', { skip: noRedis }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-mirror-'));
  const programs: Program[] = [];
  const redis = await RedisServer.start();
  t.teardown(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await redis.end();
    rmSync(folder, { recursive: true });
  });
  const start = async (word: string, ...args: string[]): Promise<Program> => {
    const program = new Program('synod', [word, ...args], { cwd: folder });
    programs.push(program);
    await program.waitForLine('READY', (line) => line.startsWith(`READY ${word}`), deadlineMs);
    return program;
  };
  const [ours, theirs] = await Promise.all(
    ['ours', 'theirs'].map((name) => Authority.make(path.join(folder, name), Date.now())),
  );
  const { ca, cert, key } = await ours!.sign('node');
  const certified = ['--tls-ca', ca, '--tls-cert', cert ?? '', '--tls-key', key ?? ''];
  const [balancer, address] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  await start('balancer', '--listen', balancer, '--servers', '1', '--data-dir', 'balancer', ...certified);
  const serving = ['--id', '1', '--listen', address, '--balancer', balancer, '--data-dir', 'server', ...certified];
  const server = await start('server', ...serving);
  const trusted = path.join(folder, 'trusted.pem');
  copyFileSync(ca, trusted);
  const program = await start('mirror', '--to', redis.url, '--server', address, '--tls-ca', trusted);

  writeFileSync(trusted, 'no certificate');
  program.signal('SIGHUP');
  await program.waitForText('certificates-not-read', deadlineMs);
  copyFileSync(theirs!.ca, trusted);
  program.signal('SIGHUP');
  await program.waitForText('certificates-read-again', deadlineMs);
  await server.kill();
  await start('server', ...serving);
  await program.waitForText('not signed by the CA in --tls-ca', deadlineMs);
  copyFileSync(ca, trusted);
  program.signal('SIGHUP');
  await program.waitForText('servers-reached', deadlineMs);
  t.equal(program.exit, undefined);
});

t.test('what a mirror is told wrongly', { skip: noRedis }, async (t) => {
  const redis = await RedisServer.start();
  t.teardown(() => redis.end());
  const run = (...args: string[]) => runToEnd('synod', ['mirror', ...args], deadlineMs);
  t.match(await run(), { code: 2, stderr: /Give --to redis:/ });
  t.match(await run('--to', 'geheim'), { code: 2, stderr: /--to takes redis:/ });
  t.notMatch((await run('--to', 'redis://amy:geheim@h/x')).stderr, /geheim/);
  t.match(await run('--to', redis.url, '--room', '@amy,bob'), { code: 2, stderr: /never copied/ });
  t.match(await run('--to', redis.url, '--trim', '0'), { code: 2 });
  const refused = await run('--to', `redis://amy:geheim@127.0.0.1:${redis.port}`);
  t.match(refused, { code: 3, stderr: /does not accept the user or password/ });
  t.notMatch(refused.stderr, /geheim/);
});
