/** How long acknowledgements stop when the leader is killed: the longest silence around each of many kills. */

import type { Load } from '../src/bench/load/load.js';
import type { Cluster } from '../test/support/cluster.js';
import { nowMs, until } from '../test/support/until.js';
import { pidsOf, postsIn, readNumbers, startCluster } from './cluster.js';
import { eventText, loggedEvents } from './election-trace.js';
import { CpuWatch, describeEnvironment } from './environment.js';
import { closedLoad } from './load.js';

const room = '#bench';
const clients = 6;
const inFlight = 4;
/** Every client must have got this many further acknowledgements before a kill is over. */
const acksAfterKill = 20;
/** A longer silence is explained: what the servers logged from so long before the kill until it was over. */
const slowMs = 300;
const tracedBeforeMs = 3000;
const tracedAfterMs = 50;

/** Ends with 1 if an acknowledged line is missing or the servers differ. */
export async function main(args: readonly string[]): Promise<number> {
  const { kills, young } = readNumbers(args, { kills: 50, young: 0 });
  console.log(describeEnvironment());
  const ages = young > 0 ? ', each just after its own election' : '';
  console.log(`${kills} kills of the leader${ages}, under ${clients} clients × ${inFlight} in flight, closed loop\n`);
  // Two of five may be down while the next one is elected.
  const cluster = await startCluster({ servers: young > 0 ? 5 : 3 });
  try {
    const load = closedLoad({ clients, inFlight, sizeBytes: 100, room, balancer: cluster.balancerAddress });
    const anyGaps: number[] = [];
    const clientGaps: number[] = [];
    const slow: string[] = [];
    const cpu = new CpuWatch(() => pidsOf(cluster));
    await load.start();
    for (let kill = 1; kill <= kills; kill++) {
      const deposed = young > 0 ? await depose(cluster, cpu) : undefined;
      const leader = deposed?.heir ?? (await cluster.leader());
      const watch = new GapWatch(load);
      cpu.sample();
      const killedMs = nowMs();
      await cluster.killServer(leader);
      const gap = await watch.result();
      if (gap.anyMs > slowMs) slow.push(traceText(cluster, { kill, leader, killedMs, gapMs: gap.anyMs }));
      anyGaps.push(gap.anyMs);
      clientGaps.push(gap.worstClientMs);
      await Promise.all(
        [leader, ...(deposed === undefined ? [] : [deposed.leader])].map((id) => cluster.startServer(id)),
      );
      await cluster.waitForStatus('all servers up and close', ({ servers }) => {
        const applied = servers.map((server) => server.applied);
        return servers.every(({ state }) => state === 'up') && Math.max(...applied) - Math.min(...applied) < 200;
      });
      process.stderr.write(
        `\r${kill}/${kills}: ${gap.anyMs.toFixed(0)} ms, worst client ${gap.worstClientMs.toFixed(0)} ms   `,
      );
    }
    process.stderr.write('\n');
    const { foreign } = cpu.cores();
    const counts = await load.stop();
    console.log('| silence in ms | p50 | p90 | p99 | max |');
    console.log('|---|---|---|---|---|');
    console.log(`| no client is acknowledged | ${percentiles(anyGaps)} |`);
    console.log(`| the slowest client, moved or not | ${percentiles(clientGaps)} |`);
    if (slow.length > 0) console.log(`\n${slow.length} silences above ${slowMs} ms:\n${slow.join('\n')}`);
    console.log(
      `\nok ${counts.ok}, failed ${counts.failed}, unknown ${counts.unknown}; foreign cores ${foreign.toFixed(2)}`,
    );

    const slot = await cluster.waitForAgreement(60_000);
    const posts = await postsIn(cluster, room);
    const least = counts.ok + clients;
    const good = posts >= least && posts <= least + counts.unknown;
    console.log(`verify: equal through slot ${slot}; ${posts} posts, ${least} acknowledged: ${good ? 'ok' : 'WRONG'}`);
    return good ? 0 : 1;
  } finally {
    await cluster.stop();
  }
}

/** Kills the leader, and returns as soon as another one says in its log that it leads. */
async function depose(cluster: Cluster, cpu: CpuWatch): Promise<{ leader: number; heir: number }> {
  const leader = await cluster.leader();
  cpu.sample();
  const killedMs = nowMs();
  await cluster.killServer(leader);
  const heir = await until('another leader', 30_000, () => {
    return loggedEvents(cluster).find(({ event, atMs }) => event === 'leads' && atMs > killedMs)?.server;
  });
  return { leader, heir };
}

/** One slow kill: 0 is the moment of the kill. */
function traceText(
  cluster: Cluster,
  { kill, leader, killedMs, gapMs }: { kill: number; leader: number; killedMs: number; gapMs: number },
): string {
  const events = loggedEvents(cluster).filter(
    ({ atMs }) => atMs >= killedMs - tracedBeforeMs && atMs <= killedMs + gapMs + tracedAfterMs,
  );
  const lines = events.map((event) => eventText(event, killedMs));
  return [`kill ${kill}, leader ${leader}: ${gapMs.toFixed(0)} ms`, ...lines].join('\n');
}

/** From just before a kill until every client goes on: the longest time without any acknowledgement. */
class GapWatch {
  readonly #load: Load;
  readonly #startMs = nowMs();
  readonly #acks = new Array<number>(clients).fill(0);
  readonly #lastMs = new Array<number>(clients).fill(nowMs());
  #lastAnyMs = nowMs();
  #anyMs = 0;
  #worstClientMs = 0;

  constructor(load: Load) {
    this.#load = load;
    load.onAck = (atMs, client) => {
      this.#anyMs = Math.max(this.#anyMs, atMs - this.#lastAnyMs);
      this.#lastAnyMs = atMs;
      this.#worstClientMs = Math.max(this.#worstClientMs, atMs - (this.#lastMs[client] ?? atMs));
      this.#lastMs[client] = atMs;
      this.#acks[client] = (this.#acks[client] ?? 0) + 1;
    };
  }

  /**
   * An election takes longer than acknowledgements that were on their way when the leader died, so the kill is over
   * once the patience of a healthy cluster has passed and every client has been acknowledged again and again.
   */
  async result(): Promise<{ anyMs: number; worstClientMs: number }> {
    await until('all clients to be acknowledged again', 30_000, () => {
      return nowMs() - this.#startMs > 1500 && this.#acks.every((acks) => acks >= acksAfterKill);
    });
    this.#load.onAck = undefined;
    return { anyMs: this.#anyMs, worstClientMs: this.#worstClientMs };
  }
}

function percentiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0).toFixed(0);
  return [at(0.5), at(0.9), at(0.99), at(1)].join(' | ');
}
