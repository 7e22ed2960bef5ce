/** `npm run bench -- regions`: commits in a cluster across regions, against the least that theory allows. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../test/support/cluster.js';
import { until } from '../test/support/until.js';
import { pidsOf, startCluster } from './cluster.js';
import { measureFloor } from './floor.js';
import { closedLoad, figuresOf } from './load.js';
import { type PartStand, runParts } from './parts.js';
import { evenRegions, leastCommitMs, mixedRegions, type Regions, rttBetween } from './region-floor.js';
import { atLeast, atMost, type Goal, type Part, type Row } from './report.js';

const ids = [1, 2, 3];
const floorSeconds = 1;
/** New delays may cost a leader its place; until one has kept it for a while nothing is measured. */
const settleDeadlineMs = 60_000;
/** As long nothing changes who leads before it counts as settled, in ms. */
const settledMs = 2_000;
/** A timer of the proxy or of this process may round by so much. */
const roundingMs = 0.05;

const topologies: Readonly<Record<string, Regions>> = {
  'rtt-0': { ...evenRegions(ids, 0), name: '0 ms, through the proxy' },
  'rtt-1': evenRegions(ids, 1),
  'rtt-30': evenRegions(ids, 30),
  'rtt-150': evenRegions(ids, 150),
  mixed: mixedRegions(ids, 30, 150),
};

interface Options {
  readonly seconds: number;
  readonly warmup: number;
  readonly size: number;
}

class RegionStand implements PartStand {
  readonly cluster: Cluster;
  readonly syncMs: number;
  beforeEnd = (): void => undefined;

  constructor(cluster: Cluster, syncMs: number) {
    this.cluster = cluster;
    this.syncMs = syncMs;
  }

  static async start(): Promise<RegionStand> {
    const { syncUs } = await measureFloor(floorSeconds);
    return new RegionStand(await startCluster({ proxy: { seed: 1 } }), syncUs / 1000);
  }

  get pids(): number[] {
    return [...pidsOf(this.cluster), this.cluster.proxy.program.pid];
  }

  async stop(): Promise<void> {
    await this.cluster.stop();
  }
}

export function main(args: readonly string[]): Promise<number> {
  const parts = Object.entries(topologies).map(
    ([name, regions]) =>
      [name, (stand: RegionStand, options: Options) => measureRegions(stand, regions, options)] as const,
  );
  return runParts(
    {
      defaults: { seconds: 10, warmup: 2, size: 100 },
      parts: Object.fromEntries(parts),
      start: () => RegionStand.start(),
      about: ({ syncMs }) => [
        'three servers, every link between them through the fault proxy, which delays each way by half the round trip',
        `least: to the leader and back + leader to its nearest majority and back + one sync (${syncMs.toFixed(3)} ms, three at once, this run)`,
      ],
    },
    args,
  );
}

/** One client with one line in flight: beside the leader, then beside each follower. */
async function measureRegions(stand: RegionStand, regions: Regions, options: Options): Promise<Part> {
  const { cluster, syncMs } = stand;
  await setDelays(cluster, regions);
  const leader = await settledLeader(cluster);
  const rows: Row[] = [];
  const goals: Goal[] = [];
  let lost = 0;
  for (const at of [leader, ...ids.filter((id) => id !== leader)]) {
    const measured = await commitsAt(cluster, at, options);
    lost += measured.lost;
    const least = leastCommitMs(regions, ids, leader, at, syncMs);
    const where =
      at === leader ? `at the leader, server ${at}` : `at server ${at}, ${rttBetween(regions, at, leader)} ms away`;
    const by = {
      least,
      p50: measured.p50Us / 1000,
      p99: measured.p99Us / 1000,
      'p50 / least': measured.p50Us / 1000 / least,
    };
    rows.push({ what: where, by: { ...by, commits: measured.ok } });
    // What beats the delays would only show that they are not there.
    const delays = least - syncMs - roundingMs;
    goals.push(atLeast(`${regions.name}, ${where}: p50 ms, not below its delays`, measured.p50Us / 1000, delays));
  }
  const isStill = (await cluster.leader()) === leader;
  goals.push(atMost(`${regions.name}: changes of leader`, isStill ? 0 : 1, 0));
  goals.push(atMost(`${regions.name}: lines failed or unknown`, lost, 0));
  await cluster.proxy.heal();
  return { title: `round trips of ${regions.name}: commit of one client with one line in flight, ms`, rows, goals };
}

async function setDelays(cluster: Cluster, regions: Regions): Promise<void> {
  await cluster.proxy.heal();
  const delays = ids.flatMap((a) =>
    ids.filter((b) => b > a).map((b) => ({ preset: 'delay', a, b, time: rttBetween(regions, a, b) / 2 })),
  );
  // A delay of nothing still runs through the engine's heap: without a rule the frame passes as it comes.
  const real = delays.filter(({ time }) => time > 0);
  if (real.length > 0) await cluster.proxy.setRules(...real);
}

/** Who leads once nobody has changed that for a while. */
async function settledLeader(cluster: Cluster): Promise<number> {
  return await until('a settled leader', settleDeadlineMs, async () => {
    const first = await cluster.leader();
    await pause(settledMs);
    return (await cluster.leader()) === first ? first : undefined;
  });
}

async function commitsAt(
  cluster: Cluster,
  id: number,
  { seconds, warmup, size }: Options,
): Promise<{ ok: number; p50Us: number; p99Us: number; lost: number }> {
  const servers = [cluster.address(id)];
  const load = closedLoad({ clients: 1, inFlight: 1, sizeBytes: size, room: '#regions', balancer: '', servers });
  await load.start();
  await pause(warmup * 1000);
  load.openWindow();
  await pause(seconds * 1000);
  const { ok, p50Us, p99Us } = figuresOf(load);
  const { failed, unknown } = await load.stop();
  return { ok, p50Us, p99Us, lost: failed + unknown };
}
