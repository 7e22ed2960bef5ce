/** Part messages: a history of millions, and what grows with it: time, memory, restart, a page of the history. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from '../../test/support/cluster.js';
import { postsIn } from '../cluster.js';
import { residentBytes } from '../environment.js';
import { flatShare, growthOf, type Point } from '../fit.js';
import type { Curve } from '../growth-page.js';
import { closedLoad } from '../load.js';
import { atLeast, atMost, type Part, type Row } from '../report.js';
import { type Restart, restart } from '../restart.js';
import type { ScaleOptions } from './options.js';
import type { ScaleStand } from './stand.js';

const room = '#history';
const clients = 16;
const inFlight = 256;
/** Servers are left alone for so long before their memory is read. */
const restMs = 3_000;
/** What was asked for (design/PERFORMANCE.md, Goals). */
const rssMbMax = 300;
const restartSMax = 3;
const pageMsMax = 20;

/** What was found at one length. */
interface Stage {
  readonly messages: number;
  /** For the messages since the stage before. */
  readonly writtenS: number;
  /** Of the server that has most; two of the three never restart. */
  readonly rssMb: number;
  readonly follower: Restart;
}

export async function messages(stand: ScaleStand, options: ScaleOptions): Promise<Part> {
  const cluster = await stand.cluster();
  const leader = await cluster.leader();
  const follower = cluster.ids.find((id) => id !== leader) ?? 0;
  const each = Math.floor(options.messages / options.steps);
  const stages: Stage[] = [];
  let acknowledged = 0;
  let lost = 0;
  for (let step = 1; step <= options.steps; step++) {
    const written = await write(cluster, each, options.size);
    acknowledged += written.ok;
    lost += written.lost;
    await cluster.waitForAgreement(120_000);
    await pause(restMs);
    const rssMb = Math.max(...cluster.ids.map((id) => residentBytes(cluster.server(id).pid))) / 1e6;
    const posts = await postsIn(cluster, room);
    stand.beforeEnd();
    const restarted = await restart(cluster, follower, room, posts);
    stages.push({ messages: posts, writtenS: written.seconds, rssMb, follower: restarted });
    process.stderr.write(`${posts} messages\n`);
  }
  const posts = await postsIn(cluster, room);
  stand.beforeEnd();
  const ofLeader = await restart(cluster, await cluster.leader(), room, posts);
  await cluster.waitForAgreement(120_000);
  await stand.end(cluster);
  const curves = stages.length < 3 ? [] : curvesOf(stages);
  const worst = (pick: (restarted: Restart) => number): number =>
    Math.max(...stages.map((stage) => pick(stage.follower)), pick(ofLeader));
  const unit = `for ${millions(each)} more`;
  return {
    title: `${options.messages} messages of ${options.size} bytes in one room, ${clients}×${inFlight}; after each step a follower is killed and started`,
    rows: [
      rowOf(`written in s, ${unit}`, stages, ({ writtenS }) => writtenS),
      rowOf('RSS of the largest server, MB', stages, ({ rssMb }) => rssMb),
      rowOf('kill -9 to all of it served, ms', stages, (stage) => stage.follower.servingMs, ofLeader.servingMs),
      rowOf('the same to READY, ms', stages, (stage) => stage.follower.readyMs, ofLeader.readyMs),
      rowOf('first page then, ms', stages, (stage) => stage.follower.firstPageMs, ofLeader.firstPageMs),
      rowOf('middle page then, ms', stages, (stage) => stage.follower.middlePageMs, ofLeader.middlePageMs),
      rowOf('RSS then, MB', stages, (stage) => stage.follower.residentBytes / 1e6, ofLeader.residentBytes / 1e6),
    ],
    goals: [
      atMost('messages: failed or unknown', lost, 0),
      atLeast('messages: in the room', posts, acknowledged),
      atMost('messages: RSS of the largest server, MB', Math.max(...stages.map(({ rssMb }) => rssMb)), rssMbMax),
      atMost('messages: restart until all is served, s', worst(({ servingMs }) => servingMs) / 1000, restartSMax),
      atMost(
        'messages: first page of the history, ms',
        worst(({ firstPageMs }) => firstPageMs),
        pageMsMax,
      ),
      ...curves.map((curve) =>
        atMost(`messages: ${curve.title}, growth over all steps, share of its mean`, riseOf(curve), flatShare),
      ),
    ],
    curves,
  };
}

async function write(
  cluster: Cluster,
  lines: number,
  sizeBytes: number,
): Promise<{ seconds: number; ok: number; lost: number }> {
  const load = closedLoad({ clients, inFlight, sizeBytes, room, balancer: cluster.balancerAddress, linesMax: lines });
  const startMs = performance.now();
  await load.start();
  await load.finished();
  const seconds = (performance.now() - startMs) / 1000;
  const { ok, failed, unknown } = await load.stop();
  // Besides what is counted, each client commits a first line.
  return { seconds, ok: ok + clients, lost: failed + unknown };
}

function rowOf(what: string, stages: readonly Stage[], pick: (stage: Stage) => number, ofLeader?: number): Row {
  const by = Object.fromEntries(stages.map((stage) => [millions(stage.messages), pick(stage)]));
  return { what, by: ofLeader === undefined ? by : { ...by, 'the leader': ofLeader } };
}

function millions(messages: number): string {
  return messages >= 1e5 ? `${(messages / 1e6).toFixed(1)} M` : `${messages}`;
}

function curvesOf(stages: readonly Stage[]): Curve[] {
  const along = 'messages';
  const points = (pick: (stage: Stage) => number): Point[] =>
    stages.map((stage) => ({ x: stage.messages, y: pick(stage) }));
  return [
    { title: 'time to write each step', unit: 's', along, points: points(({ writtenS }) => writtenS) },
    { title: 'memory of the largest server', unit: 'MB', along, points: points(({ rssMb }) => rssMb), limit: rssMbMax },
    {
      title: 'restart until all is served',
      unit: 's',
      along,
      points: points((stage) => stage.follower.servingMs / 1000),
      limit: restartSMax,
    },
    {
      title: 'first page of the history after a restart',
      unit: 'ms',
      along,
      points: points((stage) => stage.follower.firstPageMs),
      limit: pageMsMax,
    },
  ];
}

function riseOf({ points }: Curve): number {
  return growthOf(points).rise;
}
