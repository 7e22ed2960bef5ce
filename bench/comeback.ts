/** What it costs those who go on that a server which was away comes back: the clients' latency before and meanwhile. */
import type { Load } from '../src/bench/load/load.js';
import type { Cluster } from '../test/support/cluster.js';
import { nowMs, timePasses, until } from '../test/support/until.js';
import { pidsOf, statusOf } from './cluster.js';
import { CpuWatch, residentBytes } from './environment.js';
import { closedLoad, type Figures, figuresOf } from './load.js';

/** What the clients of the others do meanwhile. */
export interface LiveLoad {
  readonly clients: number;
  readonly inFlight: number;
  readonly sizeBytes: number;
  readonly room: string;
  /** For how long they are measured while nothing happens. */
  readonly seconds: number;
}

export interface Comeback {
  /** Of the others alone, and from READY of the server until it has caught up. */
  readonly without: Figures;
  readonly during: Figures;
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

/** The clients' figures while nothing happens. */
export async function quietWindow(cluster: Cluster, servers: readonly number[], live: LiveLoad): Promise<Figures> {
  const load = await startLoad(cluster, servers, live);
  const window = await measure(load, live.seconds);
  await load.stop();
  return window;
}

async function startLoad(cluster: Cluster, ids: readonly number[], live: LiveLoad): Promise<Load> {
  const { clients, inFlight, sizeBytes, room } = live;
  const servers = ids.map((id) => cluster.address(id));
  const load = closedLoad({ clients, inFlight, sizeBytes, room, balancer: '', servers });
  await load.start();
  await timePasses(warmUpMs);
  return load;
}

async function measure(load: Load, seconds: number): Promise<Figures> {
  load.openWindow();
  await timePasses(seconds * 1000);
  return figuresOf(load);
}

/** Starts a server that is down, under load on the others, and waits until it has what they have. */
export async function comeback(cluster: Cluster, away: number, live: LiveLoad, deadlineMs: number): Promise<Comeback> {
  const others = cluster.ids.filter((id) => id !== away);
  const load = await startLoad(cluster, others, live);
  const without = await measure(load, live.seconds);
  const startMs = nowMs();
  await cluster.startServer(away);
  // From here on: what a process costs that starts and reads its log on the same cores is no catching up.
  const watch = new CpuWatch(() => pidsOf(cluster));
  load.openWindow();
  await until('the server to catch up', deadlineMs, async () => {
    await timePasses(lookEveryMs);
    const [here, there] = [await statusOf(cluster, away), await statusOf(cluster, others[0] ?? 0)];
    if (here === undefined || there === undefined) return false;
    return here.note === '' && here.applied > 0 && here.applied >= there.applied - slotsBehindMax;
  });
  const caughtUpMs = nowMs() - startMs;
  const during = figuresOf(load);
  const { foreign } = watch.cores();
  const rss = residentBytes(cluster.server(away).pid);
  const { failed, unknown } = await load.stop();
  return { without, during, caughtUpMs, residentBytes: rss, foreignCores: foreign, lost: failed + unknown };
}
