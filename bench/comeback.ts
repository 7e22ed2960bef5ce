/** What it costs those who go on that a server which was away comes back: the clients' latency before and meanwhile. */
import type { Cluster } from '../test/support/cluster.js';
import { nowMs, timePasses, until } from '../test/support/until.js';
import { pidsOf, statusOf } from './cluster.js';
import { CpuWatch, residentBytes } from './environment.js';
import { Load } from './load.js';

/** What the clients of the others do meanwhile. */
export interface LiveLoad {
  readonly clients: number;
  readonly inFlight: number;
  readonly sizeBytes: number;
  readonly room: string;
  /** For how long they are measured before the server comes back. */
  readonly seconds: number;
}

export type Window = ReturnType<Load['window']>;

export interface Comeback {
  readonly before: Window;
  readonly during: Window;
  /** From the start of its process until it has applied what the others have. */
  readonly caughtUpMs: number;
  readonly residentBytes: number;
  readonly foreignCores: number;
  readonly lost: number;
}

const warmUpMs = 2_000;
/** Under load nobody is ever quite level: so many slots behind another server count as caught up. */
const slotsBehindMax = 2_000;
const lookEveryMs = 100;

/** Starts a server that is down, under load on the others, and waits until it has what they have. */
export async function comeback(cluster: Cluster, away: number, live: LiveLoad, deadlineMs: number): Promise<Comeback> {
  const { clients, inFlight, sizeBytes, room, seconds } = live;
  const others = cluster.ids.filter((id) => id !== away);
  const servers = others.map((id) => cluster.address(id));
  const load = new Load({ clients, inFlight, sizeBytes, room, balancer: '', servers });
  await load.start();
  await timePasses(warmUpMs);
  load.openWindow();
  await timePasses(seconds * 1000);
  const before = load.window();
  const watch = new CpuWatch(() => pidsOf(cluster));
  load.openWindow();
  const startMs = nowMs();
  await cluster.startServer(away);
  await until('the server to catch up', deadlineMs, async () => {
    await timePasses(lookEveryMs);
    const [here, there] = [await statusOf(cluster, away), await statusOf(cluster, others[0] ?? 0)];
    if (here === undefined || there === undefined) return false;
    return here.note === '' && here.applied > 0 && here.applied >= there.applied - slotsBehindMax;
  });
  const caughtUpMs = nowMs() - startMs;
  const during = load.window();
  const { foreign } = watch.cores();
  const rss = residentBytes(cluster.server(away).pid);
  const { failed, unknown } = await load.stop();
  return { before, during, caughtUpMs, residentBytes: rss, foreignCores: foreign, lost: failed + unknown };
}
