/** A thousand clients lose their server: how long until each is shown the stream again, and how evenly they spread. */
import { randomBytes } from 'node:crypto';
import { ChatClient } from '../src/client/index.js';
import type { Cluster } from '../test/support/cluster.js';
import { nowMs, until, within } from '../test/support/until.js';
import { pidsOf, readNumbers, startCluster } from './cluster.js';
import { CpuWatch, cpuSeconds, describeEnvironment } from './environment.js';
import { HelperProcess } from './helper-process.js';
import { percentile } from './report.js';
import { type CrowdAnswer, type CrowdOrder, type CrowdState, machineMs, room } from './reroute-crowd.js';

const goalMs = 2_000;
const spreadGoal = 0.1;
const servedDeadlineMs = 30_000;

/** One process of clients. */
class CrowdProcess extends HelperProcess<CrowdOrder, CrowdAnswer> {
  constructor() {
    super(new URL('./reroute-crowd.js', import.meta.url));
  }
}

/** One server that went. */
interface Kill {
  readonly signal: 'SIGKILL' | 'SIGTERM';
  readonly wasLeader: boolean;
  /** Until each was connected elsewhere, and until it was shown the next line. */
  readonly connectedMs: readonly number[];
  readonly tookMs: readonly number[];
  /** (most − least) / mean of the survivors' clients. */
  readonly spread: number;
  /** Processor time that all this cost, by who used it. */
  readonly cpu: Readonly<Record<'clients' | 'servers' | 'balancer', number>>;
}

/** Ends with 1 if a goal is missed, or a client missed a line. */
export async function main(args: readonly string[]): Promise<number> {
  const { clients, kills, processes, rate } = readNumbers(args, { clients: 1_000, kills: 12, processes: 2, rate: 20 });
  console.log(describeEnvironment());
  console.log(`${clients} clients in ${processes} processes, three servers, ${rate} lines a second; ${kills} kills\n`);
  const cluster = await startCluster();
  const crowds = Array.from({ length: processes }, () => new CrowdProcess());
  const speakers = cluster.ids.map((id) => speaker(cluster.address(id), id));
  const talk = setInterval(() => say(speakers), 1000 / rate);
  try {
    const share = Math.ceil(clients / processes);
    for (const [i, crowd] of crowds.entries()) {
      const count = Math.min(share, clients - i * share);
      crowd.order({ order: 'connect', balancer: cluster.balancerAddress, first: i * share, count });
    }
    await Promise.all(crowds.map((crowd) => crowd.answer('connected', 120_000)));
    const cpu = new CpuWatch(() => [...pidsOf(cluster), ...crowds.map(({ pid }) => pid)]);
    const done: Kill[] = [];
    for (let k = 0; k < kills; k++) {
      cpu.sample();
      const kill = await oneKill(cluster, crowds, k % 2 === 0 ? 'SIGKILL' : 'SIGTERM', 1 + (k % cluster.size));
      done.push(kill);
      const p99 = percentile(kill.tookMs, 99);
      const connected = percentile(kill.connectedMs, 99);
      const what = `${kill.signal}${kill.wasLeader ? ' of the leader' : ''}`;
      console.log(
        `${k + 1}/${kills} ${what}: ${kill.tookMs.length} clients, p99 ${p99.toFixed(0)} ms (connected ` +
          `${connected.toFixed(0)} ms), ` +
          `max ${Math.max(...kill.tookMs).toFixed(0)} ms, spread ${(100 * kill.spread).toFixed(1)} %`,
      );
    }
    const { foreign, own } = cpu.cores();
    clearInterval(talk);
    const wrong = await judgeStreams(crowds);
    console.log(`\nforeign cores ${foreign.toFixed(2)}, own ${own.toFixed(2)}`);
    return report(done) && wrong === 0 ? 0 : 1;
  } finally {
    clearInterval(talk);
    for (const crowd of crowds) crowd.end();
    await Promise.all(speakers.map((client) => client.close()));
    await cluster.stop();
  }
}

/** Pinned, so that the lines of two speakers go on whichever server goes. */
function speaker(server: string, id: number): ChatClient {
  const client = new ChatClient({ name: `speaker${id}`, token: randomBytes(32), server });
  client.connect();
  return client;
}

let turn = 0;

function say(speakers: readonly ChatClient[]): void {
  turn += 1;
  const ready = speakers.filter(({ phase }) => phase === 'ready');
  ready[turn % Math.max(1, ready.length)]?.post(room, `line ${turn}`);
}

async function oneKill(
  cluster: Cluster,
  crowds: readonly CrowdProcess[],
  signal: Kill['signal'],
  id: number,
): Promise<Kill> {
  const wasLeader = (await cluster.leader()) === id;
  for (const crowd of crowds) crowd.order({ order: 'watch', address: cluster.address(id) });
  await Promise.all(crowds.map((crowd) => crowd.answer('watching', 10_000)));
  const survivors = cluster.upIds.filter((up) => up !== id);
  const cpuBefore = cpuOf(cluster, crowds, survivors);
  const startMs = machineMs();
  const gone = signal === 'SIGKILL' ? cluster.killServer(id) : cluster.stopServer(id);
  const served = await Promise.all(crowds.map((crowd) => crowd.answer('served', servedDeadlineMs)));
  const cpuAfter = cpuOf(cluster, crowds, survivors);
  await gone;
  const states = await statesOf(crowds);
  const counts = cluster.upIds.map((up) =>
    states.reduce((sum, { byServer }) => sum + (byServer[cluster.address(up)] ?? 0), 0),
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  await cluster.startServer(id);
  await cluster.waitForStatus('all servers up', ({ servers }) => servers.every(({ state }) => state === 'up'));
  return {
    signal,
    wasLeader,
    connectedMs: served.flatMap(({ connectedAtMs }) => connectedAtMs.map((at) => at - startMs)),
    tookMs: served.flatMap(({ shownAtMs }) => shownAtMs.map((at) => at - startMs)),
    spread: (Math.max(...counts) - Math.min(...counts)) / mean,
    cpu: {
      clients: cpuAfter.clients - cpuBefore.clients,
      servers: cpuAfter.servers - cpuBefore.servers,
      balancer: cpuAfter.balancer - cpuBefore.balancer,
    },
  };
}

function cpuOf(cluster: Cluster, crowds: readonly CrowdProcess[], servers: readonly number[]): Kill['cpu'] {
  const sum = (pids: readonly number[]): number => pids.reduce((total, pid) => total + cpuSeconds(pid), 0);
  return {
    clients: sum(crowds.map(({ pid }) => pid)),
    servers: sum(servers.map((id) => cluster.server(id).pid)),
    balancer: cpuSeconds(cluster.balancer.pid),
  };
}

async function statesOf(crowds: readonly CrowdProcess[]): Promise<CrowdState[]> {
  for (const crowd of crowds) crowd.order({ order: 'state' });
  return (await Promise.all(crowds.map((crowd) => crowd.answer('state', 10_000)))).map(({ state }) => state);
}

/** Nobody speaks any more: every client must have been shown every line once. Returns how many lines were wrong. */
async function judgeStreams(crowds: readonly CrowdProcess[]): Promise<number> {
  const startMs = nowMs();
  const states = await within(
    'all clients to be shown all lines',
    30_000,
    until('one last line everywhere', 30_000, async () => {
      const all = await statesOf(crowds);
      const most = Math.max(...all.map(({ mostN }) => mostN));
      return nowMs() - startMs > 500 && all.every(({ leastN }) => leastN === most) ? all : undefined;
    }),
  );
  const wrong = states.reduce((sum, state) => sum + state.wrong, 0);
  const errors = states.map((state) => JSON.stringify(state.errors)).join(' ');
  console.log(`\nall clients were shown ${states[0]?.mostN} lines, ${wrong} wrong; errors told: ${errors}`);
  return wrong;
}

/** Prints the table; true if the goals are met. */
function report(kills: readonly Kill[]): boolean {
  console.log('\n| ms until … | clients | p50 | p99 | max |');
  console.log('|---|---|---|---|---|');
  const row = (what: string, some: readonly Kill[], pick = (kill: Kill) => kill.tookMs): void => {
    const took = some.flatMap(pick);
    if (took.length === 0) return;
    const cells = [percentile(took, 50), percentile(took, 99), Math.max(...took)].map((ms) => ms.toFixed(0));
    console.log(`| ${what} | ${took.length} | ${cells.join(' | ')} |`);
  };
  row('connected elsewhere', kills, ({ connectedMs }) => connectedMs);
  row('the next line is shown', kills);
  row(
    'kill -9',
    kills.filter(({ signal }) => signal === 'SIGKILL'),
  );
  row(
    'SIGTERM',
    kills.filter(({ signal }) => signal === 'SIGTERM'),
  );
  row(
    'of the leader',
    kills.filter(({ wasLeader }) => wasLeader),
  );
  row(
    'of a follower',
    kills.filter(({ wasLeader }) => !wasLeader),
  );
  const moved = kills.reduce((total, { tookMs }) => total + tookMs.length, 0);
  const perClient = (who: keyof Kill['cpu']): string =>
    ((1000 * kills.reduce((total, { cpu }) => total + cpu[who], 0)) / moved).toFixed(2);
  console.log(
    `\nprocessor time for each client that moved, the stream meanwhile included: ${perClient('clients')} ms of the ` +
      `clients, ${perClient('servers')} ms of the servers, ${perClient('balancer')} ms of the balancer`,
  );
  const p99 = percentile(
    kills.flatMap(({ tookMs }) => tookMs),
    99,
  );
  const spread = Math.max(...kills.map((kill) => kill.spread));
  const isMet = p99 <= goalMs && spread <= spreadGoal;
  console.log(
    `\np99 ${p99.toFixed(0)} ms of ${goalMs}; survivors' load differs by ${(100 * spread).toFixed(1)} % at most, ` +
      `${100 * spreadGoal} % allowed: ${isMet ? 'ok' : 'MISSED'}`,
  );
  return isMet;
}
