/** Balancers that share a registry: however they race, they seal one cluster; and what they do while it is away. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t from 'tap';
import { ExitError, type LogFields, type Logger, Prng, silentLogger, toHex } from '../../src/base/index.js';
import {
  type BalancerHandle,
  RegistryUnavailable,
  type Seal,
  type SealRegistry,
  startBalancer,
} from '../../src/daemon/index.js';
import type { MakeClient } from '../../src/redis/connection.js';
import { type RedisAddress, RedisRegistry } from '../../src/redis/index.js';
import type { MessageOf } from '../../src/wire/index.js';
import { Raw, until } from '../daemon/raw.js';
import { ask, scrape } from '../support/http-pages.js';
import { mockAt, mockClient } from '../support/mock-redis.js';
import { noRedis, RedisServer } from '../support/redis-server.js';

type Tap = typeof t;

t.setTimeout(120_000);

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);
const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);

/** A registry that takes its time, and now and then fails before or after it did what it was asked. */
class Flaky implements SealRegistry {
  readonly shown: string;
  isDown = false;
  readonly #inner: RedisRegistry;
  readonly #random: Prng;
  readonly #failures: number;

  /** `failures` in a hundred. */
  constructor(inner: RedisRegistry, random: Prng, failures: number) {
    this.shown = inner.shown;
    this.#inner = inner;
    this.#random = random;
    this.#failures = failures;
  }

  async offer(seal: Seal | undefined, mayMove: boolean): Promise<Seal | undefined> {
    await this.#delay();
    this.#fail();
    const standing = await this.#inner.offer(seal, mayMove);
    await this.#delay();
    this.#fail();
    return standing;
  }

  close(): void {
    this.#inner.close();
  }

  #fail(): void {
    const isLost = this.#failures > 0 && this.#random.chance(this.#failures, 100);
    if (this.isDown || isLost) throw new RegistryUnavailable('TEST', 'the test took it away');
  }

  async #delay(): Promise<void> {
    const ms = this.#random.below(4);
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

class Notes implements Logger {
  readonly lines: { readonly event: string; readonly fields: LogFields }[] = [];
  debug(): void {}
  info(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }
  warn(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }
  error(event: string, fields: LogFields = {}): void {
    this.lines.push({ event, fields });
  }
  child(): Logger {
    return this;
  }
  count(event: string): number {
    return this.lines.filter((line) => line.event === event).length;
  }
}

interface Redis {
  readonly address: RedisAddress;
  readonly make: MakeClient | undefined;
}

/** Balancers on one registry, each with a directory of its own. */
class Stage {
  readonly #root = mkdtempSync(path.join(tmpdir(), 'synod-sealing-'));
  readonly #redis: Redis;
  readonly #running: BalancerHandle[] = [];
  #directories = 0;

  constructor(t: Pick<Tap, 'teardown'>, redis: Redis) {
    this.#redis = redis;
    t.teardown(() => this.end());
  }

  registry(random = new Prng(1), failures = 0): Flaky {
    return new Flaky(new RedisRegistry(this.#redis.address, this.#redis.make), random, failures);
  }

  newDirectory(): string {
    return path.join(this.#root, `${this.#directories++}`);
  }

  async start(
    registry: SealRegistry,
    more: { dataDir?: string; logger?: Logger; signal?: AbortSignal; servers?: number; http?: string } = {},
  ): Promise<BalancerHandle> {
    const { dataDir = this.newDirectory(), logger = silentLogger, servers = 3, signal, http } = more;
    const optional = { ...(signal && { signal }), ...(http && { http }) };
    const options = { listen: '127.0.0.1:0', servers, dataDir, logger, registry, ...optional };
    const balancer = await startBalancer(options);
    this.#running.push(balancer);
    return balancer;
  }

  async end(): Promise<void> {
    Raw.endAll();
    await Promise.all(this.#running.map((balancer) => balancer.destroy()));
    rmSync(this.#root, { recursive: true, force: true });
  }
}

interface Shown {
  readonly birth?: number;
  readonly clusterId?: Uint8Array;
  readonly port?: number;
}

async function join(balancer: BalancerHandle, id: number, shown: Shown = {}): Promise<Raw> {
  const { birth = 100 + id, clusterId, port = 9000 + id } = shown;
  const raw = await Raw.welcomed(balancer.address, {
    role: 'registrant',
    serverId: id,
    incarnation: 1000 + id,
    birthId: bytes(birth),
    ...(clusterId && { clusterId, epoch: 1 }),
  });
  const members = clusterId === undefined ? [] : [1, 2, 3].map((one) => ({ id: one, birthId: bytes(100 + one) }));
  raw.send({ type: 'join', serverId: id, address: `127.0.0.1:${port}`, members });
  return raw;
}

const clusterOf = ({ clusterId }: MessageOf<'sealed'>): string => toHex(clusterId);

/** Three servers come to all balancers in the order of `random`; everybody hears of a seal. */
async function race(stage: Stage, random: Prng, balancers: number, failures: number): Promise<Set<string>> {
  const running = await Promise.all(
    Array.from({ length: balancers }, () => stage.start(stage.registry(random, failures))),
  );
  const pairs = running.flatMap((balancer) => [1, 2, 3].map((id) => ({ balancer, id })));
  const links = await Promise.all(
    random.shuffle(pairs).map(async ({ balancer, id }) => {
      await new Promise((resolve) => setTimeout(resolve, random.below(5)));
      return await join(balancer, id);
    }),
  );
  const heard = await Promise.all(links.map(async (link) => clusterOf(await link.take('sealed'))));
  const late = await stage.start(stage.registry());
  return new Set([...heard, clusterOf(await (await join(late, 2)).take('sealed'))]);
}

t.test('races on ioredis-mock', async (t) => {
  t.comment(`SYNOD_SEED=${seed}`);
  for (let round = 0; round < 40; round++) {
    const stage = new Stage(t as Tap, { address: addressOf(round + 1), make: mockClient });
    const random = new Prng(seed + round);
    const clusters = await race(stage, random, 2 + (round % 2), round % 8 === 0 ? 20 : 0);
    t.equal(clusters.size, 1, `round ${round}: one cluster`);
    await stage.end();
  }
});

t.test('races on a real redis-server', { skip: noRedis }, async (t) => {
  const redis = await RedisServer.start();
  t.teardown(() => redis.end());
  for (let round = 0; round < 25; round++) {
    await redis.client.flushall();
    const stage = new Stage(t as Tap, { address: addressOf(redis.port), make: undefined });
    const clusters = await race(stage, new Prng(seed + round), 3, 0);
    t.equal(clusters.size, 1, `round ${round}: one cluster`);
    await stage.end();
  }
});

let nextPort = 1000;
const mock = (): Redis => ({ address: addressOf(nextPort++), make: mockClient });

t.test('a balancer that saw only some of the servers hears of the seal', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const [a, b] = [await stage.start(stage.registry()), await stage.start(stage.registry())];
  const early = await join(b, 1);
  await early.take('waiting');
  const links = await Promise.all([1, 2, 3].map((id) => join(a, id)));
  const sealed = await (links[0] as Raw).take('sealed');
  t.equal(clusterOf(await early.take('sealed')), clusterOf(sealed));
});

t.test('without the registry nothing is sealed, and as soon as it is back, it is', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const registry = stage.registry();
  const logger = new Notes();
  const balancer = await stage.start(registry, { logger });
  registry.isDown = true;
  const links = await Promise.all([1, 2, 3].map((id) => join(balancer, id)));
  await until('the trouble to be told', () => logger.count('registry-unusable') === 1);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  t.notOk(
    links.some(({ received }) => received.some(({ type }) => type === 'sealed')),
    'two more attempts later nobody has heard of a seal',
  );
  t.equal(logger.count('registry-unusable'), 1, 'told once');
  registry.isDown = false;
  for (const link of links) t.ok(await link.take('sealed'));
  t.equal(logger.count('registry-usable'), 1);
});

t.test('a balancer that stops while it waits for the registry ends in order', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const registry = stage.registry();
  const balancer = await stage.start(registry);
  registry.isDown = true;
  await Promise.all([1, 2, 3].map((id) => join(balancer, id)));
  t.match(await balancer.stop(), { exitCode: 0, code: 'STOPPED' });
});

t.test('a start without a seal of its own waits for the registry, until it is told to end', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const registry = stage.registry();
  registry.isDown = true;
  const logger = new Notes();
  const starting = stage.start(registry, { logger });
  await until('the trouble to be told', () => logger.count('registry-unusable') === 1);
  registry.isDown = false;
  t.ok((await starting).address);
  const other = stage.registry();
  other.isDown = true;
  const ending = new AbortController();
  const ended = stage.start(other, { signal: ending.signal });
  ending.abort();
  await t.rejects(ended, { exitCode: 0, code: 'STOPPED' });
});

t.test('its pages say what it waits for, and go with it', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const registry = stage.registry();
  registry.isDown = true;
  const logger = new Notes();
  const starting = stage.start(registry, { logger, http: '127.0.0.1:0' });
  const pages = await until(
    'the pages',
    () => logger.lines.find(({ event }) => event === 'http-listening')?.fields.address as string | undefined,
  );
  await until('the trouble to be told', () => logger.count('registry-unusable') === 1);
  t.equal((await ask(pages, '/livez')).status, 200);
  t.match(await ask(pages, '/readyz'), { status: 503, body: `the registry ${registry.shown} is waited for\n` });
  t.match(JSON.parse((await ask(pages, '/status')).body), { sealed: false, size: 3, servers: [] });
  const waiting = await scrape(pages);
  t.same([waiting.get('synod_ready'), waiting.get('synod_balancer_registry_ok')], [0, 0]);
  registry.isDown = false;
  const balancer = await starting;
  t.equal(balancer.http, pages);
  t.match(await ask(pages, '/readyz'), { status: 503, body: /^not sealed: 0 of 3/ });
  const running = await scrape(pages);
  t.same([running.get('synod_balancer_registry_ok'), running.get('synod_balancer_sealed')], [1, 0]);
  await balancer.stop();
  await t.rejects(ask(pages, '/livez'), 'closed');

  const other = stage.registry();
  other.isDown = true;
  const notes = new Notes();
  const ended = stage.start(other, { logger: notes, http: pages, signal: AbortSignal.timeout(300) });
  await t.rejects(ended, { exitCode: 0, code: 'STOPPED' });
  t.equal(notes.count('http-listening'), 1);
  await t.rejects(ask(pages, '/livez'), 'a start that ends takes them with it');
});

t.test('with a seal of its own it starts without the registry, and shows the seal once it is there', async (t) => {
  const redis = mock();
  const stage = new Stage(t as Tap, redis);
  const dataDir = stage.newDirectory();
  const first = await stage.start(stage.registry(), { dataDir });
  const links = await Promise.all([1, 2, 3].map((id) => join(first, id)));
  const cluster = clusterOf(await (links[0] as Raw).take('sealed'));
  await first.stop();
  await mockAt(redis.address.port).flushall();
  const registry = stage.registry();
  registry.isDown = true;
  const again = await stage.start(registry, { dataDir });
  t.equal(clusterOf(await (await join(again, 3)).take('sealed')), cluster);
  registry.isDown = false;
  const other = stage.registry();
  const shown = await until('the registry to hold it again', () => other.offer(undefined, false));
  t.equal(toHex(shown.clusterId), cluster);
});

t.test('the registry of another cluster', async (t) => {
  const redis = mock();
  const stage = new Stage(t as Tap, redis);
  const members = [1, 2, 3].map((id) => ({ id, birthId: bytes(200 + id), address: `h:${id}` }));
  const foreign: Seal = { clusterId: bytes(77), epoch: 1, members, joining: [] };
  const dataDir = stage.newDirectory();
  const logger = new Notes();
  const first = await stage.start(stage.registry(), { dataDir, logger });
  await Promise.all([1, 2, 3].map((id) => join(first, id))).then(([one]) => one?.take('sealed'));
  await mockAt(redis.address.port).flushall();
  await stage.registry().offer(foreign, false);
  await until('it to be told', () => logger.lines.some(({ fields }) => fields.code === 'FOREIGN_CLUSTER'));
  t.ok(await (await join(first, 2)).take('sealed'), 'a running balancer goes on with what it knows');
  await first.stop();
  const refused = { exitCode: 3, code: 'FOREIGN_CLUSTER', message: /4d4d4d4d.*one database per cluster/ };
  await t.rejects(stage.start(stage.registry(), { dataDir }), refused, 'at a start it is refused');
  await mockAt(redis.address.port).flushall();
  const late = await stage.start(stage.registry());
  await Promise.all([1, 2].map((id) => join(late, id)));
  const elsewhere = stage.registry();
  await elsewhere.offer(foreign, false);
  await join(late, 3);
  // Either it hears of the seal first and refuses servers that are no members, or it loses the race and stops.
  t.match(await Promise.race([late.closed, (await join(late, 9)).ended()]), { code: /FOREIGN_CLUSTER|UNKNOWN_ID/ });
});

t.test('a balancer that comes back empty knows a membership that changed meanwhile', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const a = await stage.start(stage.registry());
  const links = await Promise.all([1, 2, 3].map((id) => join(a, id)));
  const { clusterId } = await (links[0] as Raw).take('sealed');
  const b = await stage.start(stage.registry());
  const watcher = await join(b, 2, { clusterId });
  await watcher.take('sealed');
  const seats = [1, 2, 4].map((id) => ({
    id,
    birthId: bytes(100 + id),
    address: `127.0.0.1:${9000 + id}`,
    takes: 0,
    votes: true,
  }));
  (links[0] as Raw).send({ type: 'seats', request: 0, epoch: 2, governing: true, votes: true, seats });
  const changed = await watcher.take('sealed', ({ epoch }) => epoch === 2);
  t.same(
    changed.members.map(({ id }) => id),
    [1, 2, 4],
    'the other balancer learns of it through the registry',
  );
  const empty = await stage.start(stage.registry());
  t.equal((await (await join(empty, 4, { clusterId })).take('sealed')).epoch, 2);
});

t.test('addresses that moved are there after a restart without data', async (t) => {
  const stage = new Stage(t as Tap, mock());
  const a = await stage.start(stage.registry());
  const links = await Promise.all([1, 2, 3].map((id) => join(a, id)));
  const { clusterId } = await (links[0] as Raw).take('sealed');
  (links[2] as Raw).end();
  await join(a, 3, { clusterId, port: 9333 });
  const other = stage.registry();
  await until('the registry to know', async () => {
    const seal = await other.offer(undefined, false);
    return seal?.members.some(({ address }) => address === '127.0.0.1:9333');
  });
  const empty = await stage.start(stage.registry());
  const { members } = await (await join(empty, 1, { clusterId })).take('sealed');
  t.equal(members[2]?.address, '127.0.0.1:9333');
});

t.test('a registry that will never do ends a start, and not a balancer that runs', async (t) => {
  const never: SealRegistry = {
    shown: 'redis://h:1/0',
    offer: async () => {
      throw new ExitError(3, 'WRONGPASS', 'another password');
    },
    close() {},
  };
  const stage = new Stage(t as Tap, mock());
  await t.rejects(stage.start(never), { exitCode: 3, code: 'WRONGPASS' });
  const registry = stage.registry();
  const { offer } = registry;
  const logger = new Notes();
  const balancer = await stage.start(registry, { logger });
  const refusal = (): boolean => logger.lines.some(({ fields }) => fields.code === 'WRONGPASS');
  registry.offer = never.offer;
  const links = await Promise.all([1, 2, 3].map((id) => join(balancer, id)));
  await until('it to be told', refusal);
  registry.offer = offer;
  for (const link of links) t.ok(await link.take('sealed'), 'sealed as soon as somebody has mended it');
  logger.lines.length = 0;
  registry.offer = never.offer;
  await until('it to be told', refusal);
  t.ok(await (await join(balancer, 2)).take('sealed'));
});

function addressOf(port: number): RedisAddress {
  const shown = `redis://127.0.0.1:${port}/0`;
  return { host: '127.0.0.1', port, db: 0, tls: false, username: undefined, password: undefined, shown };
}
