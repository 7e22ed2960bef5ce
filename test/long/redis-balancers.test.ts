/** Two balancers, a registry and three servers as processes: each is killed in turn, and everything goes on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import t from 'tap';
import { askOnce } from '../../src/client/index.js';
import { freePort } from '../support/ports.js';
import { Program, runToEnd } from '../support/program.js';
import { noRedis, RedisServer } from '../support/redis-server.js';
import { until } from '../support/until.js';

t.setTimeout(200_000);

const deadlineMs = 30_000;
const password = 'geheim-und-lang';

/** Processes on ports and directories of their own; a part is started again where it was. */
class Stage {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'synod-registry-'));
  readonly #ports = new Map<string, number>();
  readonly #latest = new Map<string, Program>();
  readonly everything: Program[] = [];
  readonly redis: RedisServer;

  constructor(redis: RedisServer) {
    this.redis = redis;
  }

  async address(name: string): Promise<string> {
    const port = this.#ports.get(name) ?? (await freePort());
    this.#ports.set(name, port);
    return `127.0.0.1:${port}`;
  }

  async balancers(): Promise<string> {
    return `${await this.address('a')},${await this.address('b')}`;
  }

  program(name: string): Program {
    const program = this.#latest.get(name);
    if (program === undefined) throw new Error(`${name} was never started`);
    return program;
  }

  run(name: string, args: readonly string[]): Program {
    const program = new Program('synod', args, { env: { XDG_CONFIG_HOME: this.#root } });
    this.#latest.set(name, program);
    this.everything.push(program);
    return program;
  }

  async balancer(name: 'a' | 'b'): Promise<Program> {
    const registry = `redis://:${password}@127.0.0.1:${this.redis.port}/4`;
    const where = ['--listen', await this.address(name), '--data-dir', path.join(this.#root, name)];
    return this.run(name, ['balancer', ...where, '--registry', registry]);
  }

  async server(id: number): Promise<Program> {
    const name = `${id}`;
    const where = ['--listen', await this.address(name), '--data-dir', path.join(this.#root, name)];
    return this.run(name, ['server', '--id', name, ...where, '--balancer', await this.balancers()]);
  }

  async ready(...names: string[]): Promise<void> {
    for (const name of names) {
      await this.program(name).waitForLine('READY', (line) => line.startsWith('READY'), deadlineMs);
    }
  }

  /** kill -9. */
  async kill(name: string): Promise<void> {
    await this.program(name).kill();
  }

  /** A balancer without its directory. */
  forget(name: 'a' | 'b'): void {
    rmSync(path.join(this.#root, name), { recursive: true });
  }

  /** One line, sent by a client that asks both balancers; its exit code and what it printed. */
  async say(text: string): Promise<string> {
    const args = ['send', '--name', 'amy', '--balancer', await this.balancers(), '--timeout', '20s', '--', text];
    const { code, stdout, stderr } = await runToEnd('synod', args, deadlineMs, {
      env: { XDG_CONFIG_HOME: this.#root },
    });
    return `${code} ${stdout}${stderr}`;
  }

  /** The cluster that this balancer has sealed, once it knows three live servers. */
  async cluster(name: 'a' | 'b', live = 3): Promise<string> {
    const address = await this.address(name);
    return await until(`balancer ${name} to know ${live} live servers`, deadlineMs, async () => {
      const asked = await askOnce({ address, timeoutMs: 2_000 }, (operator) => operator.members());
      if (!asked.ok || !asked.answer.sealed || asked.answer.members.filter((member) => member.live).length !== live)
        return undefined;
      return Buffer.from(asked.answer.clusterId).toString('hex');
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.everything.map((program) => program.kill()));
    rmSync(this.#root, { recursive: true, force: true });
  }
}

t.test('two balancers share a seal; each part is killed in turn', { skip: noRedis }, async (t) => {
  const redis = await RedisServer.start('--appendonly', 'yes', '--requirepass', password);
  const stage = new Stage(redis);
  t.teardown(async () => {
    await stage.end();
    await redis.end();
  });
  await Promise.all([stage.balancer('a'), stage.balancer('b')]);
  await Promise.all([1, 2, 3].map((id) => stage.server(id)));
  await stage.ready('a', 'b', '1', '2', '3');
  const cluster = await stage.cluster('a');
  t.equal(await stage.cluster('b'), cluster, 'one cluster');
  t.match(await stage.say('one'), /^0 committed #lobby 1 /);

  for (const name of ['a', 'b'] as const) {
    await stage.kill(name);
    t.match(await stage.say(`without ${name}`), /^0 committed/, `balancer ${name} is gone: clients ask the other one`);
    await stage.kill('2');
    await stage.server(2);
    await stage.ready('2');
    stage.forget(name);
    await stage.balancer(name);
    await stage.ready(name);
    t.equal(await stage.cluster(name), cluster, 'started without its data it knows the cluster from Redis');
  }
  for (const id of [1, 2, 3]) {
    await stage.kill(`${id}`);
    t.match(await stage.say(`without server ${id}`), /^0 committed/);
    t.equal(await stage.cluster('a', 2), cluster);
    await stage.server(id);
    await stage.ready(`${id}`);
  }

  await redis.kill();
  await stage.program('a').waitForText('registry-unusable', deadlineMs);
  t.match(await stage.say('without Redis'), /^0 committed/, 'balancers go on with what they know');
  await stage.kill('a');
  await stage.balancer('a');
  await stage.ready('a');
  t.equal(await stage.cluster('a'), cluster, 'a balancer with its data starts without Redis');
  await stage.kill('b');
  stage.forget('b');
  const empty = await stage.balancer('b');
  await empty.waitForText('it is waited for', deadlineMs);
  t.notOk(empty.lines.length, 'one without its data waits: it cannot know whether there is a seal');
  await redis.start();
  await stage.ready('b');
  t.equal(await stage.cluster('b'), cluster);

  await stage.kill('1');
  await stage.kill('2');
  await stage.kill('3');
  await Promise.all([1, 2, 3].map((id) => stage.server(id)));
  await stage.ready('1', '2', '3');
  t.match(await stage.say('at the end'), /^0 committed #lobby 8 /);
  for (const program of stage.everything) {
    t.notMatch(program.stderr + program.lines.map(({ text }) => text).join(), password, 'no password is ever printed');
  }
  for (const name of ['a', 'b'] as const) {
    stage.program(name).signal('SIGTERM');
    t.equal((await stage.program(name).waitForExit(deadlineMs)).code, 0);
  }
});

t.test('what a balancer is told wrongly', { skip: noRedis }, async (t) => {
  const redis = await RedisServer.start();
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-registry-'));
  t.teardown(async () => {
    await redis.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const start = (registry: string) => {
    const args = ['balancer', '--listen', '127.0.0.1:0', '--data-dir', path.join(folder, 'b'), '--registry', registry];
    return runToEnd('synod', args, deadlineMs);
  };
  t.match(await start('geheim'), { code: 2, stderr: /--registry takes redis:\/\// });
  t.match(await start(`redis://amy:geheim@127.0.0.1:${redis.port}/1`), { code: 3, stderr: /user or password/ });
  t.match(await start(`redis://127.0.0.1:${redis.port}/77`), { code: 3, stderr: /no such database/ });
  await redis.client.set('synod:seal', 'mine');
  const wrong = await start(`redis://127.0.0.1:${redis.port}`);
  t.match(wrong, { code: 3, stderr: /key 'synod:seal', holds something else.*redis-cli DEL/ });
  const several = await runToEnd(
    'synod',
    ['server', '--id', '0', '--balancer', '127.0.0.1:1,127.0.0.1:2', '--memory', '--listen', '127.0.0.1:0'],
    deadlineMs,
  );
  t.match(several, { code: 2, stderr: /several balancers cannot give out numbers.*--id N/ });
});

t.test('through TLS, with a CA that is named, and without', { skip: noRedis }, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-registry-tls-'));
  const pem = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  const file = (name: string, text: string): string => {
    const place = path.join(folder, name);
    writeFileSync(place, text);
    return place;
  };
  const ca = file('cert.pem', pem.cert);
  const tlsPort = await freePort();
  const keys = ['--tls-cert-file', ca, '--tls-key-file', file('key.pem', pem.private), '--tls-ca-cert-file', ca];
  const redis = await RedisServer.start('--tls-port', `${tlsPort}`, ...keys, '--tls-auth-clients', 'no');
  t.teardown(async () => {
    await redis.end();
    rmSync(folder, { recursive: true, force: true });
  });
  const where = ['--listen', '127.0.0.1:0', '--data-dir', path.join(folder, 'b')];
  const args = ['balancer', ...where, '--registry', `rediss://127.0.0.1:${tlsPort}/0`];
  const refused = await runToEnd('synod', args, deadlineMs);
  t.match(refused, { code: 3, stderr: /certificate that is not trusted: name its CA with NODE_EXTRA_CA_CERTS/ });
  const program = new Program('synod', args, { env: { NODE_EXTRA_CA_CERTS: ca } });
  t.teardown(() => program.kill());
  await program.waitForLine('READY', (line) => line.startsWith('READY balancer'), deadlineMs);
  t.notMatch(program.stderr, /Warning/);
  program.signal('SIGTERM');
  t.equal((await program.waitForExit(deadlineMs)).code, 0);
});
