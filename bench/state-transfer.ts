/**
 * What a transfer of state costs those who go on: a server is away until the others have deleted what it needs, comes
 * back and takes over state and kept history, while clients write. The goal is a p99 of at most twice what it is with
 * three servers that run; without the third one, which has a share in the two cores, it is given, too.
 */
import { readdirSync } from 'node:fs';
import type { Cluster } from '../test/support/cluster.js';
import { until } from '../test/support/until.js';
import { readNumbers, startCluster } from './cluster.js';
import { comeback, quietWindow } from './comeback.js';
import { describeEnvironment } from './environment.js';
import { closedLoad } from './load.js';

const defaults = { clients: 4, inflight: 4, size: 100, seconds: 10, rounds: 3 };
const away = 3;
const mebibyte = 1024 * 1024;

/** Lines that fill the log fast. */
const bulk = { clients: 16, inFlight: 32, sizeBytes: 8_000 };

function segments(cluster: Cluster, id: number): number[] {
  const names = readdirSync(cluster.dataDir(id)).filter((name) => /^wal-\d+\.log$/.test(name));
  return names.map((name) => Number(name.slice(4, -4))).sort((a, b) => a - b);
}

/** Writes until the servers that are up have deleted all segments that they hold now. */
async function outrun(cluster: Cluster): Promise<void> {
  const ids = cluster.ids.filter((id) => id !== away);
  const wanted = new Map(ids.map((id) => [id, (segments(cluster, id).at(-1) ?? 0) + 1]));
  const load = closedLoad({ ...bulk, room: '#bulk', balancer: cluster.balancerAddress });
  await load.start();
  await until('old segments are deleted', 600_000, () =>
    ids.every((id) => (segments(cluster, id)[0] ?? 0) >= (wanted.get(id) ?? 0)),
  );
  await load.stop();
}

/** Ends with 1 if the p99 more than doubled in the median round. */
export async function main(args: readonly string[]): Promise<number> {
  const { clients, inflight, size, seconds, rounds } = readNumbers(args, defaults);
  console.log(describeEnvironment());
  console.log(`${clients} clients × ${inflight} lines of ${size} B in flight; --retain 256MiB\n`);
  const cluster = await startCluster({ serverFlags: ['--retain', '256MiB'] });
  const ratios: number[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const live = { clients, inFlight: inflight, sizeBytes: size, room: '#live', seconds };
      const others = cluster.ids.filter((id) => id !== away);
      const whole = await quietWindow(cluster, others, live);
      await cluster.killServer(away);
      await outrun(cluster);
      const back = await comeback(cluster, away, live, 120_000);
      const { without: two, during } = back;
      ratios.push(during.p99Us / whole.p99Us);
      const row = (pick: (window: typeof during) => number): string =>
        `${pick(two).toFixed(0)}, ${pick(whole).toFixed(0)} → ${pick(during).toFixed(0)}`;
      console.log(
        `round ${round} (two servers, three → during the transfer): p50 ${row((w) => w.p50Us)} µs, p99 ${row((w) => w.p99Us)} µs, ` +
          `max ${row((w) => w.maxUs)} µs, ${row((w) => w.perSecond)} lines/s; from start to caught up ${(back.caughtUpMs / 1000).toFixed(1)} s, ` +
          `receiver's memory ${(back.residentBytes / mebibyte).toFixed(0)} MiB, foreign cores ${back.foreignCores.toFixed(2)}`,
      );
    }
  } finally {
    await cluster.stop();
  }
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN;
  console.log(
    `\np99 during a transfer is ${median.toFixed(2)} × the one of three servers that run (median; goal: at most 2)`,
  );
  return median <= 2 ? 0 : 1;
}
