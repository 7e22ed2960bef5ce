/** The mirror against a cluster in this process and a Redis that fails: streams equal the rooms, whatever happens. */
import t from 'tap';
import { type LogFields, type Logger, limits, Prng, silentLogger } from '../../src/base/index.js';
import { askOnce, ChatClient, type EventGroup } from '../../src/client/index.js';
import type { ServerOptions } from '../../src/daemon/index.js';
import type { MakeClient, RedisClient } from '../../src/redis/connection.js';
import { type MirrorHandle, type MirrorOptions, type RedisAddress, startMirror } from '../../src/redis/index.js';
import { Cluster } from '../daemon/cluster.js';
import { mockAt, mockClient } from '../support/mock-redis.js';
import { until, within } from '../support/until.js';

type Tap = typeof t;

t.setTimeout(120_000);

const seed = Number(process.env.SYNOD_SEED ?? Date.now() % 2 ** 31);
const deadlineMs = 30_000;

/** Now and then a command is lost on its way, or its answer is, or Redis is full. */
function flaky(random: Prng, failures: number): MakeClient {
  return async (options) => {
    const client = await mockClient(options);
    const real = client.eval;
    client.eval = (async (...args: Parameters<RedisClient['eval']>) => {
      const fails = random.below(100) < failures ? random.below(3) : -1;
      if (fails === 0) throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      if (fails === 1) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
      const answer: unknown = await real(...args);
      if (fails === 2) throw new Error('Command timed out');
      return answer;
    }) as RedisClient['eval'];
    return client;
  };
}

class Stage {
  readonly #cluster: Cluster;
  readonly #running: MirrorHandle[] = [];
  #speaker: ChatClient | undefined;

  private constructor(cluster: Cluster, t: Pick<Tap, 'teardown'>) {
    this.#cluster = cluster;
    t.teardown(async () => {
      await Promise.all(this.#running.map((mirror) => mirror.stop()));
      await this.#speaker?.close();
      await cluster.end();
    });
  }

  /** `more` is for each server. */
  static async start(
    t: Pick<Tap, 'teardown'>,
    more: (id: number) => Partial<ServerOptions> = () => ({}),
  ): Promise<Stage> {
    const cluster = new Cluster();
    const stage = new Stage(cluster, t);
    await cluster.startBalancer();
    await Promise.all([1, 2, 3].map((id) => cluster.startServer(id, more(id))));
    stage.#speaker = new ChatClient({
      name: 'Aaron',
      token: new Uint8Array(32).fill(1),
      balancers: [stage.balancer],
    });
    stage.#speaker.connect();
    return stage;
  }

  get speaker(): ChatClient {
    if (this.#speaker === undefined) throw new Error('the stage is not set up');
    return this.#speaker;
  }

  get cluster(): Cluster {
    return this.#cluster;
  }

  get balancer(): string {
    return this.#cluster.balancerAddress;
  }

  async mirror(address: RedisAddress, more: Partial<MirrorOptions> = {}): Promise<MirrorHandle> {
    const mirror = await startMirror({
      to: address,
      rooms: [],
      prefix: 'synod:',
      trim: 0,
      chat: { balancers: [this.balancer], timeoutMs: 5_000, token: new Uint8Array(32).fill(2) },
      logger: silentLogger,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      makeClient: mockClient,
      ...more,
    });
    this.#running.push(mirror);
    return mirror;
  }

  async say(room: string, ...texts: string[]): Promise<void> {
    for (const text of texts) this.speaker.post(room, text);
    if (!(await this.speaker.drain(deadlineMs))) throw new Error(`not committed: ${texts.join(' ')}`);
  }

  /** A mirror that has copied all of a room. */
  async mirrored(address: RedisAddress, room: string): Promise<MirrorHandle> {
    const mirror = await this.mirror(address);
    const said = await this.said(room);
    await until(`all of ${room}`, deadlineMs, async () => (await streamed(address, room)).length >= said.length);
    return mirror;
  }

  /** The number of the room's last event. */
  async head(room: string): Promise<number> {
    const asked = await this.speaker.history({ room, limit: 1 });
    if (!asked.ok) throw new Error(asked.text);
    return asked.answer.headEvent;
  }

  /** What the servers have, as the stream should have it. */
  async said(room: string): Promise<string[]> {
    const asked = await this.speaker.history({
      room,
      direction: 'from',
      by: 'event',
      event: 1,
      limit: 1000,
      fresh: true,
    });
    if (!asked.ok) throw new Error(asked.text);
    return asked.answer.groups.flatMap(({ slot, firstN, events }) =>
      events
        .filter(({ kind }) => kind === 'post' || kind === 'action')
        .map(({ kind, from, text }, i) => `${firstN + i}-0 ${slot} ${kind} ${from} ${text}`),
    );
  }
}

/** The entries of a stream, as `said` tells them. */
async function streamed(address: RedisAddress, room: string): Promise<string[]> {
  const entries = await mockAt(address.port).xrange(`synod:${room}`, '-', '+');
  return entries.map(([id, list]) => {
    const fields = new Map<string, string>();
    for (let i = 0; i < list.length; i += 2) fields.set(list[i] as string, list[i + 1] as string);
    return [id, ...['slot', 'kind', 'from', 'text'].map((name) => fields.get(name))].join(' ');
  });
}

let nextPort = 5000;
function addressOf(port = nextPort++): RedisAddress {
  const shown = `redis://127.0.0.1:${port}/0`;
  return { host: '127.0.0.1', port, db: 0, tls: false, username: undefined, password: undefined, shown };
}

async function mirrored(
  t: Pick<Tap, 'same'>,
  stage: Stage,
  address: RedisAddress,
  rooms: readonly string[],
): Promise<void> {
  for (const room of rooms) {
    const said = await stage.said(room);
    await until(
      `${said.length} messages of ${room} in the stream`,
      deadlineMs,
      async () => (await streamed(address, room)).length >= said.length,
    );
    t.same(await streamed(address, room), said, room);
  }
}

t.test('two mirrors on a Redis that loses commands and answers and is full at times', async (t) => {
  t.comment(`SYNOD_SEED=${seed}`);
  const stage = await Stage.start(t as Tap);
  const random = new Prng(seed);
  const rooms = ['#lobby', '#ops'];
  const address = addressOf();
  await Promise.all([
    stage.mirror(address, { makeClient: flaky(random, 12) }),
    stage.mirror(address, { makeClient: flaky(random, 12), rooms }),
  ]);
  for (let round = 0; round < 60; round++) {
    const room = random.pick(rooms);
    await stage.say(room, ...Array.from({ length: 1 + random.below(30) }, (_, i) => `${round}.${i}`));
  }
  await mirrored(t as Tap, stage, address, rooms);
});

t.test(
  'a full Redis with several rooms: told once, as is its end, and only the room that waits is tried',
  async (t) => {
    const stage = await Stage.start(t as Tap);
    const address = addressOf();
    const rooms = ['#first', '#ops'];
    for (const room of rooms) await stage.say(room, 'before');
    let isFull = false;
    const tried: string[] = [];
    const told: string[] = [];
    const makeClient: MakeClient = async (options) => {
      const client = await mockClient(options);
      const real = client.eval;
      client.eval = (async (...args: Parameters<RedisClient['eval']>) => {
        if (isFull) tried.push(String(args[2]));
        if (isFull && /XADD/.test(String(args[0])))
          throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
        return await real(...args);
      }) as RedisClient['eval'];
      return client;
    };
    const note = (event: string): void => void (event.startsWith('redis-') && told.push(event));
    await stage.mirror(address, { rooms, makeClient, logger: { ...silentLogger, warn: note, info: note } });
    await mirrored(t as Tap, stage, address, rooms);
    isFull = true;
    await stage.say('#ops', 'while it is full');
    await until('three attempts', deadlineMs, () => tried.length > 6);
    t.same([...new Set(tried)], ['synod:#ops'], 'nothing is asked about rooms that wait for nothing');
    t.same(told, ['redis-unusable']);
    isFull = false;
    await mirrored(t as Tap, stage, address, rooms);
    await until('its end to be told', deadlineMs, () => told.length > 1);
    t.same(told, ['redis-unusable', 'redis-usable']);
  },
);

t.test('direct messages are not copied, rooms that come later are, joins are not', async (t) => {
  const stage = await Stage.start(t as Tap);
  const address = addressOf();
  await stage.say('#lobby', 'hello');
  await stage.mirror(address);
  await mirrored(t as Tap, stage, address, ['#lobby']);
  stage.speaker.join('#later');
  stage.speaker.topic('#later', 'no message');
  stage.speaker.action('#later', 'waves');
  await stage.say('@Aaron,Lala', 'between us');
  await stage.say('#last', 'done');
  await mirrored(t as Tap, stage, address, ['#later', '#last']);
  t.same(await streamed(address, '#later').then((lines) => lines.map((line) => line.split(' ')[2])), ['action']);
  t.same((await mockAt(address.port).keys('synod:*')).sort(), [
    'synod:#last',
    'synod:#later',
    'synod:#lobby',
    'synod:cluster',
  ]);
});

t.test('a stream that is not this room is refused', async (t) => {
  const stage = await Stage.start(t as Tap);
  await stage.say('#lobby', 'one', 'two');
  const longer = addressOf();
  await mockAt(longer.port).xadd('synod:#lobby', '9', 'n', '9', 'slot', '1', 'from', 'x', 'text', 'y');
  const one = await stage.mirror(longer);
  t.match(await within('its end', deadlineMs, one.closed), {
    exitCode: 3,
    code: 'FOREIGN_STREAM',
    text: /9-0.*to 2.*--prefix/,
  });
  const other = addressOf();
  await mockAt(other.port).xadd('synod:#lobby', '1', 'n', '1', 'slot', '1', 'from', 'x', 'text', 'y');
  const two = await stage.mirror(other);
  t.match(await within('its end', deadlineMs, two.closed), { exitCode: 3, code: 'FOREIGN_STREAM', text: /message 1/ });
});

t.test('it stops while it waits for Redis, and while it waits for a server', async (t) => {
  const stage = await Stage.start(t as Tap);
  const ending = new AbortController();
  const told: string[] = [];
  const starting = stage.mirror(addressOf(1), {
    makeClient: undefined as never,
    signal: ending.signal,
    onProgress: (text) => told.push(text),
  });
  await until('it to say what it waits for', deadlineMs, () => told.length > 0);
  t.match(told[0], /No Redis at redis:\/\/127.0.0.1:1\/0 \(ECONNREFUSED\): trying again/);
  ending.abort();
  await t.rejects(starting, { exitCode: 0, code: 'STOPPED' });
  const nobody = new AbortController();
  const searching = stage.mirror(addressOf(), {
    chat: { balancers: ['127.0.0.1:1'], timeoutMs: 1_000, token: new Uint8Array(32) },
    signal: nobody.signal,
    onProgress: (text) => void (text.includes('looking for a server') && nobody.abort()),
  });
  await t.rejects(searching, { exitCode: 0, code: 'STOPPED' });
});

t.test('servers that go and come', async (t) => {
  const stage = await Stage.start(t as Tap);
  const address = addressOf();
  const mirror = await stage.mirror(address);
  for (const id of [1, 2, 3]) {
    await stage.say('#lobby', `before ${id}`);
    await stage.cluster.kill(id);
    await stage.say('#lobby', `without ${id}`);
    await stage.cluster.startServer(id);
  }
  await mirrored(t as Tap, stage, address, ['#lobby']);
  t.match(await mirror.stop(), { exitCode: 0 });
});

const keepsLittle = { segmentBytes: 64 << 10, retainBytes: 128 << 10 };

/** What a server still has of the lobby begins with this group. */
async function firstGroup(stage: Stage, id: number): Promise<EventGroup | undefined> {
  const options = { address: stage.cluster.server(id).address, timeoutMs: 5_000, token: new Uint8Array(32) };
  const query = { room: '#lobby', direction: 'from', by: 'event', event: 1, limit: 1, fresh: false } as const;
  const asked = await askOnce(options, (operator) => operator.page(query));
  return asked.ok ? asked.answer.groups[0] : undefined;
}

/** The number of the first message of the lobby that a server still has. */
async function firstKept(stage: Stage, id: number): Promise<number> {
  return (await firstGroup(stage, id))?.firstN ?? 1;
}

async function firstEvent(stage: Stage, id: number): Promise<number> {
  return (await firstGroup(stage, id))?.firstEvent ?? 1;
}

/** Three messages are mirrored; then the mirror is away until these servers have deleted what it lacks. */
async function awayForLong(t: Pick<Tap, 'same'>, stage: Stage, address: RedisAddress, ids: number[]): Promise<void> {
  const mirror = await stage.mirror(address, { rooms: ['#lobby'] });
  await stage.say('#lobby', 'one', 'two', 'three');
  await mirrored(t, stage, address, ['#lobby']);
  await mirror.stop();
  await until('the servers to delete what the mirror lacks', deadlineMs, async () => {
    await stage.say('#lobby', ...Array.from({ length: 4 }, () => 'x'.repeat(4_000)));
    return (await Promise.all(ids.map((id) => firstKept(stage, id)))).every((first) => first > 5);
  });
}

/** The numbers of the stream once a second mirror has gone on, and what that one warned of. */
async function goesOn(stage: Stage, address: RedisAddress): Promise<{ numbers: number[]; warnings: LogFields[] }> {
  const warnings: LogFields[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (event, fields = {}) => void (event === 'messages-missing' && warnings.push(fields)),
  };
  await stage.say('#lobby', 'the last one');
  const mirror = await stage.mirror(address, { rooms: ['#lobby'], logger });
  await until('the stream to be complete', deadlineMs, async () => {
    return (await streamed(address, '#lobby')).at(-1)?.endsWith('the last one');
  });
  await mirror.stop();
  return { numbers: (await streamed(address, '#lobby')).map((line) => Number.parseInt(line, 10)), warnings };
}

t.test('what all servers have deleted is said and passed over', async (t) => {
  const stage = await Stage.start(t as Tap, () => keepsLittle);
  const address = addressOf();
  await awayForLong(t as Tap, stage, address, [1, 2, 3]);
  const oldest = Math.min(...(await Promise.all([1, 2, 3].map((id) => firstKept(stage, id)))));
  const { numbers, warnings } = await goesOn(stage, address);
  t.match(warnings, [{ room: '#lobby', from: 4, upTo: oldest - 1 }], 'told once, with what is missing');
  t.same(numbers.slice(0, 4), [1, 2, 3, oldest], 'it goes on with the oldest that any server has');
  t.same(
    numbers.slice(3),
    numbers.slice(3).map((_, i) => oldest + i),
    'and leaves out nothing more',
  );
});

t.test('what one server still has is found there', async (t) => {
  const stage = await Stage.start(t as Tap, (id) => (id === 3 ? {} : keepsLittle));
  const address = addressOf();
  await awayForLong(t as Tap, stage, address, [1, 2]);
  const { numbers, warnings } = await goesOn(stage, address);
  t.same(warnings, []);
  t.same(
    numbers,
    numbers.map((_, i) => i + 1),
  );
});

t.test('what is left begins with more events than a page holds, none of them a message', async (t) => {
  const stage = await Stage.start(t as Tap, () => ({ segmentBytes: 64 << 10, retainBytes: 512 << 10 }));
  const address = addressOf();
  await stage.say('#lobby', 'one', 'two', 'three');
  await (await stage.mirrored(address, '#lobby')).stop();
  await stage.say('#lobby', 'what nobody will have any more');
  let first = 1;
  await until('the servers to delete what the mirror lacks', deadlineMs, async () => {
    for (let i = 0; i < 400; i++) stage.speaker.topic('#lobby', 'x'.repeat(100));
    if (!(await stage.speaker.drain(deadlineMs))) throw new Error('not committed');
    first = Math.min(...(await Promise.all([1, 2, 3].map((id) => firstEvent(stage, id)))));
    return first > 4;
  });
  const left = (await stage.head('#lobby')) - first;
  t.ok(left > limits.pageEventsMax, `${left} events without a message are left`);
  const { numbers, warnings } = await goesOn(stage, address);
  t.same(numbers, [1, 2, 3, 5]);
  t.match(warnings, [{ room: '#lobby', from: 4, upTo: 4 }]);
});

/** A cluster made anew where the first one was: its balancer and its servers have the same addresses, and no data. */
async function madeAnew(stage: Stage): Promise<void> {
  await stage.cluster.startAnew();
  await until('the speaker to be there', deadlineMs, () => stage.speaker.phase === 'ready');
}

t.test('another cluster at the same addresses: no message of it comes into the streams of the first', async (t) => {
  const stage = await Stage.start(t as Tap);
  const address = addressOf();
  const first = await stage.mirror(address);
  await stage.say('#lobby', 'one', 'two', 'three');
  await mirrored(t as Tap, stage, address, ['#lobby']);
  const before = await streamed(address, '#lobby');
  await madeAnew(stage);
  const text = /of cluster [0-9a-f]{8}, and cluster [0-9a-f]{8} answers.*--prefix.*'synod:cluster'.*REDIS\.md/;
  const refused = { exitCode: 3, code: 'FOREIGN_CLUSTER', text };
  t.match(await within('its end', deadlineMs, first.closed), refused, 'while it ran');
  await stage.say('#lobby', 'a', 'b', 'c', 'd', 'e');
  t.same(await streamed(address, '#lobby'), before);
  await t.rejects(stage.mirror(address), { exitCode: 3, code: 'FOREIGN_CLUSTER', message: text }, 'at its start');

  const apart = await stage.mirror(addressOf());
  await apart.stop();
  await stage.mirror(address, { prefix: 'new:' });
  await until('the other streams', deadlineMs, async () => (await mockAt(address.port).xlen('new:#lobby')) === 5);
  t.same(await streamed(address, '#lobby'), before, 'beside the old ones');

  const look = mockAt(address.port);
  for (const key of await look.keys('synod:*')) await look.del(key);
  await stage.mirror(address);
  await mirrored(t as Tap, stage, address, ['#lobby']);
});

t.test('streams of before that key are taken over by the cluster that they are of, and by no other one', async (t) => {
  const stage = await Stage.start(t as Tap);
  const address = addressOf();
  const look = mockAt(address.port);
  await stage.say('#lobby', 'one');
  await (await stage.mirrored(address, '#lobby')).stop();
  await look.del('synod:cluster');
  await stage.say('#lobby', 'two');
  await (await stage.mirrored(address, '#lobby')).stop();
  t.match(await look.hgetall('synod:cluster'), { id: /^[0-9a-f]{32}$/ });

  await look.del('synod:cluster');
  await madeAnew(stage);
  await stage.say('#lobby', 'not one', 'not two', 'three');
  const other = await stage.mirror(address);
  t.match(await within('its end', deadlineMs, other.closed), { exitCode: 3, code: 'FOREIGN_STREAM' });
  t.same(await look.keys('synod:*'), ['synod:#lobby'], 'which has not become theirs');
});

t.test('a new room beside streams that nobody knows the cluster of', async (t) => {
  const stage = await Stage.start(t as Tap);
  const address = addressOf();
  const look = mockAt(address.port);
  await stage.say('#lobby', 'one');
  await stage.say('#ops', 'one');
  const first = await stage.mirror(address);
  await mirrored(t as Tap, stage, address, ['#lobby', '#ops']);
  await first.stop();

  await look.del('synod:cluster');
  await stage.say('#a-new-one', 'first of all rooms');
  const two = await Promise.all([1, 2].map(() => stage.mirror(address)));
  await mirrored(t as Tap, stage, address, ['#a-new-one', '#lobby', '#ops']);
  await Promise.all(two.map((mirror) => mirror.stop()));
  t.match(await look.hgetall('synod:cluster'), { id: /^[0-9a-f]{32}$/ }, 'any of the others tells whose they are');

  for (const key of ['synod:cluster', 'synod:#a-new-one', 'synod:#lobby']) await look.del(key);
  await madeAnew(stage);
  await stage.say('#a-new-one', 'of another cluster');
  const other = await stage.mirror(address);
  t.match(await within('its end', deadlineMs, other.closed), {
    exitCode: 3,
    code: 'UNKNOWN_CLUSTER',
    text: /no 'synod:cluster'.*redis-cli HSET 'synod:cluster' id [0-9a-f]{32}\. Else .*--prefix/,
  });
  t.same(await look.keys('synod:*'), ['synod:#ops'], 'and nothing is written');
});
