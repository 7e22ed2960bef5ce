/** The cast of a golden scenario, and what scenarios share: the wait before one, test1, times as people read them. */
import path from 'node:path';
import type { Test } from 'tap';
import type { ChatClient } from '../support/chat-client.js';
import type { Cluster } from '../support/cluster.js';
import { runToEnd } from '../support/program.js';
import { nowMs, timePasses } from '../support/until.js';
import { FaultyCluster, type Modes, type Variant } from './faulty-cluster.js';

/** What must be seen of one scenario, with its faults put on a cluster in this way. */
export type Scenario = (t: Test, variant: Variant) => Promise<void>;

/** How much earlier and later than it says a fault may show (BEHAVIOUR.md, 6). */
export const earlyMs = 50;
export const lateMs = 1500;
/**
 * A server that starts asks the others how far they are, again after a fifth of a second when they had no link to
 * answer on: it shows early, and may, what was said before that.
 */
const settledMs = 500;

export interface Cast {
  readonly faulty: FaultyCluster;
  readonly cluster: Cluster;
  /** On server 1. */
  readonly aaron: ChatClient;
  /** On server 2. */
  readonly lala: ChatClient;
  /** Says nothing, so that there are two clients and server 3 is seen as well. */
  readonly reader: ChatClient;
}

/** Starts the cluster and the two clients of a scenario. */
export async function meet(t: Test, variant: Variant, modes: Modes): Promise<Cast> {
  const faulty = await FaultyCluster.start(variant, modes);
  const { cluster } = faulty;
  t.teardown(() => cluster.stop());
  const startedMs = nowMs();
  const aaron = cluster.chat('Aaron', [`--server=${cluster.address(1)}`]);
  const lala = cluster.chat('Lala', [`--server=${cluster.address(2)}`]);
  const reader = cluster.watch(3);
  for (const client of [aaron, lala, reader]) await client.waitForConnected();
  await timePasses(settledMs, startedMs);
  return { faulty, cluster, aaron, lala, reader };
}

/** The write-up's own check agrees; it goes by the faults that the servers report. */
export async function expectTest1(t: Test, cluster: Cluster): Promise<void> {
  const env = { XDG_CONFIG_HOME: path.join(cluster.root, 'config-test1') };
  const { code, stdout, stderr } = await runToEnd('test1', [`-master=${cluster.balancerAddress}`], 60_000, { env });
  t.equal(code, 0, `test1: ${stdout.trimEnd()}\n${stderr.trimEnd()}`);
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
