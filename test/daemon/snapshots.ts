/** What the tests of snapshots share: clusters that are saved, restored and looked at, in this process. */
import { rejects } from 'node:assert/strict';
import path from 'node:path';
import type { Test } from 'tap';
import { silentLogger } from '../../src/base/index.js';
import { restoreSnapshot, type ServerOptions, saveSnapshot } from '../../src/daemon/index.js';
import type { MessageOf } from '../../src/wire/index.js';
import { Cluster } from './cluster.js';
import { Raw, until } from './raw.js';

/** Segments so small that logs roll, and are given up, within seconds. */
export const smallLogs = { segmentBytes: 64 << 10, retainBytes: 128 << 10 };

export async function start(t: Test, cluster: Cluster, more: Partial<ServerOptions> = {}): Promise<Cluster> {
  t.teardown(() => cluster.end());
  await cluster.startBalancer(3);
  await Promise.all([1, 2, 3].map((id) => cluster.startServer(id, more)));
  await cluster.leader();
  return cluster;
}

export async function fails(t: Test, work: Promise<unknown>, as: object, what = 'it is refused'): Promise<void> {
  await rejects(work, as);
  t.pass(what);
}

export async function page(cluster: Cluster, id: number, name: string, token: Uint8Array): Promise<MessageOf<'page'>> {
  const raw = await Raw.welcomed(cluster.server(id).address, { authMethod: 'token', auth: token });
  const request = { type: 'history', request: 1, direction: 'from', by: 'event', event: 1, limit: 1000 } as const;
  raw.send({ ...request, room: name, fresh: true });
  const found = await raw.take('page');
  raw.end();
  return found;
}

async function hashAt(cluster: Cluster, id: number, slot: number): Promise<string> {
  const raw = await Raw.welcomed(cluster.server(id).address, { role: 'operator' });
  raw.send({ type: 'verifyRequest', request: 1, slot });
  const reply = await raw.take('verifyReply');
  raw.end();
  return `${reply.slot} ${Buffer.from(reply.hash).toString('hex')}`;
}

/** Waits until the servers have applied as much as the first of them, and says whether their states are the same. */
export async function agree(cluster: Cluster, ids: readonly number[]): Promise<boolean> {
  return await until(
    `servers ${ids.join(', ')} to be as far`,
    async () => {
      const all = await Promise.all(ids.map((id) => cluster.status(id)));
      const slot = Math.min(...all.map(({ applied }) => applied));
      if (all.some(({ applied }) => applied !== slot)) return undefined;
      const hashes = await Promise.all(ids.map((id) => hashAt(cluster, id, slot)));
      // Another slot was applied meanwhile: it is asked again.
      if (hashes.some((hash) => !hash.startsWith(`${slot} `))) return undefined;
      return { same: new Set(hashes).size === 1 };
    },
    60_000,
  ).then(({ same }) => same);
}

/** Stops all servers in order. */
export async function stopAll(cluster: Cluster): Promise<void> {
  for (const id of [...cluster.servers.keys()]) await cluster.server(id).stop();
  cluster.servers.clear();
}

/** Stops all, and saves server `id`. */
export async function stopAndSave(cluster: Cluster, id = 1): Promise<string> {
  const file = path.join(cluster.directory, `server-${id}.snap`);
  await stopAll(cluster);
  await saveSnapshot(cluster.dataDir(`server-${id}`), file, silentLogger);
  return file;
}

/** A cluster whose directories are made of the file; nothing of it runs yet. */
export async function restored(file: string, servers = 3): Promise<Cluster> {
  return (await restoredAs(file, servers)).cluster;
}

export async function restoredAs(file: string, servers = 3): Promise<{ cluster: Cluster; id: string }> {
  const cluster = new Cluster();
  const { cluster: id } = await restoreSnapshot(file, cluster.dataDir('.'), servers, silentLogger);
  return { cluster, id };
}
