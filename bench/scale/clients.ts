/** Parts idle-clients and active-clients: what many connections cost the one server that has them all. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../test/support/cluster.js';
import { cpuSeconds, residentBytes } from '../environment.js';
import { HelperProcess } from '../helper-process.js';
import { closedLoad, figuresOf } from '../load.js';
import { ownFiles, throughForFiles } from '../open-files.js';
import { atLeast, atMost, type Goal, type Part, type Row } from '../report.js';
import type { IdleAnswer, IdleOrder } from './crowd.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStand } from './stand.js';

const connectDeadlineMs = 300_000;
const stateDeadlineMs = 30_000;
/** What an idle client may take of its server's memory (design/PERFORMANCE.md, Goals). */
const kibEachMax = 10;

/** Readers, then users: two clusters, so that the one's garbage is not the other's figure. */
export async function idleClients(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  const readers = await measureIdle(stand, options, false);
  const users = await measureIdle(stand, options, true);
  const rows: Row[] = Object.keys(users.figures).map((what) => ({
    what,
    by: { readers: readers.figures[what] ?? Number.NaN, users: users.figures[what] ?? Number.NaN },
  }));
  return {
    title: `${options.idle} idle clients on the leader, from ${options.processes} processes; readers are only connected, users have a session and a room open`,
    rows,
    goals: [...readers.goals, ...users.goals],
  };
}

async function measureIdle(
  stand: ScaleStand,
  options: ScaleOptions,
  areUsers: boolean,
): Promise<{ figures: Readonly<Record<string, number>>; goals: Goal[] }> {
  const { idle, processes, settle } = options;
  const through = throughForFiles(idle + ownFiles);
  const cluster = await stand.cluster({ serverOptions: () => ({ through }) });
  const leader = await cluster.leader();
  const follower = cluster.ids.find((id) => id !== leader) ?? 0;
  const p50BeforeUs = await commitP50(cluster, leader, options);
  await pause(settle * 1000);
  const before = await lookAt(cluster, leader, follower, settle);

  const program = new URL('./crowd.js', import.meta.url);
  const crowds = Array.from({ length: processes }, () =>
    stand.helper(new HelperProcess<IdleOrder, IdleAnswer>(program)),
  );
  const startMs = performance.now();
  const share = Math.ceil(idle / processes);
  for (const [i, crowd] of crowds.entries()) {
    const count = Math.max(0, Math.min(share, idle - i * share));
    crowd.order({ order: 'connect', server: cluster.address(leader), first: i * share, count, areUsers });
  }
  await Promise.all(crowds.map((crowd) => crowd.answer('connected', connectDeadlineMs)));
  const connectedS = (performance.now() - startMs) / 1000;
  await pause(settle * 1000);
  const after = await lookAt(cluster, leader, follower, settle);
  const p50AfterUs = await commitP50(cluster, leader, options);

  for (const crowd of crowds) crowd.order({ order: 'state' });
  const states = await Promise.all(crowds.map((crowd) => crowd.answer('state', stateDeadlineMs)));
  const sum = (pick: (state: (typeof states)[number]) => number): number =>
    states.reduce((total, state) => total + pick(state), 0);
  const isStill = (await cluster.leader()) === leader;
  await stand.end(cluster, crowds);
  const kibEach = (after.leaderRss - before.leaderRss) / idle / 1024;
  const who = areUsers ? 'users' : 'readers';
  return {
    figures: {
      'all are served after s': connectedS,
      'RSS of the leader before, MiB': before.leaderRss / 2 ** 20,
      'RSS of the leader with all, MiB': after.leaderRss / 2 ** 20,
      'RSS of the leader, KiB each': kibEach,
      'RSS of a follower, KiB each': (after.followerRss - before.followerRss) / idle / 1024,
      'CPU of the leader before, % of a core': before.cpuPercent,
      'CPU of the leader with all, % of a core': after.cpuPercent,
      'one active client before: p50 µs': p50BeforeUs,
      'one active client with all: p50 µs': p50AfterUs,
    },
    goals: [
      atLeast(
        `idle clients: ${who} served at the end`,
        sum(({ served }) => served),
        idle,
      ),
      atMost(
        `idle clients: connections of ${who} lost`,
        sum(({ lost }) => lost),
        0,
      ),
      atMost(`idle clients: changes of leader beside ${who}`, isStill ? 0 : 1, 0),
      atMost(`idle clients: RSS for each of the ${who}, KiB`, kibEach, kibEachMax),
    ],
  };
}

interface Look {
  readonly leaderRss: number;
  readonly followerRss: number;
  readonly cpuPercent: number;
}

/** Takes `seconds`, at whose end memory is read. */
async function lookAt(cluster: Cluster, leader: number, follower: number, seconds: number): Promise<Look> {
  const { pid } = cluster.server(leader);
  const [startMs, cpuBefore] = [performance.now(), cpuSeconds(pid)];
  await pause(seconds * 1000);
  const cpuPercent = (100_000 * (cpuSeconds(pid) - cpuBefore)) / (performance.now() - startMs);
  const followerRss = residentBytes(cluster.server(follower).pid);
  return { leaderRss: residentBytes(pid), followerRss, cpuPercent };
}

/** Of a single client at this server, a line at a time. */
async function commitP50(cluster: Cluster, id: number, options: ScaleOptions): Promise<number> {
  return (await closedLoop(cluster, id, 1, options)).p50Us;
}

/** Each client keeps one line in flight, in one room, all at one server. */
async function closedLoop(
  cluster: Cluster,
  id: number,
  clients: number,
  { seconds, warmup, size }: ScaleOptions,
): Promise<{ perSecond: number; p50Us: number; p99Us: number; maxUs: number; lost: number }> {
  const servers = [cluster.address(id)];
  const load = closedLoad({ clients, inFlight: 1, sizeBytes: size, room: '#active', balancer: '', servers });
  await load.start();
  await pause(warmup * 1000);
  load.openWindow();
  await pause(seconds * 1000);
  const { perSecond, p50Us, p99Us, maxUs } = figuresOf(load);
  const { failed, unknown } = await load.stop();
  return { perSecond, p50Us, p99Us, maxUs, lost: failed + unknown };
}

/** All on the leader, then all on a follower. */
export async function activeClients(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  const { active } = options;
  const through = throughForFiles(active + ownFiles);
  const cluster = await stand.cluster({ serverOptions: () => ({ through }) });
  const leader = await cluster.leader();
  const follower = cluster.ids.find((id) => id !== leader) ?? 0;
  const atLeader = await closedLoop(cluster, leader, active, options);
  const atFollower = await closedLoop(cluster, follower, active, options);
  const isStill = (await cluster.leader()) === leader;
  await cluster.waitForAgreement(60_000);
  await stand.end(cluster);
  const row = (what: string, pick: (figures: typeof atLeader) => number): Row => ({
    what,
    by: { 'on the leader': pick(atLeader), 'on a follower': pick(atFollower) },
  });
  return {
    title: `${active} active clients on one server, each with one line of ${options.size} bytes in flight`,
    rows: [
      row('lines/s', ({ perSecond }) => perSecond),
      row('p50 ms', ({ p50Us }) => p50Us / 1000),
      row('p99 ms', ({ p99Us }) => p99Us / 1000),
      row('max ms', ({ maxUs }) => maxUs / 1000),
    ],
    goals: [
      atMost('active clients: lines failed or unknown', atLeader.lost + atFollower.lost, 0),
      atMost('active clients: changes of leader', isStill ? 0 : 1, 0),
    ],
  };
}
