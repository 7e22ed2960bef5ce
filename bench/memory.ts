/** Memory of servers that hold a long history, and how long a killed one takes until it serves all of it again. */

import type { Cluster } from '../test/support/cluster.js';
import { nowMs } from '../test/support/until.js';
import { pidsOf, postsIn, readNumbers, startCluster } from './cluster.js';
import { CpuWatch, describeEnvironment } from './environment.js';
import { closedLoad } from './load.js';
import { restart } from './restart.js';

const room = '#bench';
const clients = 16;
const mebibyte = 2 ** 20;

/** Ends with 1 if lines are missing or the servers differ. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readNumbers(args, { messages: 1_000_000, size: 100, inflight: 256 });
  console.log(describeEnvironment());
  console.log(
    `${options.messages} lines of ${options.size} bytes, from ${clients} clients × ${options.inflight} in flight\n`,
  );
  const cluster = await startCluster();
  const peaks = new Map<number, number>();
  const sample = setInterval(() => void sampleMemory(cluster, peaks), 200);
  try {
    const load = closedLoad({
      clients,
      inFlight: options.inflight,
      sizeBytes: options.size,
      room,
      balancer: cluster.balancerAddress,
      linesMax: options.messages,
    });
    const cpu = new CpuWatch(() => pidsOf(cluster));
    const startMs = nowMs();
    await load.start();
    await load.finished();
    const seconds = (nowMs() - startMs) / 1000;
    const { foreign } = cpu.cores();
    const counts = await load.stop();
    console.log(
      `written in ${seconds.toFixed(1)} s; ok ${counts.ok}, failed ${counts.failed}, unknown ${counts.unknown}; ` +
        `foreign cores ${foreign.toFixed(2)}`,
    );
    await cluster.waitForAgreement(120_000);
    await sampleMemory(cluster, peaks);
    const leader = await cluster.leader();
    for (const id of cluster.ids) {
      const now = await cluster.server(id).residentBytes();
      const role = id === leader ? 'leader' : 'follower';
      console.log(`server ${id} (${role}): ${mib(now)} resident, ${mib(peaks.get(id) ?? 0)} at most`);
    }
    clearInterval(sample);

    const posts = await postsIn(cluster, room);
    const good = posts === counts.ok + clients && counts.ok === Math.floor(options.messages / clients) * clients;
    for (const id of [leader, cluster.ids.find((other) => other !== leader) ?? 0])
      await showRestart(cluster, id, posts);
    const slot = await cluster.waitForAgreement(60_000);
    console.log(`verify: equal through slot ${slot}; ${posts} posts: ${good ? 'ok' : 'WRONG'}`);
    return good ? 0 : 1;
  } finally {
    clearInterval(sample);
    await cluster.stop();
  }
}

async function showRestart(cluster: Cluster, id: number, posts: number): Promise<void> {
  const { readyMs, servingMs, firstPageMs, residentBytes } = await restart(cluster, id, room, posts);
  console.log(
    `server ${id} restarted: READY after ${readyMs.toFixed(0)} ms, complete after ${servingMs.toFixed(0)} ms, ` +
      `first page in ${firstPageMs.toFixed(1)} ms, ${mib(residentBytes)} resident`,
  );
}

async function sampleMemory(cluster: Cluster, peaks: Map<number, number>): Promise<void> {
  for (const id of cluster.upIds) {
    peaks.set(id, Math.max(peaks.get(id) ?? 0, await cluster.server(id).residentBytes()));
  }
}

function mib(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(0)} MiB`;
}
