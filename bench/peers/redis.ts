/** Redis: a primary and two replicas; XADD, acknowledged by WAIT, with and without an fsync for every append. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/ports.js';
import { clientVersion, loadClient } from './clients.js';
import type { FanOut, Missing, Outcome, Peer, PeerClient, Publisher, RunningPeer, Subscriber } from './peer.js';
import { askProgram, findProgram, PeerProcess, startOrStop, stopAll } from './processes.js';
import { askPort, type Counter, countingSubscriber } from './sockets.js';

const stream = 'bench';
const channel = 'fan';
const upMs = 20_000;
/** Of the two replicas one must have it: with the primary that is a majority. */
const replicasWanted = 1;
const waitMs = 5_000;

type Reply = (error: Error | null | undefined, result: unknown) => void;

/** What the bench uses of ioredis. */
interface Redis {
  xadd(key: string, id: string, field: string, value: Buffer, done: Reply): void;
  wait(replicas: number, timeoutMs: number, done: Reply): void;
  pipeline(): Pipeline;
  subscribe(channel: string): Promise<unknown>;
  on(event: 'messageBuffer', listener: (channel: Buffer, message: Buffer) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  once(event: 'ready' | 'end' | 'close', listener: () => void): void;
  connect(): Promise<void>;
  disconnect(): void;
}

interface Pipeline {
  xadd(key: string, id: string, field: string, value: Buffer): void;
  wait(replicas: number, timeoutMs: number): void;
  publish(channel: string, value: Buffer): void;
  exec(done: (error: Error | null | undefined, results: readonly (readonly [Error | null, unknown])[]) => void): void;
}

interface Setting {
  readonly name: string;
  readonly durable: boolean;
  readonly isBatched: boolean;
}

/** The configuration of one node. */
export function redisConfig(
  port: number,
  directory: string,
  durable: boolean,
  primaryPort: number | undefined,
): string {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir ${directory}`,
    'daemonize no',
    'save ""',
    ...(durable ? ['appendonly yes', 'appendfsync always', 'auto-aof-rewrite-percentage 0'] : ['appendonly no']),
    'repl-diskless-sync-delay 0',
    ...(primaryPort === undefined ? [] : [`replicaof 127.0.0.1 ${primaryPort}`]),
    '',
  ].join('\n');
}

/** Redis in its four settings. */
export const redisPeers: readonly Peer[] = [
  redisPeer({ name: 'redis', durable: true, isBatched: false }),
  redisPeer({ name: 'redis-batch', durable: true, isBatched: true }),
  redisPeer({ name: 'redis-memory', durable: false, isBatched: false }),
  redisPeer({ name: 'redis-memory-batch', durable: false, isBatched: true }),
];

function redisPeer(setting: Setting): Peer {
  const { name, durable, isBatched } = setting;
  const how = isBatched ? 'one WAIT 1 for all appends of a turn' : 'a WAIT 1 for each append';
  return {
    name,
    system: 'redis',
    durable,
    hasFanOut: !durable && !isBatched,
    acknowledged: `XADD, ${how}; ${durable ? 'appendfsync always' : 'no append-only file'}; replication, no consensus`,
    missing: () => missingRedis(),
    version: () => {
      const said = /v=(\S+)/.exec(askProgram(findProgram('redis-server') ?? '', ['--version']));
      return `Redis ${said?.[1] ?? 'of unknown version'}, ${clientVersion('ioredis')}`;
    },
    start: (directory) => start(directory, setting),
  };
}

function missingRedis(): Missing | undefined {
  if (findProgram('redis-server') !== undefined) return undefined;
  return { what: 'redis-server', install: 'apt-get install --no-install-recommends redis-server' };
}

function start(directory: string, { durable, isBatched }: Setting): Promise<RunningPeer> {
  return startOrStop(async (started) => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const [primaryPort = 0] = ports;
    for (const [index, port] of ports.entries()) {
      const home = path.join(directory, `node-${index}`);
      mkdirSync(home);
      const config = path.join(home, 'redis.conf');
      writeFileSync(config, redisConfig(port, home, durable, index === 0 ? undefined : primaryPort));
      const program = findProgram('redis-server') ?? 'redis-server';
      started.push(new PeerProcess({ program, args: [config], directory: home, name: `redis-${index}` }));
    }
    await started[0]?.until('two replicas online', upMs, async () => {
      const replication = await askPort(primaryPort, 'INFO replication\r\nQUIT\r\n', (text) => text.includes('+OK'));
      return (replication.match(/slave\d:.*state=online/g) ?? []).length === 2;
    });
    return {
      get pids() {
        return started.flatMap(({ pids }) => pids);
      },
      client: async () => {
        const redis = await open(primaryPort);
        return isBatched ? new BatchClient(redis) : new EachClient(redis);
      },
      fanOut: fanOutOf(primaryPort),
      stop: () => stopAll(started),
    };
  });
}

async function open(port: number): Promise<Redis> {
  const { Redis } = loadClient<{ Redis: new (options: object) => Redis }>('ioredis');
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    enableOfflineQueue: false,
  });
  // What a lost connection means for an append, its own reply tells.
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}

function close(redis: Redis): Promise<void> {
  return new Promise((resolve) => {
    redis.once('end', resolve);
    redis.disconnect();
  });
}

/** What Redis itself refused is not there; whatever else went wrong says nothing. */
function outcomeOf(error: Error | null | undefined): Outcome {
  if (error === null || error === undefined) return 'ok';
  return error.name === 'ReplyError' ? 'failed' : 'unknown';
}

/** What both commands together mean. */
function judge(added: Outcome, waitError: Error | null | undefined, replicas: unknown): Outcome {
  if (added !== 'ok') return added;
  return outcomeOf(waitError) === 'ok' && Number(replicas) >= replicasWanted ? 'ok' : 'unknown';
}

/** XADD and WAIT for each append. */
class EachClient implements PeerClient {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    let added: Outcome = 'unknown';
    this.#redis.xadd(stream, '*', 'v', value, (error) => {
      added = outcomeOf(error);
    });
    this.#redis.wait(replicasWanted, waitMs, (error, replicas) => done(judge(added, error, replicas)));
  }

  close(): Promise<void> {
    return close(this.#redis);
  }
}

/** One pipeline per turn: an XADD for each append, and one WAIT behind them. */
export class BatchClient implements PeerClient {
  readonly #redis: Redis;
  #values: Buffer[] = [];
  #dones: ((outcome: Outcome) => void)[] = [];

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  append(value: Buffer, done: (outcome: Outcome) => void): void {
    if (this.#values.length === 0) queueMicrotask(() => this.#send());
    this.#values.push(value);
    this.#dones.push(done);
  }

  close(): Promise<void> {
    return close(this.#redis);
  }

  #send(): void {
    const [values, dones] = [this.#values, this.#dones];
    [this.#values, this.#dones] = [[], []];
    const pipeline = this.#redis.pipeline();
    for (const value of values) pipeline.xadd(stream, '*', 'v', value);
    pipeline.wait(replicasWanted, waitMs);
    pipeline.exec((error, results) => {
      const [waitError, replicas] = results?.[dones.length] ?? [error, 0];
      for (const [index, done] of dones.entries()) {
        const added = results?.[index];
        done(judge(added === undefined ? 'unknown' : outcomeOf(added[0]), waitError, replicas));
      }
    });
  }
}

function fanOutOf(port: number): FanOut {
  return {
    kinds: ['library', 'sockets'],
    publisher: async () => new RedisPublisher(await open(port)),
    subscriber: (kind, valueBytes, onReceived) =>
      kind === 'sockets'
        ? countingSubscriber({
            port,
            greeting: `SUBSCRIBE ${channel}\r\n`,
            counter: () => new RedisCounter(valueBytes),
            onReceived,
          })
        : librarySubscriber(port, onReceived),
  };
}

class RedisPublisher implements Publisher {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  publish(value: Buffer, count: number): void {
    const pipeline = this.#redis.pipeline();
    for (let i = 0; i < count; i++) pipeline.publish(channel, value);
    // A message that was not published is missing at the subscribers, who are counted.
    pipeline.exec(() => undefined);
  }

  close(): Promise<void> {
    return close(this.#redis);
  }
}

async function librarySubscriber(port: number, onReceived: () => void): Promise<Subscriber> {
  const redis = await open(port);
  let received = 0;
  redis.on('messageBuffer', () => {
    received += 1;
    onReceived();
  });
  await redis.subscribe(channel);
  return {
    get received() {
      return received;
    },
    close: () => close(redis),
  };
}

/** What Redis answers to SUBSCRIBE, and what it sends for each message: both always of the same length. */
const confirmation = `*3\r\n$9\r\nsubscribe\r\n$${channel.length}\r\n${channel}\r\n:1\r\n`;

export function redisMessageBytes(valueBytes: number): number {
  const head = `*3\r\n$7\r\nmessage\r\n$${channel.length}\r\n${channel}\r\n$${valueBytes}\r\n`;
  return head.length + valueBytes + 2;
}

/** Counts the messages of one subscription by their bytes. */
class RedisCounter implements Counter {
  readonly #messageBytes: number;
  #bytes = -confirmation.length;

  constructor(valueBytes: number) {
    this.#messageBytes = redisMessageBytes(valueBytes);
  }

  get isOpen(): boolean {
    return this.#bytes >= 0;
  }

  get received(): number {
    return Math.floor(Math.max(0, this.#bytes) / this.#messageBytes);
  }

  take(chunk: Buffer): void {
    this.#bytes += chunk.length;
  }
}
