/** The load of the comparison: appends in flight, ends counted once, fan-out without a flood; Redis by batches. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { ClosedLoop } from '../../bench/peers/closed-loop.js';
import { aheadMax, measureFanOut } from '../../bench/peers/fan-out.js';
import type { FanOut, Outcome } from '../../bench/peers/peer.js';
import { findProgram, PeerProcess } from '../../bench/peers/processes.js';
import { BatchClient } from '../../bench/peers/redis.js';
import { until } from '../support/until.js';

type Done = (outcome: Outcome) => void;

/** A client that answers when it is told to. */
class SlowClient {
  readonly waiting: Done[] = [];
  begun = 0;

  append(_value: Buffer, done: Done): void {
    this.begun += 1;
    this.waiting.push(done);
  }

  answer(outcome: Outcome, count = this.waiting.length): void {
    for (const done of this.waiting.splice(0, count)) done(outcome);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const value = Buffer.from('x');

t.test('as many appends are in flight as were asked for, and each end begins the next', async (t) => {
  const clients = [new SlowClient(), new SlowClient()];
  const loop = new ClosedLoop(clients, 3, value);
  loop.start();
  t.strictSame(
    clients.map(({ waiting }) => waiting.length),
    [3, 3],
  );
  loop.openWindow();
  clients[0]?.answer('ok', 2);
  t.strictSame(
    clients.map(({ waiting, begun }) => [waiting.length, begun]),
    [
      [3, 5],
      [3, 3],
    ],
  );
  const { p50Ms, p99Ms, perSecond } = loop.window();
  t.ok(perSecond > 0 && p50Ms > 0 && p99Ms >= p50Ms);
  t.strictSame(await loop.stop(10), { ok: 2, failed: 0, unknown: 6 }, 'what does not come home is unknown');
  clients[0]?.answer('ok');
  t.equal(clients[0]?.begun, 5, 'nothing begins after the end');
});

t.test('a window counts what ends in it', async (t) => {
  const client = new SlowClient();
  const loop = new ClosedLoop([client], 1, value);
  loop.start();
  client.answer('ok');
  loop.openWindow();
  t.equal(loop.window().perSecond, 0);
  const stopped = loop.stop(5_000);
  client.answer('ok');
  t.strictSame(await stopped, { ok: 2, failed: 0, unknown: 0 });
});

t.test('a client that refuses at once is asked again later, not for ever', async (t) => {
  let begun = 0;
  const refusing = {
    append: (_value: Buffer, done: Done): void => {
      begun += 1;
      done('failed');
    },
    close: () => Promise.resolve(),
  };
  const loop = new ClosedLoop([refusing], 2, value);
  loop.start();
  t.equal(begun, 2);
  await until('a second try', 5_000, () => begun > 2);
  const { failed, ok, unknown } = await loop.stop();
  t.strictSame({ failed, ok, unknown }, { failed: begun, ok: 0, unknown: 0 });
});

/** A topic in memory, one message a turn and subscriber; it may lose some. */
function memoryFanOut(losesEvery = Number.POSITIVE_INFINITY) {
  const subscribers: { received: number; tell: () => void }[] = [];
  const open = { publishers: 0, subscribers: 0 };
  let published = 0;
  let aheadMost = 0;
  const deliver = (): void => {
    for (const [index, one] of subscribers.entries()) {
      // The first one is the slowest.
      one.received = index === 0 ? Math.min(published, one.received + 500) : published;
      if (published >= losesEvery) one.received = Math.min(one.received, losesEvery);
      one.tell();
    }
    if (open.publishers > 0) setImmediate(deliver);
  };
  const fanOut: FanOut = {
    kinds: ['library'],
    publisher: async () => {
      open.publishers += 1;
      setImmediate(deliver);
      return {
        publish: (_value, count) => {
          published += count;
          aheadMost = Math.max(aheadMost, published - (subscribers[0]?.received ?? 0));
        },
        close: async () => {
          open.publishers -= 1;
        },
      };
    },
    subscriber: async (_kind, _bytes, tell) => {
      open.subscribers += 1;
      const one = { received: 0, tell };
      subscribers.push(one);
      return {
        get received() {
          return one.received;
        },
        close: async () => {
          open.subscribers -= 1;
        },
      };
    },
  };
  return { fanOut, open, aheadMost: () => aheadMost };
}

const fanOutOptions = {
  kind: 'library',
  subscribers: 3,
  valueBytes: 10,
  warmUpMs: 5,
  windowMs: 30,
  arrivalMs: 5_000,
  pids: () => [process.pid],
} as const;

t.test('the publisher is never further ahead of the slowest subscriber than it may be', async (t) => {
  const { fanOut, open, aheadMost } = memoryFanOut();
  const { deliveriesPerSecond, wrong } = await measureFanOut(fanOut, fanOutOptions);
  t.ok(deliveriesPerSecond > 0);
  t.equal(wrong, 0);
  t.equal(aheadMost(), aheadMax);
  t.strictSame(open, { publishers: 0, subscribers: 0 });
});

t.test('lost messages are told', async (t) => {
  const { fanOut, open } = memoryFanOut(5_000);
  const { wrong } = await measureFanOut(fanOut, { ...fanOutOptions, arrivalMs: 20 });
  t.ok(wrong > 0);
  t.strictSame(open, { publishers: 0, subscribers: 0 });
});

/** Redis as far as a batch needs it: keeps what is sent, and answers when told to. */
class FakeRedis {
  readonly batches: { commands: string[]; done: (error: unknown, results: unknown) => void }[] = [];

  pipeline() {
    const commands: string[] = [];
    return {
      xadd: () => commands.push('xadd'),
      wait: () => commands.push('wait'),
      publish: () => commands.push('publish'),
      exec: (done: (error: unknown, results: unknown) => void) => this.batches.push({ commands, done }),
    };
  }
}

t.test('Redis by batches: one WAIT behind all appends of a turn, and it decides for all of them', async (t) => {
  const redis = new FakeRedis();
  const client = new BatchClient(redis as unknown as ConstructorParameters<typeof BatchClient>[0]);
  const outcomes: Outcome[] = [];
  const append = (): void => client.append(value, (outcome) => outcomes.push(outcome));
  const send = async (): Promise<void> => {
    append();
    append();
    await turn();
  };
  const answer = (error: unknown, results: unknown): Outcome[] => {
    redis.batches.at(-1)?.done(error, results);
    return outcomes.splice(0);
  };
  await send();
  t.strictSame(
    redis.batches.map(({ commands }) => commands),
    [['xadd', 'xadd', 'wait']],
  );
  const added = [null, '1-0'];
  t.strictSame(answer(null, [added, added, [null, 1]]), ['ok', 'ok']);
  await send();
  t.strictSame(answer(null, [added, added, [null, 0]]), ['unknown', 'unknown'], 'no replica had it in time');
  await send();
  const refused = Object.assign(new Error('OOM'), { name: 'ReplyError' });
  t.strictSame(answer(null, [[refused, undefined], added, [null, 2]]), ['failed', 'ok']);
  await send();
  t.strictSame(answer(new Error('Connection is closed.'), undefined), ['unknown', 'unknown']);
});

t.test('programs are found in folders of their own, then in PATH', async (t) => {
  const path_ = process.env.PATH;
  t.teardown(() => {
    process.env.PATH = path_;
  });
  const root = t.testdir();
  const plant = (folder: string, mode: number): string => {
    mkdirSync(path.join(root, folder));
    const file = path.join(root, folder, 'a-database');
    writeFileSync(file, '#!/bin/sh\n', { mode });
    return file;
  };
  plant('not-ours', 0o644);
  const inPath = plant('path', 0o755);
  const own = plant('own', 0o755);
  process.env.PATH = `${path.join(root, 'not-ours')}:${path.join(root, 'path')}`;
  t.equal(findProgram('a-database'), inPath);
  t.equal(findProgram('a-database', [path.join(root, 'own')]), own);
  t.equal(findProgram('another-database'), undefined);
});

t.test('a program is ended with all that it started', async (t) => {
  const directory = t.testdir();
  const options = { program: '/bin/sh', directory, name: 'stubborn' };
  const script = "trap '' TERM; echo up; sleep 600 & wait; wait";
  const one = new PeerProcess({ ...options, args: ['-c', script] });
  await one.until('its first words', 5_000, async () => one.lastWords().includes('up') && one.pids.length === 2);
  await one.stop();
  await until('the end of its child', 5_000, () => one.pids.length === 0);
  t.pass('although it does not heed SIGTERM');
});

t.test('a program that ends before it is up says why', async (t) => {
  const one = new PeerProcess({
    program: '/bin/sh',
    args: ['-c', 'echo the port is taken; exit 1'],
    directory: t.testdir(),
    name: 'early',
  });
  await t.rejects(
    one.until('a leader', 5_000, async () => undefined),
    /ended before a leader: the port is taken/,
  );
});
