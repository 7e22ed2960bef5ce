/** A local cluster for benchmarks: the end-to-end tests' harness, plus what a report must be able to say about it. */
import { randomBytes } from 'node:crypto';
import { limits } from '../src/base/index.js';
import { askOnce, ChatClient } from '../src/client/index.js';
import type { Status } from '../src/wire/index.js';
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

/**
 * How a server sees itself, asked from this process: `cluster.status()` starts a program, which takes more of two cores
 * than what is measured meanwhile can bear. Undefined if it does not answer.
 */
export async function statusOf(cluster: Cluster, id: number): Promise<Status | undefined> {
  const said = await askOnce({ address: cluster.address(id), timeoutMs: 2_000 }, (server) => server.status());
  return said.ok ? said.answer : undefined;
}

/** A client that only reads, pinned to one server. */
export function readerOf(cluster: Cluster, id: number): ChatClient {
  const reader = new ChatClient({ token: randomBytes(32), server: cluster.address(id) });
  reader.connect();
  return reader;
}

/** How many posts a room holds, by a fresh read: nothing acknowledged may be missing from it. */
export async function postsIn(cluster: Cluster, room: string): Promise<number> {
  return (await postsInEach(cluster, [room])).get(room) ?? 0;
}

/** As many rooms are asked for at once: half of what a server reads at once. */
const readsAtOnce = limits.historyReadsMax / 2;

/** The same for many rooms, read on one connection. */
export async function postsInEach(cluster: Cluster, rooms: readonly string[]): Promise<Map<string, number>> {
  const reader = readerOf(cluster, cluster.upIds[0] ?? 1);
  const posts = new Map<string, number>();
  const read = async (room: string): Promise<void> => {
    const headN = await until(`a fresh read of ${room}`, 20_000, async () => {
      const asked = await reader.history({ room, limit: 1, fresh: true }, 5000);
      // 0 for an empty room is an answer, too: it must not be taken for none.
      return asked.ok && asked.answer.fresh ? [asked.answer.headN] : undefined;
    });
    posts.set(room, headN[0] ?? 0);
  };
  try {
    for (let at = 0; at < rooms.length; at += readsAtOnce) {
      await Promise.all(rooms.slice(at, at + readsAtOnce).map(read));
    }
    return posts;
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
