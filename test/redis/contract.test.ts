/**
 * What synod asks of Redis, tried alike on ioredis-mock and on a real redis-server. The mock is known to lack what the
 * cases of `gaps` are about; they run on the real one only.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import type { Seal } from '../../src/daemon/index.js';
import { type MakeClient, RedisConnection } from '../../src/redis/connection.js';
import { type RedisAddress, RedisRegistry } from '../../src/redis/index.js';
import type { Post } from '../../src/redis/mirror-plan.js';
import { sealKey } from '../../src/redis/registry.js';
import { RoomStreams } from '../../src/redis/stream.js';
import { mockAt, mockClient } from '../support/mock-redis.js';
import { noRedis, RedisServer } from '../support/redis-server.js';

type Tap = typeof t;

/** The cluster that posts are of where nothing else is said. */
const home = '01'.repeat(16);

const bytes = (n: number): Uint8Array => new Uint8Array(16).fill(n);

function seal(cluster: number, epoch: number, ids: readonly number[], host = 'h', joining: number[] = []): Seal {
  const members = ids.map((id) => ({ id, birthId: bytes(100 + id), address: `${host}:${9000 + id}` }));
  return { clusterId: bytes(cluster), epoch, members, joining };
}

function post(n: number, text = `text ${n}`): Post {
  return {
    n,
    slot: 10 + n,
    from: 'aaron',
    text,
    time: '2026-01-01T00:00:00.000Z',
    kind: n % 3 === 0 ? 'action' : 'post',
  };
}

/** As much of a client as the cases need to look at what was written, and to spoil it. */
interface Bystander {
  xrange(key: string, from: string, to: string): Promise<[string, string[]][]>;
  set(key: string, value: string): Promise<unknown>;
  del(key: string): Promise<unknown>;
  hset(key: string, field: string, value: string): Promise<unknown>;
  hgetall(key: string): Promise<Record<string, string>>;
  xlen(key: string): Promise<number>;
}

/** One Redis, empty. */
interface Stage {
  readonly address: RedisAddress;
  readonly make: MakeClient | undefined;
  readonly look: Bystander;
}

type Case = (t: Tap, stage: Stage) => Promise<void>;

const registryOf = (t: Tap, { address, make }: Stage): RedisRegistry => {
  const registry = new RedisRegistry(address, make);
  t.teardown(() => registry.close());
  return registry;
};

const streamsOf = (t: Tap, { address, make }: Stage, trim = 0): RoomStreams => {
  const connection = new RedisConnection(address, make);
  t.teardown(() => connection.close());
  return new RoomStreams(connection, 'synod:', trim);
};

const cases: Readonly<Record<string, Case>> = {
  'the first seal stands; another cluster cannot replace it': async (t, stage) => {
    const [a, b] = [registryOf(t, stage), registryOf(t, stage)];
    t.equal(await a.offer(undefined, false), undefined, 'nothing is sealed');
    t.same(await a.offer(seal(1, 1, [1, 2, 3]), false), seal(1, 1, [1, 2, 3]));
    t.same(await b.offer(seal(2, 9, [1, 2, 3]), true), seal(1, 1, [1, 2, 3]), 'not even a newer one');
    t.same(await b.offer(undefined, false), seal(1, 1, [1, 2, 3]), 'a reader sees it');
  },
  'an older membership never replaces a newer one': async (t, stage) => {
    const registry = registryOf(t, stage);
    await registry.offer(seal(1, 1, [1, 2, 3]), false);
    t.same(await registry.offer(seal(1, 2, [1, 2, 3, 4], 'h', [4]), false), seal(1, 2, [1, 2, 3, 4], 'h', [4]));
    t.equal((await registry.offer(seal(1, 1, [1, 2, 3], 'elsewhere'), true))?.epoch, 2);
    t.equal((await registry.offer(seal(1, 2, [1, 2, 3]), true))?.members.length, 4, 'nor one that knows less');
    t.same(await registry.offer(seal(1, 10, [1, 2, 4]), false), seal(1, 10, [1, 2, 4]), 'ten is more than two');
  },
  'addresses move within an epoch only if told so': async (t, stage) => {
    const registry = registryOf(t, stage);
    await registry.offer(seal(1, 1, [1, 2, 3]), false);
    t.same(await registry.offer(seal(1, 1, [1, 2, 3], 'new'), false), seal(1, 1, [1, 2, 3]));
    t.same(await registry.offer(seal(1, 1, [1, 2, 3], 'new'), true), seal(1, 1, [1, 2, 3], 'new'));
  },
  'something else in the hash is no seal, and stays': async (t, stage) => {
    await stage.look.hset(sealKey, 'mine', 'x');
    const registry = registryOf(t, stage);
    await t.rejects(registry.offer(seal(1, 1, [1, 2, 3]), false), { code: 'DAMAGED', message: /redis-cli DEL/ });
    t.same(await stage.look.hgetall(sealKey), { mine: 'x' });
  },
  'posts are entries with the numbers of the room': async (t, stage) => {
    const streams = streamsOf(t, stage);
    t.same(await streams.top('#ops'), { id: '0-0', isClaimed: false });
    t.equal(await streams.append('#ops', home, 0, [post(1), post(2, 'ü 🌍\n"\0'), post(3)]), '3-0');
    const entries = await stage.look.xrange('synod:#ops', '-', '+');
    t.same(
      entries.map(([id]) => id),
      ['1-0', '2-0', '3-0'],
    );
    const fields = ['room', '#ops', 'n', '2', 'slot', '12', 'from', 'aaron', 'text', 'ü 🌍\n"\0'];
    t.same(entries[1]?.[1], [...fields, 'time', '2026-01-01T00:00:00.000Z', 'kind', 'post']);
    t.equal(entries[2]?.[1].at(-1), 'action');
    const top = await streams.top('#ops');
    t.equal(top.id, '3-0');
    t.equal(top.entry?.fields.get('text'), 'text 3');
  },
  'a repeated append writes nothing and says where the stream stands': async (t, stage) => {
    const [a, b] = [streamsOf(t, stage), streamsOf(t, stage)];
    await a.append('#ops', home, 0, [post(1), post(2)]);
    t.equal(await b.append('#ops', home, 0, [post(1), post(2)]), '2-0');
    t.equal(await b.append('#ops', home, 1, [post(2), post(3)]), '2-0', 'nor does it write a part');
    t.equal(await a.append('#ops', home, 7, [post(8)]), '2-0', 'nor leave something out');
    t.equal(await stage.look.xlen('synod:#ops'), 2);
    t.equal(await a.append('#ops', home, 2, [post(3)]), '3-0');
  },
  'a stream that is gone begins anew': async (t, stage) => {
    const streams = streamsOf(t, stage);
    await streams.append('#ops', home, 0, [post(1), post(2)]);
    await stage.look.del('synod:#ops');
    t.equal(await streams.append('#ops', home, 2, [post(3)]), '0-0');
  },
  'streams are of the cluster whose post came first, and of no other one': async (t, stage) => {
    const streams = streamsOf(t, stage);
    const other = '02'.repeat(16);
    t.equal(await streams.holder(), undefined);
    t.equal(await streams.append('#ops', home, 5, [post(6)]), '0-0', 'nothing is written, so nobody is chosen');
    t.equal(await streams.holder(), undefined);
    t.equal(await streams.append('#ops', home, 0, [post(1)]), '1-0');
    t.equal(await streams.holder(), home);
    for (const [room, after] of [
      ['#ops', 1],
      ['#ops', 0],
      ['#new', 0],
    ] as const) {
      const text = /beside 'synod:cluster' are of cluster 01010101, and cluster 02020202 answers.*another --prefix/;
      const refused = { code: 'FOREIGN_CLUSTER', exitCode: 3, message: text };
      await t.rejects(streams.append(room, other, after, [post(after + 1)]), refused);
    }
    t.equal(await stage.look.xlen('synod:#ops'), 1);
    t.same(await streams.top('#new'), { id: '0-0', isClaimed: true });
  },
  'streams that nobody knows the cluster of are nobody else’s by a new one beside them': async (t, stage) => {
    const [one, two] = [streamsOf(t, stage), streamsOf(t, stage)];
    const other = '02'.repeat(16);
    await one.append('#ops', home, 0, [post(1)]);
    await stage.look.del('synod:cluster');
    t.equal(await two.append('#new', other, 0, [post(1)]), 'unclaimed');
    t.equal(await one.append('#ops', home, 1, [post(2)]), 'unclaimed', 'not even by their own room, unless compared');
    t.equal(await one.holder(), undefined);
    t.same(await one.top('#new'), { id: '0-0', isClaimed: false });
    t.equal((await one.top('#ops')).isClaimed, false);
    await one.claim(home);
    await one.claim(home);
    await t.rejects(two.claim(other), { code: 'FOREIGN_CLUSTER', exitCode: 3 }, 'of two at once the first one');
    await t.rejects(two.append('#new', other, 0, [post(1)]), { code: 'FOREIGN_CLUSTER', exitCode: 3 });
    t.equal(await one.append('#ops', home, 1, [post(2)]), '2-0');
    t.equal(await one.append('#new', home, 0, [post(1)]), '1-0');
  },
  'what the servers no longer have is a jump in the ids': async (t, stage) => {
    const streams = streamsOf(t, stage);
    t.equal(await streams.append('#ops', home, 0, [post(41), post(42)]), '42-0');
  },
  'a thousand long posts at once': async (t, stage) => {
    const streams = streamsOf(t, stage);
    const posts = Array.from({ length: 1000 }, (_, i) => post(i + 1, 'x'.repeat(500)));
    t.equal(await streams.append('#ops', home, 0, posts), '1000-0');
    t.equal(await stage.look.xlen('synod:#ops'), 1000);
  },
};

/** The mock takes any id in any order, forgets what was deleted, does not trim, and knows no types. */
const gaps: Readonly<Record<string, (t: Tap, stage: Stage, redis: RedisServer) => Promise<void>>> = {
  'XINFO: an entry that a reader deleted does not come again': async (t, stage, { client }) => {
    const streams = streamsOf(t, stage);
    await streams.append('#ops', home, 0, [post(1), post(2)]);
    await client.xdel('synod:#ops', '2-0');
    const top = await streams.top('#ops');
    t.equal(top.id, '2-0');
    t.equal(top.entry?.id, '1-0');
    await client.xtrim('synod:#ops', 'MAXLEN', 0);
    t.same(await streams.top('#ops'), { id: '2-0', isClaimed: true });
    await client.del('synod:cluster');
    t.equal(await streams.append('#new', home, 0, [post(1)]), 'unclaimed', 'an empty one has begun, too');
    await streams.claim(home);
    t.equal(await streams.append('#ops', home, 2, [post(3)]), '3-0');
  },
  'SCAN: what is no stream, or has not begun, and streams elsewhere keep nobody from a prefix': async (
    t,
    stage,
    { client },
  ) => {
    const streams = streamsOf(t, stage);
    await client.xgroup('CREATE', 'synod:#ops', 'readers', '0', 'MKSTREAM');
    await client.set('synod:#text', 'mine');
    await client.xadd('elsewhere:#ops', '7-0', 'n', '7');
    for (let i = 0; i < 3_000; i++) await client.set(`synod:other ${i}`, '');
    t.equal(await streams.append('#ops', home, 0, [post(1)]), '1-0');
    t.equal(await streams.holder(), home);
  },
  'MAXLEN ~: the oldest entries give way': async (t, stage, { client }) => {
    const streams = streamsOf(t, stage, 100);
    const posts = Array.from({ length: 1000 }, (_, i) => post(i + 1));
    t.equal(await streams.append('#ops', home, 0, posts), '1000-0');
    const length = await client.xlen('synod:#ops');
    t.ok(length >= 100 && length < 400, `${length} entries are left`);
    t.equal(await streams.append('#ops', home, 1000, [post(1001)]), '1001-0');
  },
  'WRONGTYPE: a key of another type is refused with its name and what to do': async (t, stage, { client }) => {
    await client.set('synod:#ops', 'mine');
    const message = /key 'synod:#ops' or 'synod:cluster', holds something else.*DEL/;
    const wrong = { code: 'WRONGTYPE', kind: 'refused', message };
    await t.rejects(streamsOf(t, stage).top('#ops'), wrong);
    await t.rejects(streamsOf(t, stage).append('#ops', home, 0, [post(1)]), wrong);
    await client.set(sealKey, 'mine');
    const refused = { code: 'WRONGTYPE', exitCode: 3, message: /key 'synod:seal'/ };
    await t.rejects(registryOf(t, stage).offer(seal(1, 1, [1, 2, 3]), false), refused);
    t.equal(await client.get('synod:#ops'), 'mine', 'and stays');
  },
  'OOM: nothing is written, nothing half, and all of it once there is space': async (t, stage, { client }) => {
    const streams = streamsOf(t, stage);
    await streams.append('#ops', home, 0, [post(1)]);
    await client.config('SET', 'maxmemory', '1');
    const full = { code: 'OOM', kind: 'full', message: /is full.*free some memory/ };
    await t.rejects(streams.append('#ops', home, 1, [post(2), post(3)]), full);
    await t.rejects(registryOf(t, stage).offer(seal(1, 1, [1, 2, 3]), false), {
      name: 'RegistryUnavailable',
      code: 'OOM',
    });
    t.equal((await streams.top('#ops')).id, '1-0', 'reading goes on');
    await client.config('SET', 'maxmemory', '0');
    t.equal(await streams.append('#ops', home, 1, [post(2), post(3)]), '3-0');
  },
  'READONLY: a replica is waited for, in case it becomes the primary': async (t, stage, { client }) => {
    const streams = streamsOf(t, stage);
    await client.replicaof('127.0.0.1', 1);
    await t.rejects(streams.append('#ops', home, 0, [post(1)]), {
      code: 'READONLY',
      kind: 'full',
      message: /is a replica/,
    });
    await client.replicaof('NO', 'ONE');
    t.equal(await streams.append('#ops', home, 0, [post(1)]), '1-0');
  },
  'NOREPLICAS: waited for': async (t, stage, { client }) => {
    const streams = streamsOf(t, stage);
    await client.config('SET', 'min-replicas-to-write', '1');
    await t.rejects(streams.append('#ops', home, 0, [post(1)]), { code: 'MISCONF', kind: 'full' });
    await client.config('SET', 'min-replicas-to-write', '0');
    t.equal(await streams.append('#ops', home, 0, [post(1)]), '1-0');
  },
  'the permissions that docs/REDIS.md names are enough': async (t, stage, { client }) => {
    const command = /redis-cli -p 6379 (ACL SETUSER synod .*)/.exec(readFileSync('docs/REDIS.md', 'utf8'))?.[1] ?? '';
    await client.call('ACL', ...command.replaceAll("'", '').split(' ').slice(1));
    const own = { ...stage, address: { ...stage.address, username: 'synod', password: 'secret' } };
    t.same(await registryOf(t, own).offer(seal(1, 1, [1, 2, 3]), false), seal(1, 1, [1, 2, 3]));
    t.equal(await streamsOf(t, own, 100).append('#ops', home, 0, [post(1)]), '1-0');
    t.equal((await streamsOf(t, own).top('#ops')).entry?.id, '1-0');
    await client.acl('DELUSER', 'synod');
  },
  'NOPERM: a user who may not run scripts': async (t, stage, { client }) => {
    await client.acl('SETUSER', 'reader', 'on', '>geheim', '~*', '+@read', '+select');
    const address = { ...stage.address, username: 'reader', password: 'geheim' };
    const error = { code: 'NOPERM', kind: 'refused', message: /does not allow this user.*REDIS\.md/ };
    await t.rejects(streamsOf(t, { ...stage, address }).top('#ops'), error);
    await client.acl('DELUSER', 'reader');
  },
  'a database that does not exist': async (t, stage) => {
    const address = { ...stage.address, db: 99 };
    await t.rejects(streamsOf(t, { ...stage, address }).top('#ops'), { code: 'NO_DATABASE', kind: 'refused' });
  },
};

t.test('ioredis-mock', async (t) => {
  let port = 1;
  for (const [name, run] of Object.entries(cases)) {
    await t.test(name, async (t) => {
      const address = addressOf(port++);
      await run(t as Tap, { address, make: mockClient, look: mockAt(address.port) as unknown as Bystander });
    });
  }
});

t.test('a real redis-server', { skip: noRedis }, async (t) => {
  const redis = await RedisServer.start();
  t.teardown(() => redis.end());
  const stage = { address: addressOf(redis.port), make: undefined, look: redis.client as unknown as Bystander };
  for (const [name, run] of Object.entries({ ...cases, ...gaps })) {
    await t.test(name, async (t) => {
      await redis.client.flushall();
      await run(t as Tap, stage, redis);
    });
  }
});

function addressOf(port: number): RedisAddress {
  const shown = `redis://127.0.0.1:${port}/0`;
  return { host: '127.0.0.1', port, db: 0, tls: false, username: undefined, password: undefined, shown };
}
