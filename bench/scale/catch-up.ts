/**
 * Part catch-up: a server with an empty disk among two that hold a million slots.
 *
 * The slots are written by clients through the log, as all others are: many small ones, a line or two each, while only
 * the two servers are up. To get there in minutes the two write without syncing (`--fsync never`); before anything is
 * measured they are stopped in order and started again with a sync before every vote.
 */
import { rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../test/support/cluster.js';
import { until } from '../../test/support/until.js';
import { statusOf } from '../cluster.js';
import { comeback, quietWindow } from '../comeback.js';
import { closedLoad, type Figures } from '../load.js';
import { atLeast, atMost, type Part, type Row } from '../report.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStand } from './stand.js';

const away = 3;
/** Few lines in flight make small slots. */
const filling = { clients: 8, inFlight: 1 };
const liveShape = { clients: 4, inFlight: 4, room: '#live' };
const fillDeadlineMs = 3_600_000;
const catchUpDeadlineMs = 600_000;
/** What was asked for (design/PERFORMANCE.md, Goals). */
const caughtUpSMax = 30;
const p99TimesMax = 2;

export async function catchUp(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  // Read at each start of a server: what stands in it then is what the server is started with.
  const serverFlags = ['--fsync', 'never'];
  const cluster = await stand.cluster({ serverFlags });
  const others = cluster.ids.filter((id) => id !== away);
  stand.beforeEnd();
  await cluster.killServer(away);
  rmSync(cluster.dataDir(away), { recursive: true });
  const filled = await fill(cluster, others, options.slots);
  serverFlags.length = 0;
  stand.beforeEnd();
  await Promise.all(others.map((id) => cluster.stopServer(id)));
  await Promise.all(others.map((id) => cluster.startServer(id)));
  await cluster.leader(60_000);

  const clients = { ...liveShape, sizeBytes: options.size, seconds: options.seconds };
  const measured = await comeback(cluster, away, clients, catchUpDeadlineMs);
  await cluster.waitForVotes(60_000);
  const whole = await quietWindow(cluster, others, clients);
  await cluster.waitForAgreement(60_000);
  await stand.end(cluster);
  const { without, during, caughtUpMs } = measured;
  const slots = filled.slots;
  const live = (what: string, pick: (window: Figures) => number): Row => ({
    what,
    by: { 'two servers': pick(without), 'while it catches up': pick(during), 'three servers then': pick(whole) },
  });
  return {
    title: `a server with an empty disk comes to two with ${slots} slots, under ${clients.clients}×${clients.inFlight} lines of ${options.size} bytes`,
    rows: [
      { what: 'slots written, in s (--fsync never)', by: { 'two servers': filled.seconds } },
      live('lines/s of live clients', ({ perSecond }) => perSecond),
      live('p50 ms of live clients', ({ p50Us }) => p50Us / 1000),
      live('p99 ms of live clients', ({ p99Us }) => p99Us / 1000),
      { what: 'start to caught up, s', by: { 'while it catches up': caughtUpMs / 1000 } },
      { what: 'slots/s', by: { 'while it catches up': slots / (caughtUpMs / 1000) } },
      { what: 'RSS of the newcomer then, MiB', by: { 'while it catches up': measured.residentBytes / 2 ** 20 } },
    ],
    goals: [
      atLeast('catch-up: slots', slots, options.slots),
      atMost('catch-up: start to caught up, s', caughtUpMs / 1000, caughtUpSMax),
      atMost('catch-up: p99 of live clients, times that with three servers', during.p99Us / whole.p99Us, p99TimesMax),
      atMost('catch-up: lines failed or unknown', filled.lost + measured.lost, 0),
    ],
  };
}

/** Writes until so many slots are committed. */
async function fill(
  cluster: Cluster,
  ids: readonly number[],
  slots: number,
): Promise<{ seconds: number; slots: number; lost: number }> {
  const leader = (await cluster.waitForStatus('a leader of two', ({ leader }) => ids.includes(leader))).leader;
  const servers = [cluster.address(leader)];
  const load = closedLoad({ ...filling, sizeBytes: 100, room: '#past', balancer: '', servers });
  const startMs = performance.now();
  await load.start();
  const committed = await until(`${slots} slots`, fillDeadlineMs, async () => {
    await pause(1_000);
    const most = (await statusOf(cluster, leader))?.committed ?? 0;
    process.stderr.write(`\r${most} slots   `);
    return most >= slots ? most : undefined;
  });
  process.stderr.write('\n');
  const seconds = (performance.now() - startMs) / 1000;
  const { failed, unknown } = await load.stop();
  return { seconds, slots: committed, lost: failed + unknown };
}
