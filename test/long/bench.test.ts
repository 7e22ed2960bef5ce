/**
 * `synod bench run` with real processes: lawful figures, faults at their times, an interruption, and nothing left
 * behind.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import t, { type Test } from 'tap';
import { type BenchResult, readResult } from '../../src/bench/plan/result.js';
import { parseMarkup } from '../bench/well-formed.js';
import { Cluster } from '../support/cluster.js';
import { Program, runToEnd } from '../support/program.js';
import { until } from '../support/until.js';

const fewClients = ['--clients', '2', '--inflight', '4'];

function folderFor(t: { teardown: (end: () => void) => void }): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'synod-bench-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Processes whose command line names the folder: the daemons of a bench keep their data below it. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(folder) ? [line] : [];
      } catch {
        return []; // It has just ended.
      }
    });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What must hold of every result. */
function expectLawful(t: Test, result: BenchResult): void {
  t.equal(result.history.state, 'complete');
  t.equal(sum(result.series.map(({ ok }) => ok)), result.ok, 'the bins are the whole');
  const { p50Us, p90Us, p99Us, p999Us, maxUs } = result;
  const rising = [p50Us, p90Us, p99Us, p999Us, maxUs].map((us) => us ?? Number.NaN);
  t.same(
    rising,
    rising.toSorted((a, b) => a - b),
    'percentiles rise',
  );
  t.equal(result.curve.at(-1)?.us, maxUs);
}

t.test('closed loop: one JSON object, every message acknowledged', async (t) => {
  const folder = folderFor(t);
  const args = ['bench', 'run', '--json', '--duration', '2s', '--warmup', '500ms', ...fewClients, '--data-dir', folder];
  const { code, stdout, stderr } = await runToEnd('synod', args, 60_000);
  t.equal(code, 0, stderr);
  t.equal(stdout.trimEnd().split('\n').length, 1, 'nothing else on stdout');
  const result = readResult(stdout);
  expectLawful(t, result);
  t.ok(result.ok > 0, `${result.ok} acknowledged`);
  t.match(result, {
    mode: 'closed',
    clients: 2,
    inflight: 4,
    size: 100,
    durable: true,
    seconds: 2,
    failed: 0,
    unknown: 0,
    servers: 3,
    open: null,
    interrupted: false,
  });
  t.ok(Math.abs(result.opsPerSec * 2 - result.ok) <= 16, 'the rate is what arrived, but for what was in flight');
  t.equal(sum(Object.values(result.placement)), 2);
  t.equal(result.processes.length, 5, 'load, balancer and three servers');
  t.same(readdirSync(folder), [], 'the data is gone');
  t.same(processesOf(folder), []);
});

t.test('open loop with faults: they happen at their times, and nothing acknowledged is lost', async (t) => {
  const folder = folderFor(t);
  const file = path.join(folder, 'run.json');
  const html = path.join(folder, 'run.html');
  const args = [
    ...[
      'bench',
      'run',
      '--rate',
      '200',
      '--arrivals',
      'poisson',
      '--duration',
      '3s',
      '--warmup',
      '500ms',
      '--seed',
      '7',
    ],
    ...[...fewClients, '--size', '50-200', '--rooms', '2', '--subscribers', '2', '--data-dir', folder],
    ...['--fault', '500ms kill leader 500ms', '--fault', '2s..2500ms delay 1 2 20ms'],
    ...['--slo', 'failed=0,ops>=1M', '--out', file, '--html', html],
  ];
  const { code, stdout, stderr } = await runToEnd('synod', args, 60_000);
  t.equal(code, 6, stderr);
  t.match(stderr, /missed ops>=1M/);
  t.match(stdout, /^load +open loop: 200 messages\/s, poisson arrivals, 2 clients/);
  t.match(stdout, /history: complete/);
  const result = readResult(readFileSync(file, 'utf8'));
  expectLawful(t, result);
  t.match(result, { mode: 'open', failed: 0, unknown: 0, links: 'proxy', seed: 7, deliveries: { missing: 0 } });
  const meant = result.ok + (result.open?.unsent ?? 0);
  // 600 are expected, with a standard deviation of 24.
  t.ok(meant > 480 && meant < 720, `${meant} messages were meant`);
  const [kill, delay] = result.faults;
  t.ok((kill?.fromMs ?? 0) >= 500 && (kill?.untilMs ?? 0) >= 1_000, JSON.stringify(kill));
  t.match(kill?.detail, /server [123], which led, was killed; started again at/);
  t.ok((delay?.fromMs ?? 0) >= 2_000 && (delay?.untilMs ?? 0) >= 2_500, JSON.stringify(delay));
  t.equal(parseMarkup(readFileSync(html, 'utf8')).wrong, '');
  t.same(processesOf(folder), []);
});

t.test('an interruption tells what was measured until then, and leaves nothing', async (t) => {
  const folder = folderFor(t);
  const args = ['bench', 'run', '--duration', '60s', '--warmup', '0s', ...fewClients, '--data-dir', folder];
  const fault = ['--fault', '100ms pause follower 30s'];
  const program = new Program('synod', [...args, ...fault]);
  // Its servers run, and one of them stands still: the run is on.
  await until('the run', 30_000, () => {
    const states = processesOf(folder).length;
    return states >= 5 && isAnyStopped(folder);
  });
  program.signal('SIGINT');
  const exit = await program.waitForExit(30_000);
  t.equal(exit.code, 130, program.describe());
  const out = program.lines.map(({ text }) => text).join('\n');
  t.match(out, /^INTERRUPTED/);
  t.match(out, /pause follower 30s/);
  t.same(processesOf(folder), [], 'the one that stood still is gone too');
  t.same(readdirSync(folder), []);
});

t.test('a server that ends by itself ends the run, and its log is kept', async (t) => {
  const folder = folderFor(t);
  const program = new Program('synod', ['bench', 'run', '--warmup', '60s', ...fewClients, '--data-dir', folder]);
  await until('its servers', 30_000, () => pidOf(folder, 'server --id 2') !== undefined);
  // It must have said READY, or the start fails, which is told in the same words.
  process.kill(pidOf(folder, 'server --id 2') ?? 0, 'SIGKILL');
  const exit = await program.waitForExit(30_000);
  t.equal(exit.code, 1, program.describe());
  t.match(program.stderr, /server 2 ended \(SIGKILL\)/);
  t.same(processesOf(folder), []);
});

t.test('a cluster that is there already; without a quorum: 5', async (t) => {
  const cluster = await Cluster.start();
  t.teardown(() => cluster.stop());
  await cluster.leader();
  const args = ['bench', 'run', '--json', '--duration', '500ms', '--warmup', '0s', ...fewClients];
  const there = [...args, '--balancer', cluster.balancerAddress];
  const { code, stdout, stderr } = await runToEnd('synod', [...there, '--on', 'leader'], 30_000);
  t.equal(code, 0, stderr);
  const result = readResult(stdout);
  expectLawful(t, result);
  t.match(result, { cluster: 'existing', durable: null, foreignCores: null, failed: 0, unknown: 0 });
  t.same(Object.keys(result.placement), [String(result.leaders.start)], 'all clients on the leader');
  const none = await runToEnd('synod', [...there, '--on', '9'], 30_000);
  t.equal(none.code, 2);
  t.match(none.stderr, /--on 9: the cluster has no such server; it has 1, 2, 3/);

  for (const id of cluster.ids.slice(1)) await cluster.killServer(id);
  const dead = await runToEnd('synod', [...there, '--timeout', '1s'], 30_000);
  t.equal(dead.code, 5, dead.stderr);
  t.match(dead.stderr, /is there a quorum\? See synod status/);
});

/** The daemon of the folder with these words in its command line. */
function pidOf(folder: string, words: string): number | undefined {
  const found = readdirSync('/proc').find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return /^\d+$/.test(pid) && line.includes(folder) && line.includes(words);
    } catch {
      return false; // It has just ended, or is no process.
    }
  });
  return found === undefined ? undefined : Number(found);
}

/** Whether a process of the folder was stopped by the kernel's signal. */
function isAnyStopped(folder: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      const isOurs = /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder);
      return isOurs && /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false; // It has just ended.
    }
  });
}
