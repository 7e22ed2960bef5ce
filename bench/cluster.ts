/** A local cluster for benchmarks: the end-to-end tests' harness, plus what a report must be able to say about it. */
import { randomBytes } from 'node:crypto';
import { ChatClient } from '../src/client/index.js';
import { Cluster, type ClusterOptions } from '../test/support/cluster.js';
import { until } from '../test/support/until.js';

export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const cluster = await Cluster.start(options);
  await cluster.leader();
  return cluster;
}

/** Every process of the measurement, this one included. */
export function pidsOf(cluster: Cluster): number[] {
  return [process.pid, cluster.balancer.pid, ...cluster.ids.map((id) => cluster.server(id).pid)];
}

/** A client that only reads, pinned to one server. */
export function readerOf(cluster: Cluster, id: number): ChatClient {
  const reader = new ChatClient({ token: randomBytes(32), server: cluster.address(id) });
  reader.connect();
  return reader;
}

/** How many posts a room holds, by a fresh read: nothing acknowledged may be missing from it. */
export async function postsIn(cluster: Cluster, room: string): Promise<number> {
  const reader = readerOf(cluster, cluster.upIds[0] ?? 1);
  try {
    return await until('a fresh read', 20_000, async () => {
      const asked = await reader.history({ room, limit: 1, fresh: true }, 5000);
      return asked.ok && asked.answer.fresh ? asked.answer.headN : undefined;
    });
  } finally {
    await reader.close();
  }
}

/** Numbers from the command line, `--name value`; anything else ends the program with what there is. */
export function readNumbers<Name extends string>(
  args: readonly string[],
  defaults: Readonly<Record<Name, number>>,
): Record<Name, number> {
  const numbers: Record<string, number> = { ...defaults };
  for (let i = 0; i < args.length; i += 2) {
    const name = (args[i] ?? '').replace(/^--/, '');
    const value = Number(args[i + 1]);
    if (!(name in defaults) || !(value >= 0)) {
      const known = Object.entries(defaults).map(([key, fallback]) => `--${key} ${fallback}`);
      console.error(`unknown or without a number: ${args[i]}; there is ${known.join(' ')}`);
      process.exit(2);
    }
    numbers[name] = value;
  }
  return numbers as Record<Name, number>;
}
