/** A server that is killed and started again, by what a client gets of it: the newest page, then the oldest. */
import type { Cluster } from '../test/support/cluster.js';
import { nowMs, until } from '../test/support/until.js';
import { readerOf } from './cluster.js';

export interface Restart {
  /** From the start of its process: READY, and the complete history served, up to the newest post. */
  readonly readyMs: number;
  readonly servingMs: number;
  /** The room's oldest page, never asked for since the start, and the middle one. */
  readonly firstPageMs: number;
  readonly middlePageMs: number;
  readonly residentBytes: number;
}

const postsOfPage = 100;

/** kill -9, start, and the time until a client gets the newest and the oldest page of a room of so many posts. */
export async function restart(cluster: Cluster, id: number, room: string, posts: number): Promise<Restart> {
  await cluster.killServer(id);
  const startMs = nowMs();
  const program = await cluster.startServer(id);
  const readyMs = nowMs() - startMs;
  const reader = readerOf(cluster, id);
  try {
    await until('the whole history', 60_000, async () => {
      const newest = await reader.history({ room, by: 'post', limit: postsOfPage }, 1000);
      return newest.ok && newest.answer.headN === posts && newest.answer.groups.length > 0;
    });
    const servingMs = nowMs() - startMs;
    const pageFrom = async (event: number): Promise<number> => {
      const askedMs = nowMs();
      const page = await reader.history({ room, by: 'post', direction: 'from', event, limit: postsOfPage }, 10_000);
      if (!page.ok || !((page.answer.groups[0]?.firstN ?? Number.NaN) <= event)) {
        throw new Error(`no page from post ${event}: ${JSON.stringify(page)}`);
      }
      return nowMs() - askedMs;
    };
    const firstPageMs = await pageFrom(1);
    const middlePageMs = await pageFrom(Math.max(1, posts >> 1));
    return { readyMs, servingMs, firstPageMs, middlePageMs, residentBytes: await program.residentBytes() };
  } finally {
    await reader.close();
  }
}
