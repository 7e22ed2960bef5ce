/** Durable appends per second and their latency in closed loop, for several numbers of clients × lines in flight. */

import { setTimeout as pause } from 'node:timers/promises';
import { pidsOf, postsIn, readNumbers, startCluster } from './cluster.js';
import { CpuWatch, describeEnvironment } from './environment.js';
import { closedLoad } from './load.js';

const room = '#bench';
const shapes = [
  [1, 1],
  [16, 1],
  [16, 64],
  [16, 256],
] as const;

/** Ends with 1 if a check failed; a slow result is a result, not a failure. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readNumbers(args, { seconds: 10, warmup: 3, size: 100, clients: 0, inflight: 0 });
  console.log(describeEnvironment());
  console.log(`closed loop, ${options.size}-byte lines, ${options.seconds} s after ${options.warmup} s of warm-up\n`);
  console.log(
    '| clients × in flight | appends/s | p50 ms | p99 ms | max ms ' +
      '| ok | failed | unknown | CPU µs an append | foreign cores |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|');
  let wrong = 0;
  const chosen = options.clients > 0 ? [[options.clients, options.inflight] as const] : shapes;
  for (const [clients, inFlight] of chosen) wrong += await measure(clients, inFlight, options);
  return wrong === 0 ? 0 : 1;
}

async function measure(
  clients: number,
  inFlight: number,
  options: { seconds: number; warmup: number; size: number },
): Promise<number> {
  const cluster = await startCluster();
  try {
    const load = closedLoad({ clients, inFlight, sizeBytes: options.size, room, balancer: cluster.balancerAddress });
    await load.start();
    await pause(options.warmup * 1000);
    const cpu = new CpuWatch(() => pidsOf(cluster));
    load.openWindow();
    await pause(options.seconds * 1000);
    const { perSecond, latencies } = load.window();
    const { foreign, own } = cpu.cores();
    const counts = await load.stop();
    const cells = [
      `${clients}×${inFlight}`,
      Math.round(perSecond).toLocaleString('en'),
      ...[...latencies.percentilesUs([50, 99]), latencies.maxUs].map((us) => (us / 1000).toFixed(2)),
      ...[counts.ok, counts.failed, counts.unknown].map((count) => count.toLocaleString('en')),
      ((own * 1e6) / perSecond).toFixed(1),
      foreign.toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
    return await verify(cluster, counts, clients);
  } finally {
    await cluster.stop();
  }
}

/** All servers hold the same log, and the room holds every acknowledged line and nothing that nobody sent. */
async function verify(
  cluster: Awaited<ReturnType<typeof startCluster>>,
  counts: { ok: number; unknown: number },
  firstLines: number,
): Promise<number> {
  const slot = await cluster.waitForAgreement(60_000);
  const posts = await postsIn(cluster, room);
  const least = counts.ok + firstLines;
  const good = posts >= least && posts <= least + counts.unknown;
  console.error(
    `  verify: equal through slot ${slot}; ${posts} posts, ${least} acknowledged: ${good ? 'ok' : 'WRONG'}`,
  );
  return good ? 0 : 1;
}
