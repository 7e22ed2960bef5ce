/** The options of `synod bench run`: what they become, and every mistake that is told before anything is started. */
import t from 'tap';
import type { BenchOptions } from '../../src/bench/index.js';
import { readBenchOptions } from '../../src/cli/bench-options.js';
import { commands } from '../../src/cli/command-table.js';
import { refuseConflicts } from '../../src/cli/config/conflicts.js';
import { UsageError } from '../../src/cli/go-flags.js';
import { parsed } from './parsed.js';

async function read(...args: readonly string[]): Promise<BenchOptions> {
  const spec = commands.find(({ name }) => name === 'bench run');
  if (spec === undefined) throw new Error('no such command');
  const { flags, options, positionals } = parsed(spec, args);
  await refuseConflicts(spec, options, flags);
  const output = { line: () => undefined, note: () => undefined };
  const { signal } = new AbortController();
  return readBenchOptions({
    ...{ program: 'synod', options, positionals, output, signal },
    ...{ stdin: process.stdin, environment: {} },
  });
}

t.test("the contract's defaults", async (t) => {
  t.match(await read(), {
    clients: 16,
    inFlight: 256,
    size: { min: 100, max: 100 },
    durationMs: 10_000,
    warmupMs: 2_000,
    rooms: 1,
    subscribers: 0,
    on: 'spread',
    faults: [],
    slo: [],
    cluster: { kind: 'own', servers: 3, durable: true, isProxied: false, keep: false },
  });
});

t.test('a seed is drawn for each run, and kept when it is given', async (t) => {
  t.not((await read()).seed, (await read()).seed);
  t.equal((await read('--seed', '7')).seed, 7);
});

t.test("Go's spelling, an open loop, faults, and when a proxy is needed", async (t) => {
  const options = await read('-rate=20000', '-arrivals', 'poisson', '-warmup=0', '-fault=5s kill leader', '-no-fsync');
  t.match(options, {
    open: { perSecond: 20_000, arrivals: 'poisson' },
    warmupMs: 0,
    faults: [{ kind: 'kill', server: 'leader' }],
    cluster: { durable: false, isProxied: false },
  });
  for (const args of [['--proxy'], ['--mode', 'a:1'], ['--fault', '1s..2s cut 1 2']]) {
    t.match(await read(...args), { cluster: { isProxied: true } }, args.join(' '));
  }
  t.match(await read('--mode', 'a:1', '--mode', 'delay 1 2 20ms'), {
    cluster: { mode: { text: 'a:1; delay 1 2 20ms' } },
  });
  t.match(await read('--on', 's2'), { on: 2 });
});

for (const [args, says] of [
  [['--rate', '0'], /--rate takes a whole number from 1 to/],
  [['--size', '8193'], /--size takes bytes from 1 to 8192/],
  [['--size', '100-50'], /--size takes bytes from 1 to 8192, as 100 or 64-1024, not '100-50'/],
  [['--clients', '10241'], /--clients takes a whole number from 1 to 10240/],
  [['--clients', '0'], /--clients takes a whole number from 1/],
  [['--clients', '10000', '--inflight', '4096'], /at most 1048576 may be in flight/],
  [['--inflight', '4097'], /--inflight takes a whole number from 1 to 4096/],
  [['--duration', '10'], /--duration takes a time with its unit/],
  [['--duration', '0s'], /--duration takes a time above 0/],
  [['--duration', '48h'], /up to 24h/],
  [['--rooms', '257'], /--rooms takes a whole number from 1 to 256/],
  [['--arrivals', 'poisson'], /give --rate too/],
  [['--rate', '10', '--arrivals', 'bursts'], /--arrivals takes uniform or poisson/],
  [['--servers', '2'], /odd number, not 2: try 3/],
  [['--servers', '1', '--on', 'follower'], /a cluster of one server has no follower/],
  [['--on', '4'], /there are only 3 servers/],
  [['--on', 'everywhere'], /--on takes spread, leader, follower or a server's number/],
  [['--fault', '5 kill leader'], /"5" is no time/],
  [['--fault', '1s..2s x:1'], /'x:1' is no fault/],
  [['--fault', '9s kill 1'], /lasts beyond the run: make --duration longer/],
  [['--fault', '1s kill 4'], /there is no server 4, only 1 to 3/],
  [['--fault', '1s kill follower', '--servers', '1'], /has no follower/],
  [['--mode', 'q:1'], /'q:1' is no fault/],
  [['--mode', 'isolate leader'], /who leads may change/],
  [['--mode', '7=a:1'], /there is no server 7/],
  [['--slo', 'p99<5'], /--slo: .*is no time/],
  [['--slo', 'speed>1'], /asks for nothing: write FIGURE<=VALUE/],
  [
    ['--balancer', '127.0.0.1:1', '--fault', '1s kill 1'],
    /--fault is for a cluster of the bench's own: leave out --fault or --balancer/,
  ],
  [['--balancer', '127.0.0.1:1', '--no-fsync'], /--no-fsync is for a cluster of the bench's own/],
  [['--cleints', '3'], /did you mean --clients/],
] as const) {
  t.test(`${args.join(' ')} is refused`, async (t) => {
    const refused = read(...args);
    await t.rejects(refused, UsageError);
    await t.rejects(refused, { message: says });
  });
}
