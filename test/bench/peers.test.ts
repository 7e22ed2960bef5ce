/** The comparison with other systems, without any of them: choosing, rounds, ratios, goals, report. */
import { existsSync } from 'node:fs';
import t from 'tap';
import { judgeGoals } from '../../bench/peers/goals.js';
import { readOptions } from '../../bench/peers/options.js';
import { nodeFor, type Outcome, type Peer } from '../../bench/peers/peer.js';
import { type AppendSample, type FanOutSample, runRounds, type Samples } from '../../bench/peers/rounds.js';
import { summarise } from '../../bench/peers/summary.js';
import { allPeers, choosePeers } from '../../bench/peers/systems.js';
import { appendsText, fanOutText, foreignText, goalText, skippedText } from '../../bench/peers/text.js';

/** A system in memory: what it answers, and what was done to it. */
class FakePeer implements Peer {
  readonly acknowledged = 'a turn later';
  readonly directories: string[] = [];
  clientsOpen = 0;
  readonly #events: string[];
  readonly #answer: () => Outcome | undefined;

  constructor(
    readonly name: string,
    readonly durable: boolean,
    events: string[] = [],
    answer: () => Outcome | undefined = () => 'ok',
    readonly lacks?: { readonly what: string; readonly install: string },
  ) {
    this.#events = events;
    this.#answer = answer;
  }

  get system(): string {
    return this.name.split('-')[0] ?? '';
  }

  get hasFanOut(): boolean {
    return this.name === 'fan';
  }

  missing() {
    return this.lacks;
  }

  version(): string {
    return `${this.name} 1.0`;
  }

  async start(directory: string) {
    this.#events.push(`start ${this.name}`);
    this.directories.push(directory);
    if (this.name === 'broken') throw new Error('no port is free');
    let received = 0;
    let tell: () => void = () => undefined;
    return {
      pids: [],
      client: async () => {
        this.clientsOpen += 1;
        return {
          append: (_value: Buffer, done: (outcome: Outcome) => void): void => {
            const outcome = this.#answer();
            if (outcome !== undefined) setImmediate(() => done(outcome));
          },
          close: async () => {
            this.clientsOpen -= 1;
          },
        };
      },
      fanOut: {
        kinds: ['library'] as const,
        publisher: async () => ({
          publish: (_value: Buffer, count: number): void => {
            received += count;
            setImmediate(() => tell());
          },
          close: async () => undefined,
        }),
        subscriber: async (_kind: string, _valueBytes: number, onReceived: () => void) => {
          tell = onReceived;
          const before = received;
          return {
            get received() {
              return received - before;
            },
            close: async () => undefined,
          };
        },
      },
      stop: async () => {
        this.#events.push(`stop ${this.name}`);
      },
    };
  }
}

const plan = {
  rounds: 2,
  loads: [{ clients: 2, inFlight: 3 }],
  subscribers: [1],
  seconds: 0.03,
  warmUpSeconds: 0.01,
  valueBytes: 100,
  placement: 'spread',
} as const;

t.test('systems take turns: each is started, loaded and stopped before the next one', async (t) => {
  const events: string[] = [];
  const [one, other, fan] = ['one', 'other', 'fan'].map((name) => new FakePeer(name, true, events)) as FakePeer[];
  const peers = [one, other, fan] as FakePeer[];
  const samples = await runRounds(peers, plan, () => undefined);
  const turns = ['one', 'other', 'fan', 'one', 'other', 'fan'];
  t.strictSame(
    events,
    turns.flatMap((name) => [`start ${name}`, `stop ${name}`]),
  );
  t.strictSame(
    samples.appends.map(({ peer, round, load }) => `${peer} ${round} ${load}`),
    turns.map((name, index) => `${name} ${index < 3 ? 1 : 2} 2x3`),
  );
  t.ok(samples.appends.every(({ perSecond, p50Ms, p99Ms }) => perSecond > 0 && p50Ms > 0 && p99Ms >= p50Ms));
  t.ok(samples.appends.every(({ ok, failed, unknown }) => ok > 0 && failed === 0 && unknown === 0));
  t.strictSame(
    samples.fanOuts.map(({ peer, kind, subscribers, wrong }) => ({ peer, kind, subscribers, wrong })),
    [1, 2].map(() => ({ peer: 'fan', kind: 'library', subscribers: 1, wrong: 0 })),
  );
  t.strictSame(samples.troubles, []);
  for (const peer of peers) {
    t.equal(peer.clientsOpen, 0, 'clients are closed');
    t.equal(new Set(peer.directories).size, 2, 'each start has a directory of its own');
    t.notOk(peer.directories.some(existsSync), 'which is gone afterwards');
  }
});

t.test('a system that fails is told of once, sits out, and leaves nothing behind', async (t) => {
  const events: string[] = [];
  const broken = new FakePeer('broken', true, events);
  const samples = await runRounds([broken, new FakePeer('one', true, events)], plan, () => undefined);
  t.strictSame(events, ['start broken', 'start one', 'stop one', 'start one', 'stop one']);
  t.strictSame(samples.troubles, [{ peer: 'broken', round: 1, reason: 'no port is free' }]);
  t.notOk(broken.directories.some(existsSync));
});

t.test('nothing is started that has nothing to do', async (t) => {
  const events: string[] = [];
  const peers = [new FakePeer('one', true, events), new FakePeer('fan', false, events)];
  await runRounds(peers, { ...plan, rounds: 1, loads: [] }, () => undefined);
  t.strictSame(events, ['start fan', 'stop fan']);
});

t.test('what was refused and what is not known are counted apart', async (t) => {
  let count = 0;
  const answers: Outcome[] = ['ok', 'failed', 'unknown'];
  const peer = new FakePeer('one', true, [], () => answers[count++ % 3]);
  const [sample] = (await runRounds([peer], { ...plan, rounds: 1 }, () => undefined)).appends;
  t.ok(sample !== undefined && sample.ok > 0 && sample.failed > 0 && sample.unknown > 0);
  t.equal((sample?.ok ?? 0) + (sample?.failed ?? 0) + (sample?.unknown ?? 0), count);
});

t.test('what lacks is skipped by name, with the command that brings it', async (t) => {
  const lacks = { what: 'redis-server', install: 'apt-get install --no-install-recommends redis-server' };
  const all = [
    new FakePeer('synod', true),
    new FakePeer('synod-memory', false),
    new FakePeer('redis', true, [], undefined, lacks),
    new FakePeer('redis-memory', false, [], undefined, lacks),
    new FakePeer('nats', false),
  ];
  const names = (only: string[]): string[] => choosePeers(all, only).peers.map(({ name }) => name);
  t.strictSame(names([]), ['synod', 'synod-memory', 'nats']);
  t.strictSame(names(['nats']), ['synod-memory', 'nats'], 'synod comes along where there is something to compare');
  t.strictSame(names(['redis']), []);
  t.strictSame(names(['synod']), ['synod', 'synod-memory']);
  t.strictSame(choosePeers(all, ['redis']).skipped.map(skippedText), [
    'skipped redis, redis-memory: redis-server is not installed; apt-get install --no-install-recommends redis-server',
  ]);
  t.strictSame(choosePeers(all, ['nats', 'mysql']).unknown, ['mysql']);
});

t.test('without any program in reach, all systems but synod say what they lack', async (t) => {
  const path = process.env.PATH;
  process.env.PATH = t.testdir();
  t.teardown(() => {
    process.env.PATH = path;
  });
  for (const peer of allPeers) {
    const missing = peer.missing();
    if (peer.system === 'synod') t.equal(missing, undefined);
    // Debian's own folders are looked into whatever PATH says.
    else t.ok(missing === undefined || /^apt-get install --no-install-recommends \S/.test(missing.install), peer.name);
  }
});

t.test('clients go to the leader first and then round, or all to the leader', async (t) => {
  const nodes = (placement: 'spread' | 'leader'): number[] => [0, 1, 2, 3].map((i) => nodeFor(placement, 2, i));
  t.strictSame(nodes('spread'), [2, 0, 1, 2]);
  t.strictSame(nodes('leader'), [2, 2, 2, 2]);
});

t.test('the command line', async (t) => {
  const options = readOptions([]);
  t.strictSame(options, {
    seconds: 5,
    warmUpSeconds: 1,
    rounds: 3,
    valueBytes: 100,
    only: [],
    loads: [
      { clients: 1, inFlight: 1 },
      { clients: 16, inFlight: 1 },
      { clients: 4, inFlight: 64 },
      { clients: 16, inFlight: 256 },
    ],
    subscribers: [50, 200],
    placement: 'spread',
    jsonFile: undefined,
    isStrict: false,
  });
  const given = readOptions(
    '--only redis,nats --loads 1x1 --subscribers none --seconds 0.5 --rounds 1 --json f --strict'.split(' '),
  );
  t.match(given, { only: ['redis', 'nats'], loads: [{ clients: 1, inFlight: 1 }], subscribers: [], seconds: 0.5 });
  t.match(given, { rounds: 1, jsonFile: 'f', isStrict: true });
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['--loads 16', /--loads 16: give clients x appends in flight/],
    ['--loads 1x5000', /--loads 5000: give a number from 1 to 4096/],
    ['--rounds 1.5', /--rounds 1.5: give a whole number/],
    ['--rounds 0', /--rounds 0: give a number from 1/],
    ['--seconds soon', /--seconds soon: give a number/],
    ['--placement here', /give spread or leader/],
    ['--quick', /--quick/],
  ];
  for (const [args, says] of wrong) t.throws(() => readOptions(args.split(' ')), says, args);
});

function append(peer: string, round: number, load: string, perSecond: number, p50Ms: number): AppendSample {
  return {
    peer,
    round,
    load,
    perSecond,
    p50Ms,
    p99Ms: 2 * p50Ms,
    ok: 9,
    failed: 1,
    unknown: 2,
    foreignCores: round / 100,
  };
}

function fanOut(peer: string, kind: FanOutSample['kind'], subscribers: number, rate: number): FanOutSample {
  return { peer, round: 1, kind, subscribers, deliveriesPerSecond: rate, wrong: 0, foreignCores: 0 };
}

const compared = [
  new FakePeer('synod', true),
  new FakePeer('synod-memory', false),
  new FakePeer('redis', true),
  new FakePeer('redis-batch', true),
  new FakePeer('redis-memory', false),
  new FakePeer('nats', false),
];

const measured: Samples = {
  appends: [
    append('synod', 1, '16x256', 900, 2),
    append('redis', 1, '16x256', 10, 20),
    append('redis-batch', 1, '16x256', 100, 8),
    append('synod-memory', 1, '16x256', 1_200, 1),
    append('synod', 2, '16x256', 1_000, 3),
    append('redis-batch', 2, '16x256', 500, 10),
    append('synod', 3, '16x256', 1_100, 4),
    append('redis-batch', 3, '16x256', 200, 12),
    append('nats', 1, '16x256', 300, 2),
    append('redis-memory', 1, '16x256', 100, 2),
    append('synod', 1, '1x1', 10, 0.8),
    append('redis', 1, '1x1', 8, 1),
    append('redis-batch', 1, '1x1', 9, 1.1),
  ],
  fanOuts: [
    fanOut('synod', 'library', 200, 1_200_000),
    fanOut('synod-memory', 'library', 50, 2_000_000),
    fanOut('synod-memory', 'sockets', 50, 3_000_000),
    fanOut('nats', 'library', 50, 1_000_000),
    fanOut('nats', 'sockets', 50, 4_000_000),
  ],
  memory: [],
  troubles: [],
};

t.test('rows are medians over the rounds, beside synod in the same setting', async (t) => {
  const { appends, fanOuts } = summarise(compared, measured);
  const row = (peer: string, load: string) => appends.find((one) => one.peer === peer && one.load === load);
  t.match(row('synod', '16x256'), { perSecond: 1_000, p50Ms: 3, p99Ms: 6, failed: 3, unknown: 6, foreignCores: 0.03 });
  t.match(row('synod', '16x256'), { timesPerSecond: Number.NaN });
  t.match(row('redis-batch', '16x256'), { perSecond: 200, p50Ms: 10, timesPerSecond: 5, timesP50: 0.3 });
  t.match(row('nats', '16x256'), { timesPerSecond: 4, timesP50: 0.5 }, 'not durable beside not durable');
  t.equal(fanOuts.find(({ peer, kind }) => peer === 'nats' && kind === 'library')?.times, 2);
});

t.test('goals are held, missed or not judged', async (t) => {
  const lines = judgeGoals(compared, summarise(compared, measured)).map(goalText);
  t.strictSame(lines, [
    'goal durable 16x256, appends/s ÷ Redis with a WAIT per batch ≥ 5: 5 (redis-batch), held',
    'goal durable 1x1, p50 ÷ the best peer ≤ 0.85: 0.80 (redis), held',
    'goal durable 16x1, appends/s ÷ the best peer ≥ 1.6: not judged',
    'goal not durable 16x256, appends/s ÷ the best peer ≥ 5: 4 (nats), missed',
    'goal not durable 1x1, p50 ÷ Redis without fsync ≤ 1.5: not judged',
    'goal 50 subscribers, deliveries/s ÷ NATS core, npm client ≥ 1.5: 2 (nats), held',
    'goal 50 subscribers, deliveries/s ÷ NATS core, counting sockets ≥ 1.5: 0.75 (nats), missed',
    'goal 200 subscribers, deliveries/s into our client library, durable ≥ 1,000,000: 1,200,000, held',
  ]);
});

t.test('a fan-out that lost messages decides no goal', async (t) => {
  const lossy = { ...measured, fanOuts: measured.fanOuts.map((sample) => ({ ...sample, wrong: 1 })) };
  const goals = judgeGoals(compared, summarise(compared, lossy));
  t.ok(goals.filter(({ what }) => what.includes('subscribers')).every(({ verdict }) => verdict === 'not judged'));
  t.match(
    fanOutText(summarise(compared, lossy).fanOuts),
    /\| 50 +\| +library \| +nats \| +no \| +1,000,000 \| + \| +1 \|/,
  );
});

t.test('a peer without synod beside it decides no goal', async (t) => {
  const alone = { ...measured, appends: measured.appends.filter(({ peer }) => !peer.startsWith('synod')), fanOuts: [] };
  const goals = judgeGoals(compared, summarise(compared, alone));
  t.ok(goals.every(({ verdict }) => verdict === 'not judged'));
});

t.test('the report', async (t) => {
  const { appends, fanOuts } = summarise(compared, measured);
  const text = appendsText(appends);
  const [durable = '', notDurable = ''] = text.split('Not durable:');
  t.match(durable, /^Durable: /);
  t.notMatch(durable, /nats|-memory/);
  t.match(notDurable, /nats/);
  t.notMatch(notDurable, /redis-batch/);
  t.match(
    durable,
    /\| 16x256 +\| +redis-batch \| +200 \| +10\.000 \| +20\.00 \| +5 \| +0\.30 \| +3 \| +6 \| +0\.03 \|/,
  );
  t.match(fanOutText(fanOuts), /\| 50 +\| +library \| +nats \| +no \| +1,000,000 \| +2 \| +0 \|/);
  t.equal(appendsText([]) + fanOutText([]), '');
  t.equal(foreignText(appends), '');
  t.match(foreignText([{ foreignCores: 0.5 }]), /^Other programs used up to 0\.50 cores: /);
});
