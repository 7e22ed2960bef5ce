/** A cluster of real processes under attack while honest clients chat: nobody ends, nothing is lost or kept. */
import { describeVerdict } from '../../checkers/history.js';
import { Cluster } from '../../support/cluster.js';
import { judgeHistory } from '../../support/one-history.js';
import { until } from '../../support/until.js';
import { Attacker } from './attack-process.js';
import type { AttackCounts, AttackName, AttackOrder } from './attacks.js';
import { Honest, heldBy, type Stretch } from './honest.js';
import { recordTraffic } from './record.js';

export interface AssaultOptions {
  readonly attacks: readonly AttackName[];
  /** Of each attack, and of the quiet time before it. */
  readonly seconds: number;
  readonly sockets: Readonly<Record<AttackName, Pick<AttackOrder, 'sockets' | 'socketsPerSecond'>>>;
  readonly seed: number;
  readonly print: (line: string) => void;
}

export interface AssaultResult {
  readonly attack: AttackName;
  readonly quiet: Stretch;
  readonly attacked: Stretch;
  readonly counts: AttackCounts;
  /** How long after the attack the servers had as many descriptors as before. */
  readonly givenBackMs: number;
}

const honestClients = 4;
const giveBackDeadlineMs = 30_000;

/** @throws Error when a process ended, the history is wrong, or descriptors do not come back. */
export async function assault(options: AssaultOptions): Promise<AssaultResult[]> {
  const { attacks, seconds, sockets, seed, print } = options;
  const attacker = await Attacker.start();
  const cluster = await Cluster.start();
  try {
    const recorded = await recordTraffic(cluster);
    const honest = await Honest.start(cluster, honestClients);
    const results: AssaultResult[] = [];
    for (const attack of attacks) {
      const quiet = await honest.during(() => pause(seconds * 1000));
      const before = descriptorsOf(cluster);
      const order = {
        attack,
        servers: cluster.ids.map((id) => cluster.address(id)),
        balancer: cluster.balancerAddress,
        ...sockets[attack],
        seconds,
        seed,
        recorded,
      };
      let counts: AttackCounts | undefined;
      const attacked = await honest.during(async () => {
        counts = await attacker.run(order);
      });
      if (counts === undefined) throw new Error('an attack without counts');
      const endedMs = performance.now();
      await until(
        'the descriptors to come back',
        giveBackDeadlineMs,
        () => descriptorsOf(cluster).every((now, place) => now <= (before[place] ?? 0) + 2),
        () => `before ${before.join(' ')}, now ${descriptorsOf(cluster).join(' ')}`,
      );
      const result = { attack, quiet, attacked, counts, givenBackMs: performance.now() - endedMs };
      results.push(result);
      print(resultText(result));
      assertAlive(cluster);
    }
    await honest.stop();
    const verdict = await judgeHistory(cluster, { watching: honest.clients });
    if (!verdict.ok) throw new Error(describeVerdict(verdict));
    print(`history: ${describeVerdict(verdict)}`);
    return results;
  } finally {
    attacker.stop();
    await cluster.stop();
  }
}

function assertAlive(cluster: Cluster): void {
  for (const program of [cluster.balancer, ...cluster.ids.map((id) => cluster.server(id))]) {
    if (program.exit !== undefined) throw new Error(`a process ended under attack: ${program.describe()}`);
  }
}

function descriptorsOf(cluster: Cluster): number[] {
  const pids = [cluster.balancer.pid, ...cluster.ids.map((id) => cluster.server(id).pid)];
  return pids.map((pid) => heldBy(pid).descriptors);
}

function resultText({ attack, quiet, attacked, counts, givenBackMs }: AssaultResult): string {
  const ms = (value: number): string => value.toFixed(0);
  return [
    `${attack}: ${counts.opened} sockets opened (${counts.openMost} at once, ${counts.refused} refused,`,
    `${counts.closedByThem} closed by the servers), ${(counts.bytesSent / 2 ** 20).toFixed(1)} MiB sent;`,
    `honest p50/p99/max ${ms(attacked.p50Ms)}/${ms(attacked.p99Ms)}/${ms(attacked.maxMs)} ms of ${attacked.lines} lines,`,
    `quiet ${ms(quiet.p50Ms)}/${ms(quiet.p99Ms)}/${ms(quiet.maxMs)} ms of ${quiet.lines};`,
    `a server's RSS ${ms(quiet.rssMiB)} → ${ms(attacked.rssMiB)} MiB, descriptors ${quiet.descriptors} →`,
    `${attacked.descriptors}, given back after ${ms(givenBackMs)} ms`,
  ].join(' ');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
